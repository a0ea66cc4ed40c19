/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * document.c - the frame of the text output: single, dual, degraded
 */
#include <errno.h>

#include <scxray/host.h>
#include <scxray/report_struct.h>
#include <scxray/sched.h>
#include <scxray/task.h>

#include "render/diagnosis/diagnosis.h"
#include "render/diagnosis/finding.h"
#include "render/text/diagnosis.h"
#include "render/diff/diff.h"
#include "render/text/diff.h"
#include "render/out/join.h"
#include "render/text/overview.h"
#include "render/text/report.h"

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

/* "victim1[98] stalled 4.560s of the 8.000s timeout"; below half of it the task only waits */
static bool put_oldest(struct strbuf *sb, const struct scxray_report *r)
{
	const struct scxray_task *oldest = report_find_oldest(r);
	uint64_t timeout;

	if (!oldest)
		return false;
	cell_task(sb, oldest, oldest->kva);
	strbuf_puts(sb, task_is_stalled(r, oldest, true) ? " stalled " : " runnable for ");
	cell_wait(sb, &r->guest.hz, oldest->runnable_age_jiffies.value);
	timeout = sched_timeout_jiffies(r, &oldest->sched_kva);
	if (timeout) {
		strbuf_puts(sb, " of the ");
		cell_wait(sb, &r->guest.hz, timeout);
		strbuf_puts(sb, " timeout");
	}
	return true;
}

/* Why it was taken then: the watchdog trips for a task, or for itself (watch/decide.c). */
static void put_why_early(struct strbuf *sb, const struct scxray_document *doc)
{
	const struct scxray_report *r = doc->early;
	const struct scxray_task *oldest = report_find_oldest(r);
	uint64_t age, threshold = doc->early_threshold_jiffies;

	if (r->host && r->host->trigger) {
		strbuf_puts(sb, "; taken for: ");
		cell_string(sb, r->host->trigger);
		return;
	}
	if (!oldest || !threshold)
		return;
	age = oldest->runnable_age_jiffies.value;
	strbuf_puts(sb, age >= threshold ? ", past half-way (" : ", before half-way (");
	cell_wait(sb, &r->guest.hz, threshold);
	strbuf_putc(sb, ')');
	if (age >= threshold || !r->nr_scheds ||
	    !num_get(&r->scheds[0].watchdog_age_jiffies, &age) || age < threshold ||
	    (int64_t)age < 0)
		return;
	strbuf_puts(sb, "; the watchdog itself last ran ");
	cell_wait(sb, &r->guest.hz, age);
	strbuf_puts(sb, " before");
}

/* What the two halves are, in seconds. */
static void halves(struct text *t, const struct scxray_document *doc, const struct diff *diff)
{
	struct strbuf sb;

	strbuf_init(&sb, NULL);
	if (doc->early && put_oldest(&sb, doc->early)) {
		put_why_early(&sb, doc);
		strbuf_puts(&t->out, "  early  ");
		text_wrap(t, strbuf_str(&sb), 9, 9);
	}
	sb.len = 0;
	strbuf_puts(&sb, late_moment(doc->late));
	if (diff->elapsed_ms.state == SCXRAY_PRESENT && num_signed(&diff->elapsed_ms) > 0) {
		strbuf_puts(&sb, ", ");
		cell_ms(&sb, num_signed(&diff->elapsed_ms));
		strbuf_puts(&sb, " later");
	}
	strbuf_puts(&sb, ": ");
	if (put_oldest(&sb, doc->late)) {
		strbuf_puts(&t->out, "  late   ");
		text_wrap(t, strbuf_str(&sb), 9, 9);
	}
	strbuf_deinit(&sb);
}

static void dual_header(struct text *t, const struct scxray_document *doc, const struct diff *diff)
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
	strbuf_printf(sb, ", late=(%zu map%s, %zu vcpu_regs)", doc->late->nr_maps,
		      plural_s(doc->late->nr_maps), doc->late->nr_vcpus);
	style_end(t, sb, STYLE_BOLD);
	strbuf_puts(sb, "\n");
	halves(t, doc, diff);
	t->any_section = true;
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

/* The late half's counts, and what only the early one lacks. */
static void dual_summary(struct text *t, const struct scxray_document *doc)
{
	text_section(t);
	racy_note(t, doc->late);
	report(t, doc->late);
	if (!doc->early)
		return;
	racy_note(t, doc->early);
	t->late = doc->late;
	report(t, doc->early);
	t->late = NULL;
}

static void dual(struct text *t, const struct diagnosis *diagnosis, const struct diff *diff)
{
	const struct scxray_document *doc = t->doc;

	dual_header(t, doc, diff);
	overview(t, diagnosis, diff);
	if (!groups_wanted(doc->only, GROUPS_OF_REPORT))
		return;
	if (t->summary) {
		dual_summary(t, doc);
		return;
	}
	if (doc->early) {
		text_section(t);
		text_styled(t, STYLE_BOLD, "early snapshot (sched_ext watchdog half-way):");
		strbuf_putc(&t->out, '\n');
		racy_note(t, doc->early);
		t->late = t->full ? NULL : doc->late;
		t->diff = t->full ? NULL : diff;
		report(t, doc->early);
		t->late = NULL;
		t->diff = NULL;
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
