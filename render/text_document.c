/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * text_document.c - the frame of the text output: single and dual
 */
#include <errno.h>

#include "diagnosis.h"
#include "diff.h"
#include "text_report.h"

static void dual_header(struct text *t, const struct scxray_document *doc)
{
	struct strbuf *sb = &t->out;

	style_begin(t, sb, STYLE_BOLD);
	strbuf_puts(sb, "DualFailureDumpReport: early=");
	if (!doc->early) {
		strbuf_puts(sb, "absent");
		if (doc->early_skipped_reason) {
			strbuf_puts(sb, " (");
			cell_string(sb, doc->early_skipped_reason);
			strbuf_putc(sb, ')');
		}
	} else if (!doc->early_max_age_jiffies && !doc->early_threshold_jiffies) {
		strbuf_puts(sb, "present (jiffies not captured)");
	} else {
		strbuf_printf(sb, "present (max_age=%lluj, threshold=%lluj)",
			      (unsigned long long)doc->early_max_age_jiffies,
			      (unsigned long long)doc->early_threshold_jiffies);
	}
	strbuf_printf(sb, ", late=(%zu maps, %zu vcpu_regs)", doc->late->nr_maps,
		      doc->late->nr_vcpus);
	style_end(t, sb, STYLE_BOLD);
	strbuf_puts(sb, "\n");
	t->any_section = true;
}

static void late_header(struct text *t, const struct scxray_document *doc)
{
	struct strbuf *sb = &t->out;

	style_begin(t, sb, STYLE_BOLD);
	if (doc->early) {
		strbuf_puts(sb, "late snapshot (error-exit):");
	} else {
		strbuf_puts(sb, "late snapshot (error-exit; early snapshot absent");
		if (doc->early_skipped_reason) {
			strbuf_puts(sb, ": ");
			cell_string(sb, doc->early_skipped_reason);
		}
		strbuf_puts(sb, "):");
	}
	style_end(t, sb, STYLE_BOLD);
	strbuf_putc(sb, '\n');
}

static void dual(struct text *t, const struct scxray_document *doc,
		 const struct diagnosis *diagnosis, const struct diff *diff)
{
	dual_header(t, doc);
	text_diagnosis(t, diagnosis);
	text_guest(t, &doc->late->guest);
	text_diff(t, diff);
	if (doc->early) {
		text_section(t);
		text_styled(t, STYLE_BOLD, "early snapshot (sched_ext watchdog half-way):");
		strbuf_putc(&t->out, '\n');
		text_report(t, doc->early);
	}
	t->any_section = true;
	text_section(t);
	late_header(t, doc);
	text_report(t, doc->late);
}

int scxray_render_text(const struct scxray_document *doc, const struct scxray_text_options *opts,
		       FILE *out)
{
	struct text t = {
		.width = opts && opts->width ? opts->width : 120,
		.color = opts && opts->color,
	};
	struct diagnosis diagnosis;
	struct diff diff;
	int ret;

	diff_make(&diff, doc);
	diagnosis_make(&diagnosis, doc, &diff);
	strbuf_init(&t.out, out);
	t.report = doc->late;
	if (doc->dual) {
		dual(&t, doc, &diagnosis, &diff);
	} else {
		text_diagnosis(&t, &diagnosis);
		text_guest(&t, &doc->late->guest);
		if (t.any_section)
			strbuf_putc(&t.out, '\n');
		text_report(&t, doc->late);
	}
	if (diff.error || diagnosis.error)
		t.out.error = ENOMEM;
	ret = strbuf_flush(&t.out);
	strbuf_deinit(&t.out);
	diagnosis_deinit(&diagnosis);
	diff_deinit(&diff);
	return ret;
}
