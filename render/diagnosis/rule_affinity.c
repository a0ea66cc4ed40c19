/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rule_affinity.c - tasks at the head of a DSQ that is consumed: not by a CPU on which they may
 * run, or the scheduler passes them over
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include <scxray/dsq.h>
#include <scxray/host.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/task.h>

#include "render/diagnosis/rules.h"
#include "render/diagnosis/words.h"
#include "render/out/cells.h"

/* The CPUs on which tasks ran that were on the queue early and have left it. */
static size_t takers(const struct facts *f, const struct scxray_dsq *dsq, bool *is_taker)
{
	struct queue_moves m = queue_moves(f, dsq);
	size_t nr = 0;

	for (size_t i = 0; m.old && i < m.old->nr_tasks; i++) {
		const struct scxray_task *old = report_find_task(f->early, &m.old->tasks[i]);
		const struct scxray_task *t = NULL;
		struct cpu_use *use;

		for (size_t n = 0; old && n < f->r->nr_tasks && !t; n++)
			if (f->r->tasks[n].kva == old->kva)
				t = &f->r->tasks[n];
		if (!t || t->cpu.state != SCXRAY_PRESENT || facts_early_task(f, t) != old)
			continue;
		/* did it run at all since? */
		if (old->pcount.state == SCXRAY_PRESENT && num_is(&t->pcount, old->pcount.value))
			continue;
		if (old->pcount.state != SCXRAY_PRESENT && task_find_dsq(f->r, t) == dsq)
			continue;
		use = facts_cpu_use(f, t->cpu.value);
		if (use && !is_taker[use - f->cpus])
			nr++;
		if (use)
			is_taker[use - f->cpus] = true;
	}
	return nr;
}

/* Every task before it on the queue waits as well: no task that moves is in its way. */
static bool at_head(const struct facts *f, const struct wait *w)
{
	for (size_t i = 0; i < w->dsq->nr_tasks && i < w->task->dsq_pos; i++) {
		const struct scxray_task *t = report_find_task(f->r, &w->dsq->tasks[i]);

		if (!t || !task_is_stalled(f->r, t, true))
			return false;
	}
	return true;
}

/* It was among the first at half-way as well: others did not just come before it. */
static bool was_at_head(const struct facts *f, const struct wait *w)
{
	const struct scxray_task *old = facts_early_task(f, w->task);
	const struct scxray_dsq *was = old ? task_find_dsq(f->early, old) : NULL;
	size_t nr = 0;

	for (size_t i = 0; i < f->nr_waits; i++)
		nr += f->waits[i].dsq == w->dsq;
	return was && was->kva == w->dsq->kva && old->dsq_pos < nr;
}

static bool skipped(const struct facts *f, const struct wait *w, const void *arg)
{
	uint64_t nr;

	return w->dsq == arg && (task_is_bound(f, w->task) || was_at_head(f, w)) && at_head(f, w) &&
	       wait_is_overtaken(f, w, &nr) && nr >= MIN_OVERTAKEN;
}

static bool skipped_bound(const struct facts *f, const struct wait *w, const void *arg)
{
	return task_is_bound(f, w->task) && skipped(f, w, arg);
}

/* How many passed the picked tasks by; are there some that may run anywhere? */
static uint64_t passed_by(const struct facts *f, bool *unbound)
{
	uint64_t most = 0, nr;

	*unbound = false;
	for (size_t i = 0; i < f->nr_waits; i++) {
		const struct wait *w = &f->waits[i];

		if (!w->picked)
			continue;
		*unbound = *unbound || !task_is_bound(f, w->task);
		if (wait_is_overtaken(f, w, &nr) && nr > most)
			most = nr;
	}
	return most;
}

/* " by CPU 0 only, where" the finding's tasks may not run; or that it must be so */
static void put_takers(const struct facts *f, struct strbuf *sb, const bool *is_taker,
		       bool disjoint)
{
	const char *sep = "";
	size_t nr = 0;

	if (!disjoint) {
		strbuf_puts(sb, " is consumed only by CPUs where ");
		return;
	}
	for (size_t c = 0; c < f->r->nr_rqs; c++)
		nr += is_taker[c];
	strbuf_puts(sb, nr == 1 ? " is consumed by CPU " : " is consumed by CPUs ");
	for (size_t c = 0; c < f->r->nr_rqs; c++) {
		if (!is_taker[c])
			continue;
		strbuf_printf(sb, "%s%" PRIu32, sep, f->r->rqs[c].cpu);
		sep = ", ";
	}
	strbuf_puts(sb, " only, where ");
}

/* Has none of the picked tasks a CPU that takes from the queue? */
static bool are_apart(const struct facts *f, const bool *is_taker)
{
	bool apart = true;

	for (size_t i = 0; i < f->nr_waits; i++) {
		const struct wait *w = &f->waits[i];

		if (!w->picked)
			continue;
		for (size_t c = 0; c < f->r->nr_rqs; c++)
			if (is_taker[c] && task_may_use(w->task, f->r->rqs[c].cpu))
				apart = false;
	}
	return apart;
}

/* Whichever CPU took from the queue, one of the picked tasks may run there. */
static bool any_taker_may(const struct facts *f)
{
	for (size_t c = 0; c < f->r->nr_rqs; c++) {
		bool may = num_is(&f->r->rqs[c].online, 0);

		for (size_t i = 0; i < f->nr_waits && !may; i++)
			may = f->waits[i].picked &&
			      task_may_use(f->waits[i].task, f->r->rqs[c].cpu);
		if (!may)
			return false;
	}
	return f->r->nr_rqs > 0;
}

/* More was taken than the CPUs can have run on which none of the picked tasks may run. */
static bool others_took_less(const struct facts *f, const struct scxray_dsq *dsq)
{
	struct queue_moves m = queue_moves(f, dsq);
	uint64_t switches = 0;

	if (!m.counted)
		return false;
	for (size_t c = 0; c < f->r->nr_rqs; c++) {
		const struct cpu_use *use = &f->cpus[c];
		bool may = false;

		for (size_t i = 0; i < f->nr_waits && !may; i++)
			may = f->waits[i].picked && task_may_use(f->waits[i].task, use->rq->cpu);
		if (may)
			continue;
		if (!use->old || use->rq->nr_switches.state != SCXRAY_PRESENT ||
		    use->old->nr_switches.state != SCXRAY_PRESENT)
			return false;
		switches += use->rq->nr_switches.value - use->old->nr_switches.value;
	}
	/* one may be taken, and not have run yet */
	return m.taken > switches + f->r->nr_rqs;
}

/*
 * A CPU on which they may run takes from the queue and leaves them: the scheduler moves tasks
 * one by one and its own choice passes these by.
 */
static bool find_passed_over(struct facts *f, const struct scxray_dsq *dsq)
{
	struct queue_moves m = queue_moves(f, dsq);
	bool unbound, one;
	uint64_t passed = passed_by(f, &unbound);
	struct strbuf *sb;

	/* without an early report that later ones were taken shows that somebody takes */
	if (((m.counted && !m.taken) || !any_taker_may(f)) && !others_took_less(f, dsq))
		return false;
	/* a task that may run anywhere may also have had others put before it */
	sb = finding_tell_picked(f, "passed_over", unbound);
	one = finding_last(f->dg)->nr_tasks == 1;
	words_begin_dsq(sb, dsq);
	strbuf_puts(sb, " is consumed");
	if (m.counted)
		strbuf_printf(sb, " (%" PRIu64 " tasks taken between the snapshots)", m.taken);
	strbuf_puts(sb, ", but ");
	words_put_names(f, sb);
	strbuf_printf(sb, one ? " is passed over at its head for "
			      : " are passed over at its head, for ");
	words_put_longest(f, sb);
	strbuf_printf(
		sb,
		", %" PRIu64 " that came later were taken by CPUs where %s may run: the "
		"scheduler picks tasks from it one by one (scx_bpf_dsq_move()), and its choice "
		"leaves %s%s.",
		passed, one ? "it" : "they", one ? "it" : "them",
		unbound ? ", or it puts others before (SCX_ENQ_HEAD, a smaller vtime)" : "");
	words_put_bounds(f, sb);
	finding_about_dsq(f, dsq, "task_kvas");
	return true;
}

/*
 * consume_dispatch_q() takes the first task that may run on its CPU and passes by the others:
 * the task at the head, which is overtaken, may not run where the queue is consumed.
 */
static void find_affinity(struct facts *f, const struct scxray_dsq *dsq)
{
	bool *is_taker, disjoint, unbound, one;
	uint64_t passed;
	struct strbuf *sb;

	/* the few CPUs that were seen to take show less than those that must have taken */
	if (!waits_pick(f, skipped, dsq) || find_passed_over(f, dsq) ||
	    !waits_pick(f, skipped_bound, dsq))
		return;
	is_taker = calloc(f->r->nr_rqs + 1, sizeof(*is_taker));
	if (!is_taker) {
		f->dg->error = ENOMEM;
		return;
	}
	passed = passed_by(f, &unbound);
	disjoint = takers(f, dsq, is_taker) && are_apart(f, is_taker);
	sb = finding_tell_picked(f, "affinity", !disjoint);
	if (finding_has_only_kthreads(f))
		finding_last(f->dg)->kind = "kthread_starved";
	one = finding_last(f->dg)->nr_tasks == 1;
	words_begin_dsq(sb, dsq);
	put_takers(f, sb, is_taker, disjoint);
	words_put_names(f, sb);
	strbuf_printf(sb, " may not run: %" PRIu64 " tasks that came later were taken, %s", passed,
		      one ? "it stays at the head for " : "they stay at the head, for ");
	words_put_longest(f, sb);
	strbuf_putc(sb, '.');
	words_put_bounds(f, sb);
	finding_about_dsq(f, dsq, "task_kvas");
	free(is_taker);
}

void rule_affinity(struct facts *f)
{
	for (size_t i = 0; i < f->r->nr_dsqs; i++)
		if (f->r->dsqs[i].origin != SCXRAY_DSQ_LOCAL)
			find_affinity(f, &f->r->dsqs[i]);
}
