/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render.c - a document as the options ask for it, and the status that it gives
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <scxray/map.h>
#include <scxray/report_struct.h>

#include "cli.h"
#include "csv.h"
#include "options.h"
#include "output.h"
#include "timing.h"

#define MAX_NAMES_LEN 400

/* ", there are a, b, ..." of the maps that were captured; as many as a line on stderr may hold. */
static void put_map_names(char *list, size_t size, const struct scxray_report *r)
{
	size_t len = 0;

	*list = '\0';
	for (size_t i = 0; i < r->nr_maps; i++) {
		const struct scxray_text *name = &r->maps[i].name;
		const char *lead = len ? ", " : "; there are ";

		if (name->state != SCXRAY_PRESENT || !name->len)
			continue;
		if (len + strlen(lead) + name->len + sizeof(", ...") > size) {
			snprintf(list + len, size - len, ", ...");
			return;
		}
		len += (size_t)snprintf(list + len, size - len, "%s%.*s", lead, (int)name->len,
					name->bytes);
	}
}

int report_find_selected(const struct scxray_document *doc, const struct report_options *options)
{
	const struct scxray_selection *only = &options->only;
	const char *asked = options->operand;
	char list[MAX_NAMES_LEN] = "";

	if (scxray_document_has_selected(doc))
		return CLI_OK;
	if (only->maps.nr)
		put_map_names(list, sizeof(list), doc->late);
	if (!asked)
		asked = only->maps.nr	 ? only->maps.pattern[0]
			: only->tasks.nr ? only->tasks.pattern[0]
					 : only->dsqs.pattern[0];
	cli_fail("%s: nothing that was captured is called %s%s", options->image, asked, list);
	return options->operand ? CLI_FAILED : CLI_OK;
}

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
	bool paged = options->format == REPORT_TEXT && !options->no_pager;
	int failed, error;

	if (paged ? output_open_paged(&out, options->output) : output_open(&out, options->output))
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
