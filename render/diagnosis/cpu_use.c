/* SPDX-License-Identifier: BSD-2-Clause */
/* cpu_use.c - who has each CPU, and who had it between the snapshots */
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

static void now(const struct facts *f, struct cpu_use *use)
{
	const struct scxray_rq *rq = use->rq, *old = use->old;
	uint64_t clock, arrival;

	if (rq->curr_index >= 0 && (size_t)rq->curr_index < f->r->nr_tasks)
		use->curr = &f->r->tasks[rq->curr_index];
	use->same_curr =
		old && num_true(&rq->curr_kva) && num_is(&old->curr_kva, rq->curr_kva.value) &&
		rq->curr_pid.state == SCXRAY_PRESENT && num_is(&old->curr_pid, rq->curr_pid.value);
	/* the idle task is not accounted */
	if (!use->curr || is_class(rq->curr_class, "idle") || !num_get(&rq->clock, &clock) ||
	    !num_get(&use->curr->last_arrival, &arrival) || !arrival)
		return;
	/* a rq's clock lags while its CPU has no tick */
	use->has_since = true;
	use->since_ns = clock > arrival ? clock - arrival : 0;
}

/*
 * How long a task has run since early, as of its last tick; false where it can't be told, or
 * where: a task counts for a CPU that it was on at both times.
 */
static bool ran_for(const struct facts *f, const struct scxray_task *t, uint64_t *ns)
{
	const struct scxray_task *old = early_task(f, t);
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
			t->cpu.state == SCXRAY_PRESENT ? use_of_cpu(f, t->cpu.value) : NULL;
		uint64_t ns;

		if (!use || !ran_for(f, t, &ns))
			continue;
		use->measured = true;
		if (above_ext(f, t->sched_class)) {
			use->above_ns += ns;
			if (ns > use->top_ns && !is_bystander(f, t)) {
				use->top = t;
				use->top_ns = ns;
			}
		} else if (is_class(t->sched_class, "ext")) {
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
	const struct scxray_task *curr = use->curr;
	bool above = curr && above_ext(f, use->rq->curr_class) && !is_bystander(f, curr);
	/* set_next_task_scx() takes it off the runnable list: on_rq says whether it goes on */
	bool ext = curr && is_class(use->rq->curr_class, "ext") && num_true(&curr->on_rq);
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
		use->keeper_shown = since_long(f, use) || use->same_curr;
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
