/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * find_cpu.c - findings about CPUs that stalled tasks may use: what they run
 * instead, and whether they run at all
 */
#include "render/diagnosis/find.h"

#include <inttypes.h>

#include "render/out/join.h"
#include "render/out/cells.h"

#define MAX_FINDINGS 16

static bool is_class(const char *class, const char *name)
{
	return class && !strcmp(class, name);
}

/* Sched_ext tasks can't have a CPU while one of these wants it. */
static bool above_ext(const char *class)
{
	return is_class(class, "rt") || is_class(class, "dl") || is_class(class, "stop");
}

static bool may_use(const struct scxray_task *t, uint32_t cpu)
{
	if (num_true(&t->migration_disabled))
		return num_is(&t->cpu, cpu);
	if (t->cpus_allowed.state != SCXRAY_PRESENT)
		return true;
	return cpu < t->cpus_allowed.nr_bits && t->cpus_allowed.words[cpu / 64] >> cpu % 64 & 1;
}

/* Stalled tasks that may use the CPU. */
static size_t wanting(const struct scxray_report *r, uint32_t cpu)
{
	size_t nr = 0;

	for (size_t i = 0; i < r->nr_tasks; i++)
		nr += is_stalled(r, &r->tasks[i], true) && may_use(&r->tasks[i], cpu);
	return nr;
}

static void put_curr(struct strbuf *sb, const struct scxray_rq *rq)
{
	if (rq->curr_pid.state != SCXRAY_PRESENT) {
		strbuf_puts(sb, "a task at ");
		cell_hex(sb, &rq->curr_kva);
		return;
	}
	cell_text(sb, &rq->curr_comm);
	strbuf_printf(sb, "[%" PRId64 "]", num_signed(&rq->curr_pid));
}

static const struct scxray_rq *early_rq(const struct diagnosis *dg, const struct scxray_rq *rq)
{
	return dg->doc->dual && dg->doc->early ? report_find_rq(dg->doc->early, rq->cpu) : NULL;
}

static bool same_curr(const struct scxray_rq *old, const struct scxray_rq *rq)
{
	return old && num_true(&rq->curr_kva) && num_is(&old->curr_kva, rq->curr_kva.value) &&
	       rq->curr_pid.state == SCXRAY_PRESENT && num_is(&old->curr_pid, rq->curr_pid.value);
}

static void and_early(struct diagnosis *dg, struct strbuf *sb, const struct scxray_rq *old)
{
	strbuf_puts(sb, ", as it did in the early snapshot");
	evidence(dg, dg->doc->early, "rq_scx_states[%zu].curr_pid",
		 (size_t)(old - dg->doc->early->rqs));
}

/* What share of its CPU a deadline task may have. */
static void put_deadline(struct diagnosis *dg, const struct scxray_report *r,
			 const struct scxray_rq *rq, struct strbuf *sb)
{
	const struct scxray_task *t;

	if (rq->curr_index < 0 || (size_t)rq->curr_index >= r->nr_tasks)
		return;
	t = &r->tasks[rq->curr_index];
	if (t->dl_runtime.state != SCXRAY_PRESENT || !num_true(&t->dl_period))
		return;
	strbuf_puts(sb, " (its deadline parameters give it ");
	cell_ns(sb, t->dl_runtime.value);
	strbuf_puts(sb, " of every ");
	cell_ns(sb, t->dl_period.value);
	strbuf_putc(sb, ')');
	evidence(dg, r, "task_enrichments[%d].dl_runtime_ns", rq->curr_index);
}

/* Runnable tasks of higher classes, beside the one that runs. */
static void find_higher(struct diagnosis *dg, const struct scxray_report *r, size_t i, size_t want)
{
	const struct scxray_rq *rq = &r->rqs[i];
	struct strbuf *sb;

	if (!rq->nr_higher)
		return;
	sb = find(dg, SEVERITY_INFO, "cpu_wanted_above");
	strbuf_printf(sb, "On CPU %" PRIu32 " ", rq->cpu);
	cell_task(sb, report_find_task(r, &rq->higher[0]), rq->higher[0].kva);
	if (rq->nr_higher > 1)
		strbuf_printf(sb, " and %zu more rt or deadline tasks are", rq->nr_higher - 1);
	else
		strbuf_puts(sb, " is");
	strbuf_printf(sb,
		      " runnable too and of a higher class: before the %zu stalled task%s that may "
		      "use this CPU.",
		      want, want == 1 ? "" : "s");
	evidence(dg, r, "rq_scx_states[%zu].higher_class_tasks", i);
}

/* A vCPU that spins for a lock, or sleeps for one with nothing else to run. */
static void find_lock(struct diagnosis *dg, const struct scxray_report *r, size_t i)
{
	const struct scxray_vcpu *v = &r->vcpus[i];
	struct strbuf *sb;

	if (!v->parked || !v->lock_slowpath_match || v->cpu.state != SCXRAY_PRESENT)
		return;
	sb = find(dg, SEVERITY_WARNING, "cpu_in_lock");
	strbuf_printf(sb, "CPU %llu waits for a lock: ", (unsigned long long)v->cpu.value);
	if (v->curr_pid.state == SCXRAY_PRESENT) {
		cell_text(sb, &v->curr_comm);
		strbuf_printf(sb, "[%lld]", (long long)num_signed(&v->curr_pid));
	} else {
		strbuf_puts(sb, "its current task");
	}
	strbuf_puts(sb, " is in ");
	cell_string(sb, v->lock_slowpath_match);
	strbuf_puts(sb, "().");
	evidence(dg, r, "vcpu_regs[%zu].lock_slowpath_match", i);
}

static void find_curr(struct diagnosis *dg, const struct scxray_report *r, size_t i, size_t want)
{
	const struct scxray_rq *rq = &r->rqs[i], *old = early_rq(dg, rq);
	bool idle = is_class(rq->curr_class, "idle");
	struct strbuf *sb;

	if (above_ext(rq->curr_class)) {
		sb = find(dg, SEVERITY_WARNING, "cpu_taken");
		strbuf_printf(sb, "CPU %" PRIu32 " runs ", rq->cpu);
		put_curr(sb, rq);
		strbuf_printf(sb, " of class %s, which sched_ext tasks can't preempt",
			      rq->curr_class);
		put_deadline(dg, r, rq, sb);
		evidence(dg, r, "rq_scx_states[%zu].curr_class", i);
		if (same_curr(old, rq))
			and_early(dg, sb, old);
	} else if (idle) {
		sb = find(dg, SEVERITY_WARNING, "cpu_idle");
		strbuf_printf(sb, "CPU %" PRIu32 " is idle", rq->cpu);
		if (rq->nr_runnable)
			strbuf_printf(sb, " with %zu tasks on its runnable list", rq->nr_runnable);
		evidence(dg, r, "rq_scx_states[%zu].curr_class", i);
		if (old && is_class(old->curr_class, "idle"))
			and_early(dg, sb, old);
	} else if (same_curr(old, rq)) {
		sb = find(dg, SEVERITY_INFO, "cpu_same_task");
		strbuf_printf(sb, "CPU %" PRIu32 " runs ", rq->cpu);
		put_curr(sb, rq);
		if (rq->curr_class)
			strbuf_printf(sb, " of class %s", rq->curr_class);
		evidence(dg, r, "rq_scx_states[%zu].curr_pid", i);
		and_early(dg, sb, old);
	} else {
		return;
	}
	strbuf_printf(sb, "; %zu stalled task%s may use this CPU.", want, want == 1 ? "" : "s");
}

static void find_clock(struct diagnosis *dg, const struct scxray_report *r, size_t i)
{
	const struct scxray_rq *rq = &r->rqs[i], *old = early_rq(dg, rq);
	const struct scxray_num *clock, *old_clock;
	bool of_scx = rq->clock.state != SCXRAY_PRESENT;
	struct strbuf *sb;

	if (!old)
		return;
	clock = of_scx ? &rq->rq_clock : &rq->clock;
	old_clock = of_scx ? &old->rq_clock : &old->clock;
	if (!num_true(clock) || !num_is(old_clock, clock->value))
		return;
	/* an idle CPU with nothing to run has stopped its tick, and is right to */
	if (is_class(rq->curr_class, "idle") && !rq->nr_runnable)
		return;
	sb = find(dg, SEVERITY_ERROR, "rq_clock_stood");
	strbuf_printf(sb,
		      "The rq clock of CPU %" PRIu32
		      " stood still between the snapshots: neither a "
		      "tick nor a scheduling event came through there (it runs ",
		      rq->cpu);
	put_curr(sb, rq);
	strbuf_puts(sb, ").");
	evidence(dg, r, "rq_scx_states[%zu].%s", i, of_scx ? "rq_clock" : "clock_ns");
	evidence(dg, dg->doc->early, "rq_scx_states[%zu].%s", (size_t)(old - dg->doc->early->rqs),
		 of_scx ? "rq_clock" : "clock_ns");
}

static void find_state(struct diagnosis *dg, const struct scxray_report *r, size_t i, size_t want)
{
	const struct scxray_rq *rq = &r->rqs[i];
	struct strbuf *sb;

	if (want && num_is(&rq->online, 0)) {
		sb = find(dg, SEVERITY_WARNING, "cpu_offline");
		strbuf_printf(sb,
			      "CPU %" PRIu32 " is offline for the scheduler; %zu stalled tasks "
			      "have it in their mask.",
			      rq->cpu, want);
		evidence(dg, r, "rq_scx_states[%zu].online", i);
	}
	if (num_true(&rq->cpu_released)) {
		sb = find(dg, SEVERITY_INFO, "cpu_released");
		strbuf_printf(sb,
			      "CPU %" PRIu32 " is released: a higher class has taken it from "
			      "sched_ext (ops.cpu_release() state).",
			      rq->cpu);
		evidence(dg, r, "rq_scx_states[%zu].cpu_released", i);
	}
	if (rq->runnable_cut) {
		sb = find(dg, SEVERITY_WARNING, "runnable_cut");
		strbuf_printf(sb,
			      "The runnable list of CPU %" PRIu32 " is not complete: ", rq->cpu);
		cell_string(sb, rq->runnable_cut);
		strbuf_putc(sb, '.');
		evidence(dg, r, "rq_scx_states[%zu].runnable_cut", i);
	}
}

void find_cpus(struct diagnosis *dg)
{
	const struct scxray_report *r = dg->doc->late;
	size_t before = dg->nr;

	for (size_t i = 0; i < r->nr_rqs && dg->nr - before < MAX_FINDINGS; i++) {
		size_t want = wanting(r, r->rqs[i].cpu);

		find_clock(dg, r, i);
		find_state(dg, r, i, want);
		if (want) {
			find_curr(dg, r, i, want);
			find_higher(dg, r, i, want);
		}
	}
	for (size_t i = 0; i < r->nr_vcpus && dg->nr - before < MAX_FINDINGS; i++)
		find_lock(dg, r, i);
}
