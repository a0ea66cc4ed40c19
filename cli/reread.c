/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reread.c - a part of a report as text, from the report's JSON
 */
#include <string.h>

#include "cli.h"
#include "options.h"
#include "reader/load.h"

/* The groups that a report's JSON is read for (reader/load.h), by name. */
static const char *const groups[] = {
	"diagnosis", "guest", "vcpus", "tasks", "rqs", "dsqs", "log"
};

static bool is_readable(const struct scxray_selection *only)
{
	uint32_t can = 0;

	for (size_t g = 0; scxray_selection_name(g); g++)
		for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
			if (!strcmp(scxray_selection_name(g), groups[i]))
				can |= 1u << g;
	return only->groups && !(only->groups & ~can);
}

static int check_options(const struct report_options *options)
{
	if (options->early)
		return cli_usage("%s: is a report, which has both moments: leave out --early",
				 options->image);
	if (options->save_core || options->timing)
		return cli_usage("--%s: is for images; %s is a report",
				 options->save_core ? "save-core" : "timing", options->image);
	if (options->format == REPORT_HTML)
		return cli_usage("%s: is a report: scxray html %s makes the page", options->image,
				 options->image);
	if (options->format == REPORT_JSON)
		return cli_usage("%s: is JSON already; jq takes a part of it (docs/json.md)",
				 options->image);
	if (!is_readable(&options->only))
		return cli_usage("%s: is a report: of its JSON only the diagnosis, guest, vCPUs, "
				 "tasks, run queues, DSQs and the log are written again",
				 options->image);
	return CLI_OK;
}

static int write_part(const struct report_options *options, struct loaded *loaded)
{
	loaded->doc.only = &options->only;
	if (report_find_selected(&loaded->doc, options))
		return CLI_FAILED;
	return report_render(&loaded->doc, options);
}

int report_reread(const struct report_options *options, const char *json, size_t nr)
{
	struct scxray_error err = { 0 };
	struct loaded loaded;
	int status = check_options(options);

	if (status)
		return status;
	if (loaded_parse(&loaded, json, nr, &err))
		status = cli_fail("cannot read the report: %s: %s", options->image, err.text);
	else
		status = write_part(options, &loaded);
	if (!status && options->exit_on)
		status = report_check(options, &loaded.doc);
	else if (options->exit_on)
		status = CLI_UNKNOWN;
	loaded_deinit(&loaded);
	return status;
}
