/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * html.c - scxray html: a report as a page, from images or from a report's JSON
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include <scxray/render.h>

#include "cli.h"
#include "json_file.h"
#include "options.h"
#include "output.h"

const char cli_html_help[] =
	"usage: scxray html [OPTION...] REPORT.json -o PAGE.html\n"
	"       scxray html [OPTION...] [--early HALF] IMAGE -o PAGE.html\n"
	"\n"
	"Writes the report as one page of HTML: it needs no network and no other file, and\n"
	"opens from disk in any browser of 2023 or later. The page is made from a report's\n"
	"JSON (dual, single or degraded), or from an image as scxray report reads it.\n"
	"\n"
	"  -o, --output PAGE       write to PAGE, complete or not at all; default standard\n"
	"                          output, which must not be a terminal\n"
	"\n"
	"The other options are those of scxray report: scxray help report lists them. Exit\n"
	"status: 0 the page was written, 1 it was not, 2 the command line makes no sense.\n";

/* Is this a report of ours, complete?  Its first key says so, and it ends as it was written. */
static bool looks_complete(const char *json, size_t nr)
{
	static const char begin[] = "{\"schema\":";
	size_t at = 0;

	for (size_t i = 0; i < nr && begin[at]; i++)
		if (!strchr(" \t\r\n", json[i]) && json[i] != begin[at++])
			return false;
	while (nr && strchr(" \t\r\n", json[nr - 1]))
		nr--;
	return !begin[at] && json[nr - 1] == '}';
}

static int write_page(const struct report_options *options, const char *json, size_t nr)
{
	struct output out;
	int error;

	if (!looks_complete(json, nr))
		return cli_fail(
			"cannot read the report: %s: not a report that scxray wrote as JSON, "
			"or not all of it",
			options->image);
	if (output_open(&out, options->output))
		return CLI_FAILED;
	errno = 0;
	if (scxray_html_from_json(json, nr, out.stream)) {
		error = errno;
		output_abandon(&out);
		return output_failed(options->output, error);
	}
	return output_commit(&out);
}

int cli_html(int argc, char **argv)
{
	struct report_options options;
	int status = options_parse(&options, REPORT_HTML, NULL, argc, argv);
	char *json;
	size_t nr;

	if (status)
		return status;
	if (options.format != REPORT_HTML)
		return cli_usage(
			"scxray html writes HTML: give the page another name, or use scxray "
			"report");
	if (!options.output && isatty(STDOUT_FILENO))
		return cli_usage("a page is nothing for a terminal: give -o PAGE.html");
	status = json_file_read(options.image, &json, &nr);
	if (status)
		return status;
	if (!json)
		return report_write(&options);
	if (options.exit_on)
		status = cli_usage("--exit-on: is for images; %s is a report", options.image);
	else if (options.early)
		status = cli_usage("%s: is a report, which has both moments: leave out --early",
				   options.image);
	else
		status = write_page(&options, json, nr);
	free(json);
	return status;
}
