/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What both fixture schedulers do with tasks: their contexts, and the ways in which a victim is put
 * away. Each way is noted (map waits) before the call that gives the task away.
 */
#ifndef SCXFIX_VICTIMS_H
#define SCXFIX_VICTIMS_H

#include "maps.h"

#define MSEC 1000000ULL
#define SLICE (5 * MSEC)

static struct scxfix_counters *my_counters(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&counters, &zero);
}

static struct task_ctx *task_ctx(struct task_struct *p)
{
	return bpf_task_storage_get(&task_ctxs, p, NULL, 0);
}

/* Slices differ by victim, so that a reader of the image can be checked on them. */
static u64 slice_of(const struct task_ctx *tc)
{
	if (tc->role == ROLE_KEEPER && state.stalling)
		return SCX_SLICE_INF;
	return tc->role == ROLE_VICTIM ? SLICE + (tc->index + 1) * MSEC : SLICE;
}

static void note_wait(struct task_struct *p, const struct task_ctx *tc, u64 dsq_id, u64 vtime,
		      u64 enq_flags)
{
	u32 index = tc->index;
	struct scxfix_wait *wait;

	if (tc->role != ROLE_VICTIM)
		return;
	wait = bpf_map_lookup_elem(&waits, &index);
	if (!wait)
		return;
	wait->cpu = task_cpu(p);
	wait->dsq_id = dsq_id;
	wait->vtime = vtime;
	wait->slice = dsq_id == DSQ_NONE ? p->scx.slice : tc->slice;
	wait->enq_flags = enq_flags;
	wait->since_ns = bpf_ktime_get_ns();
	wait->since_jiffies = bpf_jiffies64();
	wait->key = PID_KEY(settings.mode, p->pid);
}

static void insert_fifo(struct task_struct *p, const struct task_ctx *tc, u64 dsq_id, u64 enq_flags)
{
	note_wait(p, tc, dsq_id, 0, enq_flags);
	dsq_insert(p, dsq_id, tc->slice, enq_flags);
}

static void insert_vtime(struct task_struct *p, const struct task_ctx *tc, u64 dsq_id, u64 vtime,
			 u64 enq_flags)
{
	note_wait(p, tc, dsq_id, vtime, enq_flags);
	dsq_insert_vtime(p, dsq_id, tc->slice, vtime, enq_flags);
}

/*
 * No slot in the queue means no failure: the task runs, and the guest's init will say that it did.
 */
static void hold(struct task_struct *p, const struct task_ctx *tc, u64 enq_flags)
{
	u32 pid = p->pid;

	note_wait(p, tc, DSQ_NONE, 0, enq_flags);
	if (bpf_map_push_elem(&held, &pid, 0))
		insert_fifo(p, tc, DSQ_FIFO, enq_flags);
}

/* A task that runs does not wait. */
static void note_run(struct task_struct *p)
{
	struct scxfix_counters *mine = my_counters();
	struct task_ctx *tc = task_ctx(p);
	struct scxfix_wait *wait;
	u32 index;

	if (mine)
		mine->ran++;
	if (!tc)
		return;
	tc->ran++;
	if (tc->role != ROLE_OTHER)
		__sync_fetch_and_add(&state.crew_runs, 1);
	if (tc->role != ROLE_VICTIM)
		return;
	__sync_fetch_and_add(&state.victim_runs, 1);
	index = tc->index;
	wait = bpf_map_lookup_elem(&waits, &index);
	if (wait)
		wait->key = 0;
}

/* vtime advances by the time used, scaled by weight. */
static void note_stop(struct task_struct *p)
{
	struct task_ctx *tc = task_ctx(p);
	u64 left = p->scx.slice;

	if (tc && tc->slice > left && p->scx.weight)
		tc->vtime += (tc->slice - left) * 100 / p->scx.weight;
}

/* ops.init_task() */
static s32 meet(struct task_struct *p)
{
	u32 key = PID_KEY(settings.mode, p->pid);
	struct scxfix_member *member = bpf_map_lookup_elem(&crew, &key);
	struct task_ctx *tc =
		bpf_task_storage_get(&task_ctxs, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!tc)
		return -12; /* ENOMEM */
	if (settings.mode == MODE_INITFAIL && member && member->role == ROLE_VICTIM &&
	    member->index == 3)
		return -12;
	tc->slice = SLICE;
	if (member) {
		tc->role = member->role;
		tc->index = member->index;
	}
	return 0;
}

/* Returns what scx_bpf_create_dsq() said; where it can't be called there are no DSQs. */
static s32 make_dsqs(void)
{
	s32 err;

	if (!bpf_ksym_exists(scx_bpf_create_dsq)) {
		state.no_user_dsqs = 1;
		return 0;
	}
	err = scx_bpf_create_dsq(DSQ_FIFO, -1);
	if (!err)
		err = scx_bpf_create_dsq(DSQ_VTIME, -1);
	if (!err)
		err = scx_bpf_create_dsq(DSQ_STALL, -1);
	if (!err && settings.mode == MODE_AFFINITY)
		err = scx_bpf_create_dsq(DSQ_OTHERS, -1);
	return err;
}

static void record_exit(struct scx_exit_info *info)
{
	bpf_probe_read_kernel_str(exit_record.reason, sizeof(exit_record.reason), info->reason);
	bpf_probe_read_kernel_str(exit_record.msg, sizeof(exit_record.msg), info->msg);
	bpf_probe_read_kernel_str(exit_record.dump, sizeof(exit_record.dump), info->dump);
	exit_record.exit_code = info->exit_code;
	exit_record.kind = info->kind;
	bpf_probe_read_kernel_str(uei.reason, sizeof(uei.reason), info->reason);
	bpf_probe_read_kernel_str(uei.msg, sizeof(uei.msg), info->msg);
	uei.exit_code = info->exit_code;
	uei.kind = info->kind; /* last: init waits for this */
	__sync_fetch_and_add(&exit_record.done, 1);
}

#endif
