/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.c - scxray report: from image files to one document
 */
#include <errno.h>
#include <stdlib.h>

#include <scxray/capture.h>
#include <scxray/render.h>
#include <scxray/report_struct.h>

#include "cli.h"
#include "json_file.h"
#include "options.h"
#include "output.h"
#include "timing.h"

/* An image file and what came of it. */
struct image {
	const char *path;  /* NULL: not asked for */
	const char *which; /* "image", or of a pair "early" or "late" */
	struct scxray_source *source;
	struct scxray_report *report;
};

static int image_read(struct image *image, const struct image *before,
		      const struct report_options *options)
{
	struct scxray_error err = { 0 };
	uint64_t start = timing_now_us();

	image->source = scxray_source_open(image->path, &err);
	if (!image->source)
		return cli_fail("cannot read the image: %s", err.text);
	if (before)
		scxray_source_follows(image->source, before->report);
	image->report = scxray_capture(image->source, &options->settings, &err);
	if (!image->report)
		return cli_fail("cannot make a report: %s: %s", image->path, err.text);
	if (options->timing) {
		timing_print_report(image->which, image->report);
		timing_print_phase(image->which, "all", timing_now_us() - start);
	}
	return CLI_OK;
}

static int image_save(const struct image *image, const char *path,
		      const struct report_options *options)
{
	struct scxray_error err = { 0 };
	uint64_t start = timing_now_us();
	struct output out;

	if (!path)
		return CLI_OK;
	if (output_open_private(&out, path))
		return CLI_FAILED;
	if (scxray_core_write(image->source, out.stream, &err)) {
		output_abandon(&out);
		return cli_fail("cannot save the core: %s: %s", path, err.text);
	}
	if (output_commit(&out))
		return CLI_FAILED;
	if (options->timing)
		timing_print_phase(image->which, "save core", timing_now_us() - start);
	return CLI_OK;
}

static void image_release(struct image *image)
{
	scxray_report_destroy(image->report);
	if (image->source)
		scxray_source_close(image->source);
}

static int make_report(const struct report_options *options, struct image *late,
		       struct image *early, struct scxray_document *doc)
{
	if (early->path && image_read(early, NULL, options))
		return CLI_FAILED;
	if (image_read(late, early->path ? early : NULL, options))
		return CLI_FAILED;
	/* Before the report: where a core can't be saved, there is no report that seems all right. */
	if (image_save(early, options->save_early_core, options) ||
	    image_save(late, options->save_core, options))
		return CLI_FAILED;

	if (early->path)
		scxray_document_dual(doc, early->report, late->report, NULL);
	if (early->path && doc->pair == SCXRAY_PAIR_OTHER_BOOT && !options->force) {
		fprintf(stderr,
			"scxray: %s and %s are of two boots or two kernels; give the early image of the "
			"same boot, or --force to have both in one report\n",
			early->path, late->path);
		return CLI_FAILED;
	}
	if (!early->path)
		scxray_document_single(doc, late->report);
	if (!late->report->host)
		doc->trigger =
			scxray_source_is_running(late->source)
				? "none: /proc/kcore, the running kernel's own memory, which "
				  "changed while it was read (racy)"
				: "image file";
	doc->only = &options->only;
	doc->json_form = options->json_form;
	if (report_find_selected(doc, options))
		return CLI_FAILED;
	return report_render(doc, options);
}

/* A report's JSON: -1 if the file is none, else the status. */
static int write_json_report(const struct report_options *options)
{
	char *json;
	size_t nr;
	int status = json_file_read(options->image, &json, &nr);

	if (!status && !json)
		return -1;
	if (!status)
		status = report_reread(options, json, nr);
	else if (options->exit_on)
		status = CLI_UNKNOWN;
	free(json);
	return status;
}

static int write_image_report(const struct report_options *options)
{
	uint64_t start = timing_now_us();
	struct image late = { .path = options->image, .which = options->early ? "late" : "image" };
	struct image early = { .path = options->early, .which = "early" };
	struct scxray_document doc;
	int status = make_report(options, &late, &early, &doc);

	if (!status && options->timing) {
		timing_print_phase("all", "total", timing_now_us() - start);
		timing_print_memory(late.path, early.path);
	}
	if (options->exit_on)
		status = status ? CLI_UNKNOWN : report_check(options, &doc);
	image_release(&late); /* it may borrow types of the early one */
	image_release(&early);
	return status;
}

int report_write(const struct report_options *options)
{
	int status = write_json_report(options);

	return status < 0 ? write_image_report(options) : status;
}

int cli_report(int argc, char **argv)
{
	struct report_options options;
	int status = options_parse(&options, REPORT_TEXT, NULL, argc, argv);

	return status ? status : report_write(&options);
}
