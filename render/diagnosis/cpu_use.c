/* SPDX-License-Identifier: BSD-2-Clause */
/* cpu_use.c - the task that has each CPU, and those that had it between the snapshots */
#include <scxray/dsq.h>
#include <scxray/host.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/task.h>
#include <scxray/vcpu.h>

#include "render/diagnosis/cpu_use.h"

/* ext.c: SCX_SLICE_INF */
#define SLICE_INF UINT64_MAX

/*
 * Tasks of class rt that are there because of the failure or of the image, and keep nothing
 * from anybody: sched_ext's own helpers (scx_enable() and scx_disable() run there), and who
 * asked for the dump by SysRq.
 */
static bool is_bystander(const struct facts *f, const struct scxray_task *t)
{
	const struct scxray_vcpu *v = NULL;

	if (t->comm.state == SCXRAY_PRESENT && (!strncmp(t->comm.bytes, "sched_ext_help", 14) ||
						!strncmp(t->comm.bytes, "scx_enable_help", 15)))
		return true;
	for (size_t i = 0; i < f->r->nr_vcpus; i++)
		if (f->r->vcpus[i].curr_kva.state == SCXRAY_PRESENT &&
		    f->r->vcpus[i].curr_kva.value == t->kva)
			v = &f->r->vcpus[i];
	for (size_t i = 0; v && i < v->backtrace.nr; i++)
		if (v->backtrace.frames[i].symbol &&
		    (!strncmp(v->backtrace.frames[i].symbol, "write_sysrq_trigger", 19) ||
		     !strncmp(v->backtrace.frames[i].symbol, "__handle_sysrq", 14)))
			return true;
	return false;
}

/* How long ago the task was switched in, by its CPU's clock; false where that is not known. */
static bool since_arrival(const struct scxray_rq *rq, const struct scxray_task *t, uint64_t *ns)
{
	uint64_t clock, arrival;

	if (!num_get(&rq->clock, &clock) || !num_get(&t->last_arrival, &arrival) || !arrival)
		return false;
	/* a rq's clock lags while its CPU has no tick */
	*ns = clock > arrival ? clock - arrival : 0;
	return true;
}

/*
 * Whom a bystander, or a stopper, has just interrupted: put_prev_task_scx() puts it at the head
 * of the local DSQ and calls it runnable from then on.
 */
static const struct scxray_task *preempted_by(const struct facts *f, const struct scxray_rq *rq,
					      const struct scxray_task *curr)
{
	uint64_t ns, hz, age;

	if (!is_bystander(f, curr) && !name_is(rq->curr_class, "stop"))
		return NULL;
	if (!since_arrival(rq, curr, &ns) || !num_get(&f->r->guest.hz, &hz) || !hz)
		return NULL;
	for (size_t i = 0; i < f->r->nr_dsqs; i++) {
		const struct scxray_dsq *dsq = &f->r->dsqs[i];
		const struct scxray_task *head =
			dsq->nr_tasks ? report_find_task(f->r, &dsq->tasks[0]) : NULL;

		if (dsq->origin != SCXRAY_DSQ_LOCAL || dsq->index != rq->cpu || !head ||
		    !name_is(head->sched_class, "ext") ||
		    !num_get(&head->runnable_age_jiffies, &age))
			continue;
		/* jiffies and the clock are a tick or two apart */
		ns = ns * hz / 1000000000;
		return age <= ns + 2 && ns <= age + 2 ? head : NULL;
	}
	return NULL;
}

static void now(const struct facts *f, struct cpu_use *use)
{
	const struct scxray_rq *rq = use->rq, *old = use->old;

	if (rq->curr_index >= 0 && (size_t)rq->curr_index < f->r->nr_tasks)
		use->curr = &f->r->tasks[rq->curr_index];
	use->same_curr =
		old && num_true(&rq->curr_kva) && num_is(&old->curr_kva, rq->curr_kva.value) &&
		rq->curr_pid.state == SCXRAY_PRESENT && num_is(&old->curr_pid, rq->curr_pid.value);
	/* the idle task is not accounted */
	if (!use->curr || name_is(rq->curr_class, "idle"))
		return;
	use->preempted = preempted_by(f, rq, use->curr);
	use->has_since =
		since_arrival(rq, use->preempted ? use->preempted : use->curr, &use->since_ns);
}

/*
 * How long a task has run since early, as of its last tick; false where it can't be told, or
 * where: a task counts for a CPU that it was on at both times.
 */
static bool ran_for(const struct facts *f, const struct scxray_task *t, uint64_t *ns)
{
	const struct scxray_task *old = facts_early_task(f, t);
	uint64_t now_ns, then_ns;

	if (!old || old->cpu.state != SCXRAY_PRESENT || !num_is(&t->cpu, old->cpu.value) ||
	    !num_get(&t->sum_exec_runtime, &now_ns) || !num_get(&old->sum_exec_runtime, &then_ns) ||
	    now_ns < then_ns)
		return false;
	*ns = now_ns - then_ns;
	return true;
}

static void between(struct facts *f)
{
	for (size_t i = 0; i < f->r->nr_tasks; i++) {
		const struct scxray_task *t = &f->r->tasks[i];
		struct cpu_use *use =
			t->cpu.state == SCXRAY_PRESENT ? facts_cpu_use(f, t->cpu.value) : NULL;
		uint64_t ns;

		if (!use || !ran_for(f, t, &ns))
			continue;
		use->measured = true;
		if (class_is_above_ext(f, t->sched_class)) {
			if (is_bystander(f, t))
				continue;
			use->above_ns += ns;
			if (ns > use->top_ns) {
				use->top = t;
				use->top_ns = ns;
			}
		} else if (name_is(t->sched_class, "ext")) {
			use->ext_ns += ns;
			if (ns > use->top_ext_ns) {
				use->top_ext = t;
				use->top_ext_ns = ns;
			}
		}
	}
}

/* Has a task a slice that does not end before others have waited too long? */
static bool is_endless(const struct facts *f, const struct scxray_task *t)
{
	uint64_t slice, timeout, hz;

	if (!num_get(&t->slice, &slice))
		return false;
	if (slice == SLICE_INF)
		return true;
	timeout = sched_timeout_jiffies(f->r, &t->sched_kva);
	return num_get(&f->r->guest.hz, &hz) && hz && timeout &&
	       slice / 1000000 > timeout * 1000 / hz / 2;
}

/* Has curr been there for half of what the longest wait is? */
static bool since_long(const struct facts *f, const struct cpu_use *use)
{
	uint64_t hz;

	return use->has_since && f->nr_waits && num_get(&f->r->guest.hz, &hz) && hz &&
	       use->since_ns / 1000000 >= (uint64_t)f->waits[0].age * 1000 / hz / 2;
}

/*
 * Without an endless slice a task of ext may be all there is to run: then it goes on without a
 * switch, and ops.dispatch() is asked at each slice's end.  Only what is on the CPU's own local
 * DSQ would have come before it.
 */
static void keeper(const struct facts *f, struct cpu_use *use)
{
	const struct scxray_task *curr = use->preempted ? use->preempted : use->curr;
	bool above = curr && !use->preempted && class_is_above_ext(f, use->rq->curr_class) &&
		     !is_bystander(f, curr);
	/* set_next_task_scx() takes it off the runnable list: on_rq says whether it goes on */
	bool ext = curr && name_is(curr->sched_class, "ext") && num_true(&curr->on_rq);
	/* the kernel leaves a share to lower classes: rt throttling, deadline servers */
	bool most_above = use->measured && f->elapsed_ns && use->above_ns >= f->elapsed_ns / 2 &&
			  use->ext_ns <= f->elapsed_ns / 5;

	if (most_above && use->top) {
		use->keeper = use->top;
		use->keeper_shown = true;
	} else if (use->top_ext && is_endless(f, use->top_ext) && f->elapsed_ns &&
		   use->top_ext_ns >= f->elapsed_ns - f->elapsed_ns / 5) {
		use->keeper = use->top_ext;
		use->keeper_shown = true;
	} else if (above) {
		use->keeper_shown = since_long(f, use) || (use->same_curr && !use->measured);
		if (use->keeper_shown || !use->old)
			use->keeper = curr;
	} else if (ext && (is_endless(f, curr) || since_long(f, use))) {
		use->keeper_shown = since_long(f, use) || (use->same_curr && !use->preempted);
		use->local_only = !is_endless(f, curr);
		if (use->keeper_shown || !use->old)
			use->keeper = curr;
	}
}

void cpus_make(struct facts *f)
{
	for (size_t i = 0; i < f->r->nr_rqs; i++)
		now(f, &f->cpus[i]);
	if (f->elapsed_ns)
		between(f);
	for (size_t i = 0; i < f->r->nr_rqs; i++)
		keeper(f, &f->cpus[i]);
}
