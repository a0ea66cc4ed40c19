/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * document.c - the frame of the text output: single, dual, degraded
 */
#include <errno.h>

#include "render/diagnosis/diagnosis.h"
#include "render/text/diagnosis.h"
#include "render/diff/diff.h"
#include "render/text/diff.h"
#include "render/out/join.h"
#include "render/text/overview.h"
#include "render/text/report.h"

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

/* A live host may take a snapshot at any time: only an exit is called one. */
static const char *late_moment(const struct scxray_report *r)
{
	if (!r->host || !r->nr_scheds)
		return "error-exit";
	for (size_t i = 0; i < r->nr_scheds; i++) {
		const struct scxray_sched *s = &r->scheds[i];

		if (num_true(&s->exit_kind) || num_true(&s->exit_info.kind))
			return "error-exit";
	}
	return "on demand";
}

static void late_header(struct text *t, const struct scxray_document *doc)
{
	struct strbuf *sb = &t->out;

	style_begin(t, sb, STYLE_BOLD);
	strbuf_printf(sb, "late snapshot (%s", late_moment(doc->late));
	if (doc->early) {
		strbuf_puts(sb, "):");
	} else {
		strbuf_puts(sb, "; early snapshot absent");
		if (doc->early_skipped_reason) {
			strbuf_puts(sb, ": ");
			cell_string(sb, doc->early_skipped_reason);
		}
		strbuf_puts(sb, "):");
	}
	style_end(t, sb, STYLE_BOLD);
	strbuf_putc(sb, '\n');
}

/* The part before the reports. */
static void overview(struct text *t, const struct diagnosis *diagnosis, const struct diff *diff)
{
	if (text_wants(t, GROUP_DIAGNOSIS))
		text_diagnosis(t, diagnosis);
	if (text_wants(t, GROUP_DIAGNOSIS)) {
		text_cpu_use(t, diagnosis);
		text_queue_moves(t, diagnosis);
		text_cards(t, diagnosis);
	}
	if (text_wants(t, GROUP_TIMING))
		text_timing(t);
	if (text_wants(t, GROUP_GUEST))
		text_guest(t, &t->doc->late->guest);
	if (text_wants(t, GROUP_DIFF) && !t->summary)
		text_diff(t, diff, diagnosis);
}

static void racy_note(struct text *t, const struct scxray_report *r)
{
	struct strbuf sb;

	if (!is_racy(r))
		return;
	strbuf_init(&sb, NULL);
	strbuf_puts(&sb, "(");
	if (!is_degraded(t->doc)) {
		strbuf_puts(&sb, "racy: ");
		cell_degraded(&sb, r->host);
		strbuf_puts(&sb, "; ");
	}
	strbuf_puts(&sb, "read while the guest ran: a list or a number may be caught half-way "
			 "through a change)");
	style_begin(t, &t->out, STYLE_YELLOW);
	strbuf_puts(&t->out, "  ");
	text_wrap(t, strbuf_str(&sb), 2, 2);
	style_end(t, &t->out, STYLE_YELLOW);
	strbuf_deinit(&sb);
}

static void report(struct text *t, const struct scxray_report *r)
{
	if (t->summary)
		text_summary(t, r);
	else
		text_report(t, r);
}

static void dual(struct text *t, const struct diagnosis *diagnosis, const struct diff *diff)
{
	const struct scxray_document *doc = t->doc;

	dual_header(t, doc);
	overview(t, diagnosis, diff);
	if (!groups_wanted(doc->only, GROUPS_OF_REPORT))
		return;
	if (doc->early) {
		text_section(t);
		text_styled(t, STYLE_BOLD, "early snapshot (sched_ext watchdog half-way):");
		strbuf_putc(&t->out, '\n');
		racy_note(t, doc->early);
		t->late = t->full ? NULL : doc->late;
		report(t, doc->early);
		t->late = NULL;
	}
	t->any_section = true;
	text_section(t);
	late_header(t, doc);
	racy_note(t, doc->late);
	report(t, doc->late);
}

static void degraded(struct text *t, const struct diagnosis *diagnosis, const struct diff *diff)
{
	text_degraded(t, t->doc->late);
	t->any_section = true;
	overview(t, diagnosis, diff);
	if (!groups_wanted(t->doc->only, GROUPS_OF_REPORT) || report_is_empty(t->doc->late))
		return;
	text_section(t);
	text_styled(t, STYLE_BOLD, "racy snapshot:");
	strbuf_putc(&t->out, '\n');
	racy_note(t, t->doc->late);
	report(t, t->doc->late);
}

static void single(struct text *t, const struct diagnosis *diagnosis, const struct diff *diff)
{
	overview(t, diagnosis, diff);
	if (!groups_wanted(t->doc->only, GROUPS_OF_REPORT))
		return;
	if (t->any_section)
		strbuf_putc(&t->out, '\n');
	report(t, t->doc->late);
}

int scxray_render_text(const struct scxray_document *doc, const struct scxray_text_options *opts,
		       FILE *out)
{
	struct text t = {
		.width = opts && opts->width ? opts->width : 120,
		.color = opts && opts->color,
		.full = opts && opts->full,
		.summary = opts && opts->summary,
		.doc = doc,
	};
	struct diagnosis diagnosis;
	struct diff diff;
	int ret;

	diff_make(&diff, doc);
	diagnosis_make(&diagnosis, doc, &diff);
	strbuf_init(&t.out, out);
	t.report = doc->late;
	if (doc->dual)
		dual(&t, &diagnosis, &diff);
	else if (is_degraded(doc))
		degraded(&t, &diagnosis, &diff);
	else
		single(&t, &diagnosis, &diff);
	if (diff.error || diagnosis.error)
		t.out.error = ENOMEM;
	ret = strbuf_flush(&t.out);
	strbuf_deinit(&t.out);
	diagnosis_deinit(&diagnosis);
	diff_deinit(&diff);
	return ret;
}
