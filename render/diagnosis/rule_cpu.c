/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rule_cpu.c - tasks that wait for a CPU which another task keeps, or which is idle although
 * they are on its own queue
 */
#include <inttypes.h>

#include <scxray/dsq.h>
#include <scxray/host.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/task.h>

#include "render/diagnosis/rules.h"
#include "render/diagnosis/words.h"
#include "render/out/cells.h"

static bool is_local_of(const struct wait *w, uint32_t cpu)
{
	return w->dsq && w->dsq->origin == SCXRAY_DSQ_LOCAL && w->dsq->index == cpu;
}

/* Can every CPU that the task may use, this one among them, not take it? */
static bool only_kept(const struct facts *f, const struct wait *w, const struct cpu_use *use)
{
	if (w->dsq && w->dsq->origin == SCXRAY_DSQ_LOCAL)
		return false;
	if (use->local_only || !task_may_use(w->task, use->rq->cpu))
		return false;
	for (size_t i = 0; i < f->r->nr_rqs; i++) {
		const struct cpu_use *other = &f->cpus[i];

		if (task_may_use(w->task, other->rq->cpu) && !num_is(&other->rq->online, 0) &&
		    (!other->keeper || other->local_only))
			return false;
	}
	return true;
}

static bool only_kept_consumes(const struct facts *f, const struct wait *w,
			       const struct cpu_use *use)
{
	return w->dsq && use->keeper_shown && class_is_above_ext(f, use->keeper->sched_class) &&
	       queue_others_leave(f, w->dsq, use);
}

static bool waits_for_kept(const struct facts *f, const struct wait *w, const void *arg)
{
	const struct cpu_use *use = arg;

	/* with one keeper of its own class its local queue tells nothing: it would be kept too */
	return w->task != use->keeper &&
	       (!w->task->sched_class || name_is(w->task->sched_class, "ext")) &&
	       (is_local_of(w, use->rq->cpu) || only_kept(f, w, use) ||
		only_kept_consumes(f, w, use));
}

/* "100ms of every 100ms" */
static void put_deadline(struct facts *f, struct strbuf *sb, const struct scxray_task *t)
{
	if (t->dl_runtime.state != SCXRAY_PRESENT || !num_true(&t->dl_period))
		return;
	strbuf_puts(sb, " (its deadline parameters give it ");
	cell_ns(sb, t->dl_runtime.value);
	strbuf_puts(sb, " of every ");
	cell_ns(sb, t->dl_period.value);
	strbuf_putc(sb, ')');
	finding_add_path(f->dg, f->r, "task_enrichments[%zu].dl_runtime_ns",
			 (size_t)(t - f->r->tasks));
}

static void put_of_elapsed(const struct facts *f, struct strbuf *sb, uint64_t ns)
{
	/* accounting and jiffies differ by a tick */
	cell_ms(sb, (int64_t)((ns < f->elapsed_ns ? ns : f->elapsed_ns) / 1000000));
	strbuf_puts(sb, " of the ");
	cell_ms(sb, (int64_t)(f->elapsed_ns / 1000000));
	strbuf_puts(sb, " between the two snapshots");
}

/* Who has had the CPU, and how long. */
static void put_keeper(const struct facts *f, struct strbuf *sb, const struct cpu_use *use)
{
	const struct scxray_task *t = use->keeper;
	bool of_class = t == use->top;
	uint64_t ns = of_class ? use->top_ns : t == use->top_ext ? use->top_ext_ns : 0;
	bool several = of_class && use->above_ns - ns > use->above_ns / 8;

	if (several)
		strbuf_printf(sb, "Tasks of class %s keep", t->sched_class);
	else
		cell_task(sb, t, t->kva);
	if (!several && t->sched_class)
		strbuf_printf(sb, " of class %s keeps", t->sched_class);
	strbuf_printf(sb, " CPU %" PRIu32, use->rq->cpu);
	if (ns) {
		strbuf_puts(sb, " for ");
		put_of_elapsed(f, sb, of_class ? use->above_ns : ns);
	} else if (use->has_since && use->since_ns >= 1000000) {
		strbuf_puts(sb, " for ");
		cell_ms(sb, (int64_t)(use->since_ns / 1000000));
	}
	if (several) {
		strbuf_puts(sb, ", most of it ");
		cell_task(sb, t, t->kva);
	} else if (use->same_curr && use->curr == t) {
		strbuf_puts(sb, ", it is current in both");
	}
}

static void put_others(const struct facts *f, struct strbuf *sb, const struct scxray_rq *rq)
{
	size_t nr = 0;

	for (size_t i = 0; i < rq->nr_higher; i++) {
		const struct scxray_task *t = report_find_task(f->r, &rq->higher[i]);

		if (t && f->cpus[rq - f->r->rqs].keeper == t)
			continue;
		nr++;
	}
	if (!nr)
		return;
	strbuf_puts(sb, " Before them ");
	cell_task(sb, report_find_task(f->r, &rq->higher[0]), rq->higher[0].kva);
	if (nr > 1)
		strbuf_printf(sb, " and %zu more of such classes come", nr - 1);
	else
		strbuf_puts(sb, " of such a class comes");
	strbuf_puts(sb, ", runnable there too.");
	finding_add_path(f->dg, f->r, "rq_scx_states[%zu].higher_class_tasks",
			 (size_t)(rq - f->r->rqs));
}

/* The deadline server that should give sched_ext a share all the same (7.0). */
static void put_server(struct facts *f, struct strbuf *sb, const struct scxray_rq *rq)
{
	if (rq->ext_server.dl_runtime.state != SCXRAY_PRESENT)
		return;
	if (!rq->ext_server.dl_runtime.value)
		strbuf_puts(sb,
			    " The CPU's ext server, which would give them a share all the same, "
			    "is turned off (runtime 0).");
	else if (num_true(&rq->ext_server.throttled))
		strbuf_puts(sb, " The CPU's ext server has given them their share of this period.");
	else
		return;
	finding_add_path(f->dg, f->r, "rq_scx_states[%zu].ext_server_runtime_ns",
			 (size_t)(rq - f->r->rqs));
}

static void find_kept(struct facts *f, struct cpu_use *use)
{
	const struct scxray_task *t = use->keeper;
	const struct scxray_rq *rq = use->rq;
	bool ext = name_is(t->sched_class, "ext");
	struct strbuf *sb;

	if (!waits_pick(f, waits_for_kept, use))
		return;
	sb = finding_tell_picked(f, ext ? "cpu_kept_by_ext" : "cpu_kept_by_class",
				 !use->keeper_shown);
	put_keeper(f, sb, use);
	if (!ext) {
		strbuf_puts(sb, "; that class comes before sched_ext");
		if (name_is(t->sched_class, "fair"))
			strbuf_puts(sb, " (SCX_OPS_SWITCH_PARTIAL: class fair goes on)");
		put_deadline(f, sb, t);
	} else if (num_is(&t->slice, UINT64_MAX)) {
		strbuf_puts(sb, ", with an endless slice (SCX_SLICE_INF): nothing preempts it");
		finding_add_path(f->dg, f->r, "task_enrichments[%zu].slice_ns",
				 (size_t)(t - f->r->tasks));
	} else if (t->slice.state == SCXRAY_PRESENT) {
		strbuf_puts(sb, ", its slice has ");
		cell_ns(sb, t->slice.value);
		strbuf_puts(sb, " left");
	}
	strbuf_puts(sb, ". ");
	words_put_cpu_waiters(f, sb, rq);
	if (!ext) {
		put_others(f, sb, rq);
		put_server(f, sb, rq);
	}
	finding_about_cpu(f, rq, "curr_class");
}

void rule_cpu_kept(struct facts *f)
{
	for (size_t i = 0; i < f->r->nr_rqs; i++)
		if (f->cpus[i].keeper)
			find_kept(f, &f->cpus[i]);
}

static bool waits_for_idle(const struct facts *f, const struct wait *w, const void *arg)
{
	const struct cpu_use *use = arg;

	(void)f;
	return is_local_of(w, use->rq->cpu);
}

/* A CPU takes from its own local DSQ before all else: idle with tasks there it was not told. */
void rule_lost_kick(struct facts *f)
{
	for (size_t i = 0; i < f->r->nr_rqs; i++) {
		struct cpu_use *use = &f->cpus[i];
		struct strbuf *sb;
		bool both;

		if (!name_is(use->rq->curr_class, "idle") || num_is(&use->rq->online, 0) ||
		    !waits_pick(f, waits_for_idle, use))
			continue;
		both = use->old && name_is(use->old->curr_class, "idle");
		sb = finding_tell_picked(f, "lost_kick", false);
		strbuf_printf(sb, "CPU %" PRIu32 " is idle%s with ", use->rq->cpu,
			      both ? " in both snapshots" : "");
		words_put_names(f, sb);
		strbuf_puts(sb, " on its own local DSQ");
		if (finding_last(f->dg)->nr_tasks > 1)
			strbuf_puts(sb, ", the first");
		strbuf_puts(sb, " for ");
		words_put_longest(f, sb);
		strbuf_puts(sb,
			    ": it was never kicked (scx_bpf_kick_cpu()), or the kick was lost.");
		if (both && num_true(&use->rq->nr_switches) &&
		    num_is(&use->old->nr_switches, use->rq->nr_switches.value))
			strbuf_puts(sb, " It did not switch tasks in between.");
		words_put_bounds(f, sb);
		finding_about_cpu(f, use->rq, "curr_class");
	}
}
