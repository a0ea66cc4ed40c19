/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace.c - scxray trace: a report's JSON as a trace for Perfetto
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "json_file.h"
#include "output.h"
#include "reader/json.h"
#include "reader/trace.h"

const char cli_trace_help[] =
	"usage: scxray trace REPORT.json -o TRACE.pftrace\n"
	"\n"
	"Writes what a report has sampled as a trace that ui.perfetto.dev and\n"
	"trace_processor open: counters over time, the lengths of queues and run queues at\n"
	"its moments, the moments, and since when each stalled task has been runnable.\n"
	"What ran in between nobody sampled: it has no slices.\n"
	"\n"
	"  -o, --output TRACE      write to TRACE, complete or not at all\n"
	"\n"
	"Exit status: 0 it was written, 1 it was not, 2 the command line makes no sense.\n";

const struct option cli_trace_options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ NULL, 0, NULL, 0 },
};

static int write_trace(const struct json_value *document, const char *path)
{
	struct output out;
	int error;

	if (output_open(&out, path))
		return CLI_FAILED;
	errno = 0;
	if (trace_write(document, out.stream)) {
		error = errno;
		output_abandon(&out);
		return output_failed(path, error);
	}
	return output_commit(&out);
}

static int trace(const char *path, const char *to)
{
	struct scxray_error err = { 0 };
	struct json_tree tree = { 0 };
	char *bytes;
	size_t nr;
	int status = json_file_read(path, &bytes, &nr);

	if (status)
		return status;
	if (!bytes)
		return cli_fail(
			"%s: no report's JSON; scxray report -o REPORT.json makes one of an image",
			path);
	if (json_tree_parse(&tree, bytes, nr, &err))
		status = cli_fail("cannot read the report: %s: %s", path, err.text);
	else if (!doc_member(tree.root, "late"))
		status = cli_fail("cannot read the report: %s: it has no member late", path);
	else
		status = write_trace(tree.root, to);
	free(bytes);
	json_tree_deinit(&tree);
	return status;
}

int cli_trace(int argc, char **argv)
{
	const char *to = NULL;
	int opt;

	opterr = 0;
	while ((opt = getopt_long(argc, argv, ":o:", cli_trace_options, NULL)) != -1) {
		if (opt == ':')
			return cli_usage("%s: needs a value", argv[optind - 1]);
		if (opt != 'o')
			return cli_usage("no such option: %s", argv[optind - 1]);
		to = optarg;
	}
	if (argc - optind != 1)
		return cli_usage("scxray trace takes one report");
	if (!to || !*to)
		return cli_usage("a trace is nothing for a terminal: give -o TRACE.pftrace");
	if (output_same_file(argv[optind], to))
		return cli_usage("%s: would overwrite the report", to);
	return trace(argv[optind], to);
}
