/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff.c - scxray diff: what changed between two reports of one boot
 */
#include <stdlib.h>

#include "cli.h"
#include "json_file.h"
#include "options.h"
#include "reader/load.h"

const char cli_diff_help[] =
	"usage: scxray diff [OPTION...] A B\n"
	"\n"
	"Writes what changed between two moments of one guest, A before B: two images or\n"
	"cores, or the JSON of two reports (of each the late half; the values of maps are\n"
	"not compared then). The options are those of scxray report without --early;\n"
	"scxray help report lists them.\n"
	"\n"
	"Exit status: 0 it was written, 1 it was not, or the two are not of one boot,\n"
	"2 the command line makes no sense.\n";

struct side {
	char *json;
	size_t nr;
	struct loaded loaded;
};

static int load(struct side *side, const char *path)
{
	struct scxray_error err = { 0 };

	if (loaded_parse(&side->loaded, side->json, side->nr, &err))
		return cli_fail("cannot read the report: %s: %s", path, err.text);
	/* their headers alone would all be equal: that says nothing of what is in them */
	side->loaded.halves[0].unavailable[SCXRAY_GROUP_MAPS] =
		"the JSON of a report is not read for them";
	return CLI_OK;
}

static int write_diff(const struct report_options *options, const struct scxray_report *a,
		      const struct scxray_report *b)
{
	struct scxray_document doc;

	scxray_document_dual(&doc, a, b, NULL);
	if (doc.pair == SCXRAY_PAIR_OTHER_BOOT && !options->force)
		return cli_fail(
			"%s and %s are of two boots or two kernels: nothing can be compared",
			options->early, options->image);
	if (doc.pair == SCXRAY_PAIR_SAME_MOMENT)
		return cli_fail("%s and %s are of the same moment: nothing can be compared",
				options->early, options->image);
	doc.only = &options->only;
	doc.json_form = options->json_form;
	return report_render(&doc, options);
}

static int diff_json(const struct report_options *options, struct side *a, struct side *b)
{
	int status;

	if (!a->json || !b->json)
		return cli_usage("%s and %s: give two images, or the JSON of two reports",
				 options->early, options->image);
	if (options->save_core || options->save_early_core || options->timing)
		return cli_usage("--save-core, --save-early-core, --timing: are for images");
	status = load(a, options->early);
	if (!status)
		status = load(b, options->image);
	if (!status)
		status = write_diff(options, &a->loaded.halves[0], &b->loaded.halves[0]);
	loaded_deinit(&a->loaded);
	loaded_deinit(&b->loaded);
	return status;
}

int cli_diff(int argc, char **argv)
{
	static const struct report_view view = { .groups = { "diff" }, .pair = true };
	struct report_options options;
	struct side a = { 0 }, b = { 0 };
	int status = options_parse(&options, REPORT_TEXT, &view, argc, argv);

	if (status)
		return status;
	status = json_file_read(options.early, &a.json, &a.nr);
	if (!status)
		status = json_file_read(options.image, &b.json, &b.nr);
	if (!status)
		status = a.json || b.json ? diff_json(&options, &a, &b) : report_write(&options);
	free(a.json);
	free(b.json);
	return status;
}
