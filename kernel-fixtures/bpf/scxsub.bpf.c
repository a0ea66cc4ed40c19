// SPDX-License-Identifier: GPL-2.0
/*
 * scxsub: MODE_SUB's scheduler, for every place in a tree of them: root, sub-scheduler of a cgroup,
 * and one below that. The guest's init loads this object once for each place, so each has maps and
 * DSQs of its own, under the same names and ids.
 *
 * Built twice: 7.1 takes sub-schedulers in the CPU form, 7.2 and later in the cid form alone
 * (SCXSUB_CID), and there a parent has to let its child have CPUs before it may put a task on one.
 *
 * One that is told to fail keeps its victims as MODE_ERROR does, even ones in DSQ_STALL, odd ones in
 * the queue map. The watchdog ends it with all below it; its tasks go on under its parent.
 */
#include "victims.h"

char LICENSE[] SEC("license") = "GPL";

extern bool scx_bpf_sub_dispatch(u64 cgroup_id) __ksym __weak;

#ifdef SCXSUB_CID
#define __arena __attribute__((address_space(1)))
#define BPF_MAP_TYPE_ARENA 33 /* newer than bookworm's headers */

struct scx_cmask {
	u32 base;
	u32 nr_cids;
	u32 alloc_words;
	u64 bits[2]; /* the kernel's has as many as it takes; the second word is spare */
};

extern s32 scx_bpf_sub_grant(u64 cgroup_id, u64 caps, const struct scx_cmask __arena *cids,
			     struct scx_cmask __arena *denied) __ksym __weak;
extern u32 scx_bpf_nr_cids(void) __ksym __weak;
extern void scx_bpf_kick_cid(s32 cid, u64 flags) __ksym __weak;
extern s32 scx_bpf_task_cid(const struct task_struct *p) __ksym __weak;

#define ALL_CAPS 0xfULL /* SCX_CAP_ENQ_IMMED, _ENQ, _PREEMPT, _PERF */

/* The kernel wants one: it puts masks of its own there. */
struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 256);
	__ulong(map_extra, 1ULL << 44);
} arena SEC(".maps");

struct scx_cmask __arena granted;

/* All CPUs, all that may be done with them. */
static s32 let_have_cpus(u64 cgroup_id)
{
	u32 nr = bpf_ksym_exists(scx_bpf_nr_cids) ? scx_bpf_nr_cids() : 0;

	if (!bpf_ksym_exists(scx_bpf_sub_grant))
		return 0; /* 7.2: there is nothing to let have */
	if (!nr || nr > 63)
		return -7; /* E2BIG */
	granted.base = 0;
	granted.nr_cids = nr;
	granted.alloc_words = 2;
	granted.bits[0] = (1ULL << nr) - 1;
	return scx_bpf_sub_grant(cgroup_id, ALL_CAPS, &granted, NULL);
}

static void wake_cpu(const struct task_struct *p)
{
	if (bpf_ksym_exists(scx_bpf_kick_cid) && bpf_ksym_exists(scx_bpf_task_cid))
		scx_bpf_kick_cid(scx_bpf_task_cid(p), SCX_KICK_IDLE);
}
#else
static s32 let_have_cpus(u64 cgroup_id)
{
	return 0;
}

static void wake_cpu(const struct task_struct *p)
{
	kick_idle_cpu(p);
}
#endif

/* One that looked for an idle CPU would put victims on it; waking is by the task's own CPU. */
SEC("struct_ops/scxsub_select")
s32 BPF_PROG(scxsub_select, struct task_struct *p, s32 prev, u64 wake_flags)
{
	struct scxfix_counters *mine = my_counters();

	if (mine)
		mine->selected++;
	return prev;
}

static void strand(struct task_struct *p, const struct task_ctx *tc, u64 enq_flags)
{
	if (tc->index % 2 || state.no_user_dsqs)
		hold(p, tc, enq_flags);
	else
		insert_fifo(p, tc, DSQ_STALL, enq_flags);
}

SEC("struct_ops/scxsub_enqueue")
void BPF_PROG(scxsub_enqueue, struct task_struct *p, u64 enq_flags)
{
	struct scxfix_counters *mine = my_counters();
	struct task_ctx *tc = task_ctx(p);

	if (mine)
		mine->enqueued++;
	if (!tc) {
		dsq_insert(p, SCX_DSQ_GLOBAL, SLICE, enq_flags);
		return;
	}
	tc->enqueued++;
	tc->slice = slice_of(tc);
	if (tc->role == ROLE_VICTIM && state.stalling) {
		strand(p, tc, enq_flags);
		return;
	}
	if (p->nr_cpus_allowed == 1)
		insert_fifo(p, tc, SCX_DSQ_LOCAL, enq_flags);
	else if (state.no_user_dsqs)
		insert_fifo(p, tc, SCX_DSQ_GLOBAL, enq_flags);
	else if (tc->role == ROLE_BUSY)
		insert_vtime(p, tc, DSQ_VTIME, tc->vtime, enq_flags);
	else
		insert_fifo(p, tc, DSQ_FIFO, enq_flags);
	wake_cpu(p);
}

static bool own_tasks(void)
{
	if (state.no_user_dsqs)
		return false;
	return dsq_move_to_local(DSQ_FIFO) || dsq_move_to_local(DSQ_VTIME);
}

/* A busy task is always there on either side, so they take turns. */
SEC("struct_ops/scxsub_dispatch")
void BPF_PROG(scxsub_dispatch, s32 cpu, struct task_struct *prev)
{
	struct scxfix_counters *mine = my_counters();
	u64 child = state.child;
	u64 turn = 0;

	if (mine)
		turn = mine->dispatched++;
	if (!child || !bpf_ksym_exists(scx_bpf_sub_dispatch)) {
		own_tasks();
		return;
	}
	if (turn % 2) {
		if (!own_tasks())
			scx_bpf_sub_dispatch(child);
	} else {
		if (!scx_bpf_sub_dispatch(child))
			own_tasks();
	}
}

SEC("struct_ops/scxsub_tick")
void BPF_PROG(scxsub_tick, struct task_struct *p)
{
	state.jiffies = bpf_jiffies64();
	state.jiffies_ns = bpf_ktime_get_ns();
}

SEC("struct_ops/scxsub_running")
void BPF_PROG(scxsub_running, struct task_struct *p)
{
	note_run(p);
}

SEC("struct_ops/scxsub_stopping")
void BPF_PROG(scxsub_stopping, struct task_struct *p, bool runnable)
{
	note_stop(p);
}

SEC("struct_ops.s/scxsub_init_task")
s32 BPF_PROG(scxsub_init_task, struct task_struct *p, struct scx_init_task_args *args)
{
	return meet(p);
}

SEC("struct_ops/scxsub_dump")
void BPF_PROG(scxsub_dump, struct scx_dump_ctx *dump)
{
	scx_dump("scxsub stalling=%llu victim_runs=%llu child=%llu", state.stalling,
		 state.victim_runs, state.child);
}

SEC("struct_ops/scxsub_dump_task")
void BPF_PROG(scxsub_dump_task, struct scx_dump_ctx *dump, struct task_struct *p)
{
	struct task_ctx *tc = task_ctx(p);

	if (tc)
		scx_dump("scxsub role=%llu index=%llu vtime=%llu slice=%llu enqueued=%llu ran=%llu",
			 tc->role, tc->index, tc->vtime, tc->slice, tc->enqueued, tc->ran);
}

SEC("struct_ops.s/scxsub_sub_attach")
s32 BPF_PROG(scxsub_sub_attach, struct scx_sub_attach_args *args)
{
	u64 child = args->ops->sub_cgroup_id;
	s32 err = let_have_cpus(child);

	if (!err)
		state.child = child;
	return err;
}

SEC("struct_ops.s/scxsub_init")
s32 BPF_PROG(scxsub_init)
{
	return make_dsqs();
}

SEC("struct_ops/scxsub_exit")
void BPF_PROG(scxsub_exit, struct scx_exit_info *info)
{
	record_exit(info);
}

SEC(".struct_ops.link")
#ifdef SCXSUB_CID
struct sched_ext_ops_cid scxsub_ops = {
	.select_cid = (void *)scxsub_select,
#else
struct sched_ext_ops scxsub_ops = {
	.select_cpu = (void *)scxsub_select,
#endif
	.enqueue = (void *)scxsub_enqueue,
	.dispatch = (void *)scxsub_dispatch,
	.tick = (void *)scxsub_tick,
	.running = (void *)scxsub_running,
	.stopping = (void *)scxsub_stopping,
	.init_task = (void *)scxsub_init_task,
	.dump = (void *)scxsub_dump,
	.dump_task = (void *)scxsub_dump_task,
	.sub_attach = (void *)scxsub_sub_attach,
	.init = (void *)scxsub_init,
	.exit = (void *)scxsub_exit,
	.exit_dump_len = EXIT_DUMP_LEN,
	.name = "scxsub",
};
