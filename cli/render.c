/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render.c - a document as the options ask for it, and the status that it gives
 */
#include <errno.h>

#include "cli.h"
#include "csv.h"
#include "options.h"
#include "output.h"
#include "timing.h"

int report_render(const struct scxray_document *doc, const struct report_options *options)
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
	case REPORT_CSV:
		failed = csv_write(doc, out.stream);
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
	return options->annotate || options->junit ? report_findings(doc, options) : CLI_OK;
}

int report_check(const struct report_options *options, const struct scxray_document *doc)
{
	struct scxray_error err = { 0 };
	int found = scxray_document_check(doc, options->exit_on, &err);

	if (found >= 0)
		return found ? CLI_FOUND : CLI_OK;
	cli_fail("cannot tell whether anything is wrong: %s: %s", options->image, err.text);
	return CLI_UNKNOWN;
}
