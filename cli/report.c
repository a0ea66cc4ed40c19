/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.c - scxray report: from image files to one document
 */
#include <errno.h>

#include <scxray/capture.h>
#include <scxray/render.h>
#include <scxray/report_struct.h>

#include "cli.h"
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

static int image_read(struct image *image, const struct report_options *options)
{
	struct scxray_error err = { 0 };
	uint64_t start = timing_now_us();

	image->source = scxray_source_open(image->path, &err);
	if (!image->source)
		return cli_fail("cannot read the image: %s", err.text);
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
	if (output_open(&out, path))
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

static int write_document(const struct scxray_document *doc, const struct report_options *options)
{
	struct scxray_text_options text = {
		.width = options->width ? options->width : output_width(options->output),
		.color = output_wants_color(options->color, options->output),
		.summary = options->summary,
		.full = options->full,
	};
	uint64_t start = timing_now_us(), rendered;
	struct output out;
	int failed, error;

	if (output_open(&out, options->output))
		return CLI_FAILED;
	errno = 0;
	switch (options->format) {
	case REPORT_JSON:
		failed = scxray_render_json(doc, out.stream);
		break;
	case REPORT_HTML:
		failed = scxray_render_html(doc, out.stream);
		break;
	default:
		failed = scxray_render_text(doc, &text, out.stream);
	}
	error = errno;
	if (failed) {
		output_abandon(&out);
		return output_failed(options->output, error);
	}
	rendered = timing_now_us();
	if (output_commit(&out))
		return CLI_FAILED;
	if (options->timing) {
		timing_print_phase("all", "render", rendered - start);
		timing_print_phase("all", "write", timing_now_us() - rendered);
	}
	return CLI_OK;
}

static int make_report(const struct report_options *options, struct image *late,
		       struct image *early, struct scxray_document *doc)
{
	if (early->path && image_read(early, options))
		return CLI_FAILED;
	if (image_read(late, options))
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
	if (options->operand && !scxray_document_has_selected(doc))
		return cli_fail("%s: nothing that was captured is called %s", late->path,
				options->operand);
	return write_document(doc, options);
}

/* The status that --exit-on asks for. */
static int check_document(const struct report_options *options, const struct scxray_document *doc)
{
	struct scxray_error err = { 0 };
	int found = scxray_document_check(doc, options->exit_on, &err);

	if (found >= 0)
		return found ? CLI_FOUND : CLI_OK;
	cli_fail("cannot tell whether anything is wrong: %s: %s", options->image, err.text);
	return CLI_UNKNOWN;
}

int report_write(const struct report_options *options)
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
		status = status ? CLI_UNKNOWN : check_document(options, &doc);
	image_release(&early);
	image_release(&late);
	return status;
}

int cli_report(int argc, char **argv)
{
	struct report_options options;
	int status = options_parse(&options, REPORT_TEXT, NULL, argc, argv);

	return status ? status : report_write(&options);
}
