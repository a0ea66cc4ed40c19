/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The failures of the fixture scheduler, once `stalling` is set: where a victim is put to stay, and
 * the calls that end the scheduler. shared.h says which mode does what.
 */
#ifndef SCXFIX_STRAND_H
#define SCXFIX_STRAND_H

#include "asked.h"
#include "throttled.h"

#define HOUR (3600 * 1000 * MSEC)

/* task_struct.flags */
#define PF_WQ_WORKER 0x20U
#define PF_KTHREAD 0x200000U

/*
 * Puts a victim where it will stay. Returns false where the mode has no such place: queue it like
 * others.
 */
static bool strand(struct task_struct *p, const struct task_ctx *tc, u64 enq_flags)
{
	u64 far = bpf_ktime_get_ns() + (tc->index + 1) * HOUR;

	switch (settings.mode) {
	case MODE_STALL:
	case MODE_WATCHDOG:
	case MODE_KTHREAD:
		insert_fifo(p, tc, DSQ_STALL, enq_flags);
		return true;
	case MODE_HELD:
		hold(p, tc, enq_flags);
		return true;
	case MODE_VTIME:
		insert_vtime(p, tc, DSQ_VTIME, far, enq_flags);
		return true;
	case MODE_AFFINITY:
		insert_fifo(p, tc, DSQ_OTHERS, enq_flags);
		return true;
	case MODE_LOST:
		note_wait(p, tc, DSQ_NONE, 0, enq_flags);
		return true;
	case MODE_ERROR:
	case MODE_MAPS:
		if (tc->index % 2 || state.no_user_dsqs)
			hold(p, tc, enq_flags);
		else
			insert_fifo(p, tc, DSQ_STALL, enq_flags);
		return true;
	default:
		return false;
	}
}

static bool is_kworker(const struct task_struct *p)
{
	u32 both = PF_KTHREAD | PF_WQ_WORKER;

	return (p->flags & both) == both;
}

/* A kernel thread that the mode lets starve becomes a victim when it is first seen. */
static void recruit(const struct task_struct *p, struct task_ctx *tc)
{
	bool wanted = false;

	if (!state.stalling || tc->role != ROLE_OTHER)
		return;
	if (settings.mode == MODE_WATCHDOG)
		wanted = is_kworker(p) && p->nr_cpus_allowed > 1;
	else if (settings.mode == MODE_KTHREAD)
		wanted = is_kworker(p) && p->nr_cpus_allowed == 1 &&
			 task_cpu(p) == (u32)settings.last_cpu;
	if (!wanted)
		return;
	tc->role = ROLE_VICTIM;
	tc->index = FIRST_RECRUIT + __sync_fetch_and_add(&state.recruits, 1);
}

/* Once. */
static bool error_due(void)
{
	u64 when = state.error_at_ns;

	return when && bpf_ktime_get_ns() >= when &&
	       __sync_val_compare_and_swap(&state.error_at_ns, when, 0) == when;
}

static bool is_victim(const struct task_ctx *tc, u32 index)
{
	return tc->role == ROLE_VICTIM && tc->index == index;
}

/* From ops.enqueue(): puts a task where the kernel does not let it be put. False if it is not to be. */
static bool put_wrong(struct task_struct *p, const struct task_ctx *tc, u64 enq_flags)
{
	/* victim 1 may use the first CPU only */
	bool not_allowed = settings.mode == MODE_BADCPU && is_victim(tc, 1);
	bool nowhere = settings.mode == MODE_BADDSQ && is_victim(tc, 0);

	/* Where the scheduler can't say so itself, the kernel ends it for a DSQ which is not there. */
	if (settings.mode == MODE_ERROR && !bpf_ksym_exists(scx_bpf_error_bstr))
		nowhere = true;
	if ((!not_allowed && !nowhere) || !error_due())
		return false;
	dsq_insert(p, nowhere ? DSQ_NOWHERE : SCX_DSQ_LOCAL_ON | settings.last_cpu, tc->slice,
		   enq_flags);
	return true;
}

#endif
