/* SPDX-License-Identifier: BSD-2-Clause */
/* find_cpu.c - findings about CPUs: whether they run at all, locks that they wait for */
#include <inttypes.h>

#include <scxray/host.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/vcpu.h>

#include "render/diagnosis/find.h"
#include "render/diagnosis/words.h"
#include "render/out/cells.h"

#define MAX_FINDINGS 16

/* Stalled tasks that may use the CPU. */
static size_t wanting(const struct scxray_report *r, uint32_t cpu)
{
	size_t nr = 0;

	for (size_t i = 0; i < r->nr_tasks; i++)
		nr += task_is_stalled(r, &r->tasks[i], true) && task_may_use(&r->tasks[i], cpu);
	return nr;
}

/* A vCPU that spins for a lock, or sleeps for one with nothing else to run. */
static void find_lock(struct diagnosis *dg, const struct scxray_report *r, size_t i)
{
	const struct scxray_vcpu *v = &r->vcpus[i];
	struct strbuf *sb;

	if (!v->parked || !v->lock_slowpath_match || v->cpu.state != SCXRAY_PRESENT)
		return;
	sb = finding_begin(dg, RANK_EVIDENCE, SEVERITY_WARNING, "cpu_in_lock");
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
	finding_add_path(dg, r, "vcpu_regs[%zu].lock_slowpath_match", i);
}

static void find_clock(struct diagnosis *dg, const struct scxray_report *r, size_t i)
{
	const struct scxray_rq *rq = &r->rqs[i],
			       *old = dg->early ? report_find_rq(dg->early, rq->cpu) : NULL;
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
	if ((name_is(rq->curr_class, "idle") && !rq->nr_runnable) || num_is(&rq->online, 0))
		return;
	sb = finding_begin(dg, RANK_EVIDENCE, SEVERITY_ERROR, "rq_clock_stood");
	strbuf_printf(sb,
		      "The rq clock of CPU %" PRIu32
		      " stood still between the snapshots: neither a "
		      "tick nor a scheduling event came through there (it runs ",
		      rq->cpu);
	words_put_curr(sb, rq);
	strbuf_puts(sb, ").");
	finding_add_path(dg, r, "rq_scx_states[%zu].%s", i, of_scx ? "rq_clock" : "clock_ns");
	finding_add_path(dg, dg->early, "rq_scx_states[%zu].%s", (size_t)(old - dg->early->rqs),
			 of_scx ? "rq_clock" : "clock_ns");
}

static void find_state(struct diagnosis *dg, const struct scxray_report *r, size_t i, size_t want)
{
	const struct scxray_rq *rq = &r->rqs[i];
	struct strbuf *sb;

	if (want && num_is(&rq->online, 0)) {
		sb = finding_begin(dg, RANK_EVIDENCE, SEVERITY_WARNING, "cpu_offline");
		strbuf_printf(sb,
			      "CPU %" PRIu32 " is offline for the scheduler; %zu stalled tasks "
			      "have it in their mask.",
			      rq->cpu, want);
		finding_add_path(dg, r, "rq_scx_states[%zu].online", i);
	}
	if (num_true(&rq->cpu_released)) {
		sb = finding_begin(dg, RANK_NOTE, SEVERITY_INFO, "cpu_released");
		strbuf_printf(sb,
			      "CPU %" PRIu32 " is released: a higher class has taken it from "
			      "sched_ext (ops.cpu_release() state).",
			      rq->cpu);
		finding_add_path(dg, r, "rq_scx_states[%zu].cpu_released", i);
	}
}

void find_cpus(struct diagnosis *dg)
{
	const struct scxray_report *r = dg->doc->late;
	size_t before = dg->nr;

	for (size_t i = 0; i < r->nr_rqs && dg->nr - before < MAX_FINDINGS; i++) {
		find_clock(dg, r, i);
		find_state(dg, r, i, wanting(r, r->rqs[i].cpu));
	}
	for (size_t i = 0; i < r->nr_vcpus && dg->nr - before < MAX_FINDINGS; i++)
		find_lock(dg, r, i);
}
