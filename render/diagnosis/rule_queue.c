/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rule_queue.c - tasks on a DSQ: nobody consumes it, those who do may not take them, or others
 * are put before them
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "render/diagnosis/rules.h"
#include "render/diagnosis/words.h"
#include "render/out/cells.h"

static bool is_on(const struct facts *f, const struct wait *w, const void *arg)
{
	(void)f;
	return w->dsq == arg;
}

/* What the other queues gave meanwhile: that the CPUs were at work. */
static void put_meanwhile(const struct facts *f, struct strbuf *sb, const struct scxray_dsq *dsq)
{
	uint64_t taken = 0;
	size_t queues = 0, idle = 0;

	for (size_t i = 0; i < f->r->nr_dsqs && f->early; i++) {
		struct queue_moves m = queue_moves(f, &f->r->dsqs[i]);

		if (&f->r->dsqs[i] == dsq || !m.counted || !m.taken)
			continue;
		taken += m.taken;
		queues++;
	}
	if (queues)
		strbuf_printf(sb, " Meanwhile CPUs took %" PRIu64 " tasks from %zu other queue%s.",
			      taken, queues, queues == 1 ? "" : "s");
	for (size_t i = 0; i < f->r->nr_rqs; i++) {
		const struct cpu_use *use = &f->cpus[i];
		bool both = use->old && is_class(use->old->curr_class, "idle");

		if (!is_class(use->rq->curr_class, "idle") || idle++ >= 4)
			continue;
		strbuf_printf(sb, " CPU %" PRIu32 " is idle%s.", use->rq->cpu,
			      both ? " in both" : " at the freeze");
	}
}

static void find_unconsumed(struct facts *f, const struct scxray_dsq *dsq)
{
	struct queue_moves m = queue_moves(f, dsq);
	struct strbuf *sb;

	if ((!m.never && !m.stood) || !pick(f, is_on, dsq))
		return;
	sb = tell_picked(f, "dsq_not_consumed", false);
	if (m.never) {
		begin_dsq(sb, dsq);
		strbuf_puts(sb, " is never consumed: ");
		if (dsq->nr_tasks == 1)
			strbuf_puts(sb, "one task was ever inserted and is still on it");
		else
			strbuf_printf(sb,
				      "%zu tasks were ever inserted and all of them are still "
				      "on it",
				      dsq->nr_tasks);
		about_dsq(f, dsq, "seq");
	} else {
		strbuf_puts(sb, "No CPU took a task from ");
		put_dsq(sb, dsq);
		strbuf_puts(sb, " between the two snapshots");
		put_elapsed(sb, f->dg);
		if (m.old->nr_tasks == 1)
			strbuf_puts(sb, ": the task that was on it is at its head unchanged");
		else
			strbuf_printf(sb,
				      ": the %zu tasks that were on it are at its head unchanged",
				      m.old->nr_tasks);
		if (dsq->nr_tasks > m.old->nr_tasks)
			strbuf_printf(sb, ", and %zu more came after them",
				      dsq->nr_tasks - m.old->nr_tasks);
		about_dsq(f, dsq, "task_kvas");
	}
	strbuf_puts(sb, last_finding(f->dg)->nr_tasks == 1 ? ", for " : ", the first for ");
	put_longest(f, sb);
	strbuf_puts(sb, ": ");
	put_names(f, sb);
	strbuf_putc(sb, '.');
	put_meanwhile(f, sb, dsq);
	put_bounds(f, sb);
	if (only_kthreads(f))
		last_finding(f->dg)->kind = "kthread_starved";
	if (m.stood)
		evidence(f->dg, f->early, "dsq_states[%zu].task_kvas",
			 (size_t)(m.old - f->early->dsqs));
}

void rule_dsq_not_consumed(struct facts *f)
{
	for (size_t i = 0; i < f->r->nr_dsqs; i++)
		find_unconsumed(f, &f->r->dsqs[i]);
}

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
		if (!t || t->cpu.state != SCXRAY_PRESENT || early_task(f, t) != old)
			continue;
		/* did it run at all since? */
		if (old->pcount.state == SCXRAY_PRESENT && num_is(&t->pcount, old->pcount.value))
			continue;
		if (old->pcount.state != SCXRAY_PRESENT && task_find_dsq(f->r, t) == dsq)
			continue;
		use = use_of_cpu(f, t->cpu.value);
		if (use && !is_taker[use - f->cpus])
			nr++;
		if (use)
			is_taker[use - f->cpus] = true;
	}
	return nr;
}

/* Every task before it on the queue is one that waits too: nobody who moves is in its way. */
static bool at_head(const struct facts *f, const struct wait *w)
{
	for (size_t i = 0; i < w->dsq->nr_tasks && i < w->task->dsq_pos; i++) {
		const struct scxray_task *t = report_find_task(f->r, &w->dsq->tasks[i]);

		if (!t || !is_stalled(f->r, t, true))
			return false;
	}
	return true;
}

static bool skipped(const struct facts *f, const struct wait *w, const void *arg)
{
	uint64_t nr;

	return w->dsq == arg && is_bound(f, w->task) && at_head(f, w) && overtaken(f, w, &nr) && nr;
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

/* Has none of the picked tasks a CPU that takes from the queue?  And how many passed them by? */
static bool are_apart(const struct facts *f, const bool *is_taker, uint64_t *passed)
{
	bool apart = true;

	for (size_t i = 0; i < f->nr_waits; i++) {
		const struct wait *w = &f->waits[i];
		uint64_t nr;

		if (!w->picked)
			continue;
		if (overtaken(f, w, &nr) && nr > *passed)
			*passed = nr;
		for (size_t c = 0; c < f->r->nr_rqs; c++)
			if (is_taker[c] && may_use(w->task, f->r->rqs[c].cpu))
				apart = false;
	}
	return apart;
}

/*
 * consume_dispatch_q() takes the first task that may run on its CPU and passes by the others:
 * who is at the head, and is overtaken, may not run where the queue is consumed.
 */
static void find_affinity(struct facts *f, const struct scxray_dsq *dsq)
{
	bool *is_taker, disjoint, one;
	uint64_t passed = 0;
	struct strbuf *sb;

	if (!pick(f, skipped, dsq))
		return;
	is_taker = calloc(f->r->nr_rqs + 1, sizeof(*is_taker));
	if (!is_taker) {
		f->dg->error = ENOMEM;
		return;
	}
	disjoint = takers(f, dsq, is_taker) && are_apart(f, is_taker, &passed);
	if (!disjoint)
		are_apart(f, is_taker, &passed);
	sb = tell_picked(f, "affinity", !disjoint);
	if (only_kthreads(f))
		last_finding(f->dg)->kind = "kthread_starved";
	one = last_finding(f->dg)->nr_tasks == 1;
	begin_dsq(sb, dsq);
	put_takers(f, sb, is_taker, disjoint);
	put_names(f, sb);
	strbuf_printf(sb, " may not run: %" PRIu64 " tasks that came later were taken, %s", passed,
		      one ? "it stays at the head for " : "they stay at the head, for ");
	put_longest(f, sb);
	strbuf_putc(sb, '.');
	put_bounds(f, sb);
	about_dsq(f, dsq, "task_kvas");
	free(is_taker);
}

void rule_affinity(struct facts *f)
{
	for (size_t i = 0; i < f->r->nr_dsqs; i++)
		if (f->r->dsqs[i].origin != SCXRAY_DSQ_LOCAL)
			find_affinity(f, &f->r->dsqs[i]);
}

static bool is_overtaken(const struct facts *f, const struct wait *w, const void *arg)
{
	uint64_t nr;

	return w->dsq == arg && overtaken(f, w, &nr) && nr;
}

/* The lowest vtime on the queue, and how far beyond it the last of the finding's tasks is. */
static void put_vtimes(struct facts *f, struct strbuf *sb, const struct scxray_dsq *dsq)
{
	const struct finding *finding = last_finding(f->dg);
	const struct scxray_task *head = report_find_task(f->r, &dsq->tasks[0]);
	int64_t farthest = 0;
	uint64_t v, head_v;

	for (size_t i = 0; head && i < finding->nr_tasks; i++) {
		const struct scxray_task *t = &f->r->tasks[f->dg->tasks[finding->first_task + i]];

		if (num_get(&t->dsq_vtime, &v) && num_get(&head->dsq_vtime, &head_v) &&
		    (int64_t)(v - head_v) > farthest)
			farthest = (int64_t)(v - head_v);
	}
	if (!farthest)
		return;
	strbuf_printf(sb, ", with vtimes up to %" PRId64 " beyond the head's", farthest);
	evidence(f->dg, f->r, "dsq_states[%zu].tasks[0].dsq_vtime", (size_t)(dsq - f->r->dsqs));
}

/* The queue is consumed, these tasks stay: who comes later is put before them. */
static void find_starved(struct facts *f, const struct scxray_dsq *dsq)
{
	struct queue_moves m = queue_moves(f, dsq);
	struct strbuf *sb;

	if (!pick(f, is_overtaken, dsq))
		return;
	sb = tell_picked(f, dsq->is_vtime ? "vtime_starved" : "fifo_starved", false);
	begin_dsq(sb, dsq);
	if (m.counted)
		strbuf_printf(sb,
			      " is consumed (%" PRIu64 " tasks taken, %" PRIu64
			      " inserted between the snapshots)",
			      m.taken, m.inserted);
	else
		strbuf_puts(sb, " is consumed");
	strbuf_puts(sb, ", but ");
	put_names(f, sb);
	strbuf_puts(sb, last_finding(f->dg)->nr_tasks == 1 ? " stays" : " stay");
	strbuf_puts(sb, " on it for ");
	put_longest(f, sb);
	if (dsq->is_vtime) {
		put_vtimes(f, sb, dsq);
		strbuf_puts(sb, ": tasks that come later have a smaller vtime and go before them.");
	} else {
		strbuf_puts(sb, ": tasks that come later are put before them (SCX_ENQ_HEAD, or "
				"moved one by one).");
	}
	put_bounds(f, sb);
	about_dsq(f, dsq, "seq");
}

void rule_starved(struct facts *f)
{
	for (size_t i = 0; i < f->r->nr_dsqs; i++)
		find_starved(f, &f->r->dsqs[i]);
}

/* It is consumed in order: who is on it has not had its turn yet. */
void rule_slow_queue(struct facts *f)
{
	for (size_t i = 0; i < f->r->nr_dsqs; i++) {
		const struct scxray_dsq *dsq = &f->r->dsqs[i];
		struct queue_moves m = queue_moves(f, dsq);
		struct strbuf *sb;

		if (!pick(f, is_on, dsq))
			continue;
		sb = tell_picked(f, m.counted && m.taken ? "slow_queue" : "on_dsq", false);
		put_names(f, sb);
		strbuf_puts(sb, last_finding(f->dg)->nr_tasks == 1 ? " waits on " : " wait on ");
		put_dsq(sb, dsq);
		strbuf_puts(sb, last_finding(f->dg)->nr_tasks == 1 ? " for " : ", the first for ");
		put_longest(f, sb);
		if (m.counted && m.taken)
			strbuf_printf(sb,
				      ": it is consumed in order, only %" PRIu64
				      " tasks were taken between the snapshots",
				      m.taken);
		else if (!f->early)
			strbuf_puts(sb, ": without an earlier snapshot it can't be told whether it "
					"is consumed");
		strbuf_putc(sb, '.');
		put_meanwhile(f, sb, dsq);
		put_bounds(f, sb);
		about_dsq(f, dsq, "task_kvas");
	}
}
