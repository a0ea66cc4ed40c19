/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * find_queue.c - findings about dispatch queues: never consumed, not consumed
 * since early, starving within, contradicting themselves
 */
#include "render/diagnosis/find.h"

#include <inttypes.h>

#include "render/out/join.h"
#include "render/out/cells.h"

/* Findings of one kind about queues or CPUs; a guest may have thousands of them. */
#define MAX_FINDINGS 16

static bool holds_stalled(const struct scxray_report *r, const struct scxray_dsq *dsq, bool half)
{
	for (size_t i = 0; i < dsq->nr_tasks; i++) {
		const struct scxray_task *t = report_find_task(r, &dsq->tasks[i]);

		if (t && is_stalled(r, t, half))
			return true;
	}
	return false;
}

/* "DSQ 0x200", "the local DSQ of CPU 1", "the global node 0 DSQ of scxsub" */
static void put_dsq(struct strbuf *sb, const struct scxray_dsq *dsq)
{
	if (dsq->origin == SCXRAY_DSQ_LOCAL) {
		strbuf_printf(sb, "the local DSQ of CPU %" PRIu32, dsq->index);
		return;
	}
	strbuf_puts(sb, dsq->origin == SCXRAY_DSQ_USER ? "DSQ " : "the ");
	cell_dsq(sb, dsq);
	if (dsq->origin != SCXRAY_DSQ_USER)
		strbuf_puts(sb, " DSQ");
	cell_owner(sb, dsq->sched_name);
}

/* The same at a sentence's beginning. */
static void begin_dsq(struct strbuf *sb, const struct scxray_dsq *dsq)
{
	size_t start = sb->len;

	put_dsq(sb, dsq);
	if (sb->len > start && sb->data[start] == 't')
		sb->data[start] = 'T';
}

/* seq counts what was ever put on the queue: as many as are on it now means none ever left. */
static bool never_consumed(const struct scxray_dsq *dsq)
{
	return dsq->nr_tasks && num_true(&dsq->seq) && num_is(&dsq->seq, dsq->nr_tasks) &&
	       num_is(&dsq->nr, dsq->nr_tasks);
}

/* Between the snapshots; SIZE_MAX where there is no earlier one of this queue. */
static size_t find_early(const struct diagnosis *dg, const struct scxray_dsq *dsq)
{
	return dg->doc->dual && dg->doc->early ? diff_find_dsq(dg->doc->early, dsq) : SIZE_MAX;
}

static void put_elapsed(struct strbuf *sb, const struct diagnosis *dg)
{
	if (dg->diff->elapsed_ms.state != SCXRAY_PRESENT)
		return;
	strbuf_puts(sb, " (");
	cell_ms(sb, num_signed(&dg->diff->elapsed_ms));
	strbuf_puts(sb, " apart)");
}

static void find_unconsumed(struct diagnosis *dg, const struct scxray_report *r, size_t i)
{
	const struct scxray_dsq *dsq = &r->dsqs[i];
	size_t e = find_early(dg, dsq);
	const struct scxray_dsq *old = e != SIZE_MAX ? &dg->doc->early->dsqs[e] : NULL;
	bool stood = old && old->nr_tasks &&
		     diff_same_head(dg->doc->early, old, r, dsq) == old->nr_tasks;
	struct strbuf *sb;

	if (!stood && !never_consumed(dsq))
		return;
	sb = find(dg, holds_stalled(r, dsq, false) ? SEVERITY_ERROR : SEVERITY_WARNING,
		  "dsq_not_consumed");
	if (stood) {
		strbuf_puts(sb, "No CPU took a task from ");
		put_dsq(sb, dsq);
		strbuf_puts(sb, " between the two snapshots");
		put_elapsed(sb, dg);
		if (old->nr_tasks == 1)
			strbuf_puts(sb, ": the task that was there stands at its head unchanged");
		else
			strbuf_printf(sb,
				      ": the %zu tasks that were there stand at its head unchanged",
				      old->nr_tasks);
		if (dsq->nr_tasks > old->nr_tasks)
			strbuf_printf(sb, ", and %zu more came behind",
				      dsq->nr_tasks - old->nr_tasks);
		strbuf_putc(sb, '.');
		evidence(dg, dg->doc->early, "dsq_states[%zu].task_kvas", e);
		evidence(dg, r, "dsq_states[%zu].task_kvas", i);
	}
	if (never_consumed(dsq)) {
		strbuf_puts(sb, stood ? " Inferred: nobody ever did, its seq "
				      : "Inferred: nobody has ever taken a task from ");
		if (!stood) {
			put_dsq(sb, dsq);
			strbuf_puts(sb, ", its seq ");
		}
		strbuf_printf(sb, "(%zu) counts as many tasks as stand on it.", dsq->nr_tasks);
		evidence(dg, r, "dsq_states[%zu].seq", i);
	}
}

/* A task that others overtake: the queue is consumed, this task stays. */
static void find_starved(struct diagnosis *dg, const struct scxray_report *r, size_t i)
{
	const struct scxray_dsq *dsq = &r->dsqs[i];
	size_t e = find_early(dg, dsq);
	const struct scxray_dsq *old = e != SIZE_MAX ? &dg->doc->early->dsqs[e] : NULL;

	for (size_t n = 0; n < dsq->nr_tasks; n++) {
		const struct scxray_task *t = report_find_task(r, &dsq->tasks[n]);
		const struct scxray_task *head = report_find_task(r, &dsq->tasks[0]);
		uint64_t v, head_v, seq, old_seq;
		struct strbuf *sb;

		if (!t || !is_stalled(r, t, true))
			continue;
		if (!old || diff_same_head(dg->doc->early, old, r, dsq) == old->nr_tasks ||
		    !num_get(&dsq->seq, &seq) || !num_get(&old->seq, &old_seq) || seq == old_seq)
			continue;
		sb = find(dg, is_stalled(r, t, false) ? SEVERITY_ERROR : SEVERITY_WARNING,
			  "task_starved");
		put_dsq(sb, dsq);
		strbuf_printf(sb,
			      " is consumed (%" PRIu64 " tasks were put on it since early), but ",
			      seq - old_seq);
		cell_task(sb, t, t->kva);
		strbuf_printf(sb, " still stands at position %zu of %zu", n + 1, dsq->nr_tasks);
		if (dsq->is_vtime && head && n && num_get(&t->dsq_vtime, &v) &&
		    num_get(&head->dsq_vtime, &head_v)) {
			strbuf_printf(sb, ", its vtime %" PRId64 " beyond the head's",
				      (int64_t)(v - head_v));
			evidence(dg, r, "dsq_states[%zu].tasks[%zu].dsq_vtime", i, n);
		}
		strbuf_puts(sb, ".");
		evidence(dg, r, "dsq_states[%zu].seq", i);
	}
}

static void find_conflicts(struct diagnosis *dg, const struct scxray_report *r, size_t i)
{
	const struct scxray_dsq *dsq = &r->dsqs[i];

	if (dsq->nr_conflicts) {
		struct strbuf *sb = find(dg, SEVERITY_WARNING, "dsq_conflict");

		begin_dsq(sb, dsq);
		strbuf_puts(sb, " contradicts itself: ");
		cell_string(sb, dsq->conflicts[0]);
		if (dsq->nr_conflicts > 1)
			strbuf_printf(sb, " (and %zu more)", dsq->nr_conflicts - 1);
		strbuf_putc(sb, '.');
		evidence(dg, r, "dsq_states[%zu].conflicts", i);
	}
	if (dsq->cut) {
		struct strbuf *sb = find(dg, SEVERITY_WARNING, "dsq_cut");

		strbuf_puts(sb, "The list of ");
		put_dsq(sb, dsq);
		strbuf_puts(sb, " is not complete: ");
		cell_string(sb, dsq->cut);
		strbuf_putc(sb, '.');
		evidence(dg, r, "dsq_states[%zu].cut", i);
	}
}

void find_queues(struct diagnosis *dg)
{
	const struct scxray_report *r = dg->doc->late;
	size_t before = dg->nr;

	for (size_t i = 0; i < r->nr_dsqs && dg->nr - before < MAX_FINDINGS; i++) {
		if (holds_stalled(r, &r->dsqs[i], true)) {
			find_unconsumed(dg, r, i);
			find_starved(dg, r, i);
		}
	}
	before = dg->nr;
	for (size_t i = 0; i < r->nr_dsqs && dg->nr - before < MAX_FINDINGS; i++)
		find_conflicts(dg, r, i);
}
