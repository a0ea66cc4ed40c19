/* SPDX-License-Identifier: BSD-2-Clause */
/* rule_unconsumed.c - tasks on a DSQ from which nobody takes */
#include <inttypes.h>
#include <string.h>

#include <scxray/dsq.h>
#include <scxray/host.h>
#include <scxray/prog.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/sched.h>
#include <scxray/task.h>

#include "render/diagnosis/rules.h"
#include "render/diagnosis/words.h"
#include "render/out/cells.h"

static bool is_on(const struct facts *f, const struct wait *w, const void *arg)
{
	(void)f;
	return w->dsq == arg;
}

/* The only program of that op, or NULL. */
static const struct scxray_prog *prog_of_op(const struct scxray_report *r, const char *op)
{
	const struct scxray_prog *found = NULL;

	for (size_t i = 0; i < r->nr_progs; i++) {
		if (!name_is(r->progs[i].op, op))
			continue;
		if (found)
			return NULL;
		found = &r->progs[i];
	}
	return found;
}

static bool has_dispatch(const struct scxray_report *r)
{
	for (size_t i = 0; r->nr_scheds && i < r->scheds[0].nr_ops; i++)
		if (!strcmp(r->scheds[0].ops[i].name, "dispatch"))
			return true;
	return false;
}

/*
 * An idle CPU: was it told that there is work?  balance_one() calls ops.dispatch() before a CPU
 * goes idle, so one that left idle and came back has asked, and got nothing.
 */
static bool put_idle(const struct facts *f, struct strbuf *sb, const struct cpu_use *use)
{
	bool both = use->old && name_is(use->old->curr_class, "idle");
	uint64_t now, then, switches = 1;

	if (!finding_may_use_cpu(f, use->rq->cpu))
		return false;
	if (num_is(&use->rq->online, 0)) {
		strbuf_printf(sb, " CPU %" PRIu32 " is offline.", use->rq->cpu);
		return true;
	}
	if (!name_is(use->rq->curr_class, "idle"))
		return false;
	strbuf_printf(sb, " CPU %" PRIu32 " is idle%s", use->rq->cpu,
		      both ? " in both" : " at the freeze");
	if (both && num_get(&use->rq->nr_switches, &now) && num_get(&use->old->nr_switches, &then))
		switches = now - then;
	if (!switches)
		strbuf_puts(sb, " and did not switch in between: nothing kicked it");
	else if (switches >= 2 && has_dispatch(f->r))
		strbuf_printf(sb,
			      " after %" PRIu64
			      " switches in between, so its ops.dispatch() ran and "
			      "took nothing from here",
			      switches);
	strbuf_putc(sb, '.');
	return true;
}

/* Was it not empty at either moment, and no CPU idle? */
static bool goes_first(const struct facts *f, const struct queue_moves *m,
		       const struct scxray_dsq *dsq)
{
	for (size_t i = 0; i < f->r->nr_rqs; i++)
		if (name_is(f->cpus[i].rq->curr_class, "idle") ||
		    (f->cpus[i].old && name_is(f->cpus[i].old->curr_class, "idle")))
			return false;
	return dsq->origin != SCXRAY_DSQ_LOCAL && dsq->nr_tasks && m->old && m->old->nr_tasks;
}

/* Has one task of ext nearly all of the CPU and hardly a switch, though its slice ends? */
static bool goes_on(const struct facts *f, const struct cpu_use *use)
{
	uint64_t now, then;

	return use->top_ext && !use->keeper && use->top_ext_ns >= f->elapsed_ns / 10 * 9 &&
	       use->old && num_get(&use->rq->nr_switches, &now) &&
	       num_get(&use->old->nr_switches, &then) && now - then <= f->elapsed_ns / 100000000;
}

/* How often ops.dispatch() ran, where the guest counts that (kernel.bpf_stats_enabled). */
static void put_dispatches(const struct facts *f, struct strbuf *sb)
{
	const struct scxray_prog *now = prog_of_op(f->r, "dispatch");
	const struct scxray_prog *then = f->early ? prog_of_op(f->early, "dispatch") : NULL;
	uint64_t nr, before;

	if (!now || !then || now->id != then->id || !num_get(&now->cnt, &nr) ||
	    !num_get(&then->cnt, &before) || nr <= before)
		return;
	strbuf_printf(sb, " ops.dispatch() ran %" PRIu64 " times meanwhile.", nr - before);
	finding_add_path(f->dg, f->r, "prog_runtime_stats[%zu].cnt", (size_t)(now - f->r->progs));
}

/* CPUs whose task is the same all the while: it is let go on. */
static void put_going_on(const struct facts *f, struct strbuf *sb)
{
	size_t nr = 0;

	for (size_t i = 0; i < f->r->nr_rqs && nr < 4; i++) {
		const struct cpu_use *use = &f->cpus[i];
		uint64_t ns = use->top_ext_ns < f->elapsed_ns ? use->top_ext_ns : f->elapsed_ns;

		if (!goes_on(f, use))
			continue;
		strbuf_puts(sb, nr++ ? ", " : " ");
		cell_task(sb, use->top_ext, use->top_ext->kva);
		strbuf_printf(sb, " has CPU %" PRIu32 " for ", use->rq->cpu);
		cell_ms(sb, (int64_t)(ns / 1000000));
		strbuf_puts(sb, " of the ");
		cell_ms(sb, (int64_t)(f->elapsed_ns / 1000000));
	}
	if (nr)
		strbuf_puts(sb, ": at the end of each slice it is let go on.");
}

/* What the other queues gave meanwhile: that the CPUs were at work. */
void words_put_meanwhile(struct facts *f, struct strbuf *sb, const struct scxray_dsq *dsq)
{
	const struct scxray_dsq *most = NULL;
	uint64_t taken = 0, most_taken = 0;
	size_t queues = 0, idle = 0;

	for (size_t i = 0; i < f->r->nr_dsqs && f->early; i++) {
		const struct scxray_dsq *other = &f->r->dsqs[i];
		struct queue_moves m = queue_moves(f, other);

		if (other == dsq || !m.counted || !m.taken)
			continue;
		taken += m.taken;
		queues++;
		if (m.taken > most_taken && goes_first(f, &m, other)) {
			most = other;
			most_taken = m.taken;
		}
	}
	if (most_taken * 2 < taken)
		most = NULL;
	if (queues)
		strbuf_printf(sb, " Meanwhile CPUs took %" PRIu64 " tasks from ", taken);
	if (queues && !(most && queues == 1))
		strbuf_printf(sb, "%zu other queue%s", queues, queues == 1 ? "" : "s");
	if (most) {
		if (queues > 1)
			strbuf_printf(sb, ", %" PRIu64 " of them from ", most_taken);
		words_put_dsq(sb, most);
		strbuf_puts(sb,
			    ", which is not empty at either moment: if CPUs look there first, the "
			    "turn of this one never comes");
	}
	if (queues)
		strbuf_putc(sb, '.');
	if (f->elapsed_ns)
		put_going_on(f, sb);
	for (size_t i = 0; i < f->r->nr_rqs && idle < 4; i++)
		idle += put_idle(f, sb, &f->cpus[i]);
	put_dispatches(f, sb);
}

/* All that was put on the queue since the longest waiting of its tasks came is still there. */
static bool has_kept_all(const struct facts *f, const struct scxray_dsq *dsq)
{
	uint64_t seq, own, oldest = 0;

	if (!num_get(&dsq->seq, &seq) || !num_is(&dsq->nr, dsq->nr_tasks) || dsq->cut)
		return false;
	for (size_t i = 0; i < dsq->nr_tasks; i++) {
		const struct scxray_task *t = report_find_task(f->r, &dsq->tasks[i]);

		if (!t || !num_get(&t->dsq_seq, &own))
			return false;
		/* both are 32 bits wide and wrap */
		own = (uint32_t)(seq - own);
		oldest = own > oldest ? own : oldest;
	}
	return oldest + 1 == dsq->nr_tasks;
}

/* A CPU that the task may use: idle, or it took another since. */
static bool had_a_chance(const struct facts *f, const struct wait *w)
{
	uint64_t hz, wait_ms;

	if (!num_get(&f->r->guest.hz, &hz) || !hz)
		return false;
	wait_ms = (uint64_t)w->age * 1000 / hz;
	for (size_t i = 0; i < f->r->nr_rqs; i++) {
		const struct cpu_use *use = &f->cpus[i];

		if (!task_may_use(w->task, use->rq->cpu) || use->keeper ||
		    num_is(&use->rq->online, 0))
			continue;
		if (name_is(use->rq->curr_class, "idle") ||
		    (use->has_since && use->since_ns / 1000000 < wait_ms / 2))
			return true;
	}
	return false;
}

static bool is_left(const struct facts *f, const struct wait *w, const void *arg)
{
	return w->dsq == arg && had_a_chance(f, w);
}

/* One moment alone: nothing that came since has left, though CPUs took others. */
static void find_left(struct facts *f, const struct scxray_dsq *dsq)
{
	struct strbuf *sb;

	if (dsq->origin == SCXRAY_DSQ_LOCAL || queue_moves(f, dsq).old || !has_kept_all(f, dsq) ||
	    !waits_pick(f, is_left, dsq) || !waits_pick(f, is_on, dsq))
		return;
	sb = finding_tell_picked(f, "dsq_not_consumed", true);
	words_begin_dsq(sb, dsq);
	strbuf_puts(sb, " is not consumed any more: all that was put on it in the last ");
	words_put_longest(f, sb);
	strbuf_printf(sb, " is still there, %zu task%s: ", dsq->nr_tasks,
		      dsq->nr_tasks == 1 ? "" : "s");
	words_put_names(f, sb);
	strbuf_puts(sb, ". CPUs on which they may run have taken others since, or are idle.");
	words_put_meanwhile(f, sb, dsq);
	words_put_timers(f, sb);
	words_put_cgroup(f, sb);
	words_put_bounds(f, sb);
	if (finding_has_only_kthreads(f))
		finding_last(f->dg)->kind = "kthread_starved";
	finding_about_dsq(f, dsq, "seq");
}

static void find_unconsumed(struct facts *f, const struct scxray_dsq *dsq)
{
	struct queue_moves m = queue_moves(f, dsq);
	struct strbuf *sb;

	if ((!m.never && !m.stood) || !waits_pick(f, is_on, dsq))
		return;
	sb = finding_tell_picked(f, "dsq_not_consumed", false);
	if (m.never) {
		words_begin_dsq(sb, dsq);
		strbuf_puts(sb, " is never consumed: ");
		if (dsq->nr_tasks == 1)
			strbuf_puts(sb, "one task was ever inserted and is still on it");
		else
			strbuf_printf(sb,
				      "%zu tasks were ever inserted and all of them are still "
				      "on it",
				      dsq->nr_tasks);
		finding_about_dsq(f, dsq, "seq");
	} else {
		strbuf_puts(sb, "No CPU took a task from ");
		words_put_dsq(sb, dsq);
		strbuf_puts(sb, " between the two snapshots");
		words_put_elapsed(sb, f->dg);
		if (m.old->nr_tasks == 1)
			strbuf_puts(sb, ": the task that was on it is at its head unchanged");
		else
			strbuf_printf(sb,
				      ": the %zu tasks that were on it are at its head unchanged",
				      m.old->nr_tasks);
		if (dsq->nr_tasks > m.old->nr_tasks)
			strbuf_printf(sb, ", and %zu more came after them",
				      dsq->nr_tasks - m.old->nr_tasks);
		finding_about_dsq(f, dsq, "task_kvas");
	}
	strbuf_puts(sb, finding_last(f->dg)->nr_tasks == 1 ? ", for " : ", the first for ");
	words_put_longest(f, sb);
	strbuf_puts(sb, ": ");
	words_put_names(f, sb);
	strbuf_putc(sb, '.');
	words_put_meanwhile(f, sb, dsq);
	words_put_timers(f, sb);
	words_put_cgroup(f, sb);
	words_put_bounds(f, sb);
	if (finding_has_only_kthreads(f))
		finding_last(f->dg)->kind = "kthread_starved";
	if (m.stood)
		finding_add_path(f->dg, f->early, "dsq_states[%zu].task_kvas",
				 (size_t)(m.old - f->early->dsqs));
}

void rule_dsq_not_consumed(struct facts *f)
{
	for (size_t i = 0; i < f->r->nr_dsqs; i++)
		find_unconsumed(f, &f->r->dsqs[i]);
	for (size_t i = 0; i < f->r->nr_dsqs; i++)
		find_left(f, &f->r->dsqs[i]);
}
