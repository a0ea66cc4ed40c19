// SPDX-License-Identifier: GPL-2.0
/*
 * scxfix: a sched_ext scheduler that works until it is told to fail, and then fails in the way that
 * settings.mode names (see shared.h). It is the subject of the images that scxray is tested on.
 *
 * Everybody but the crew's busy tasks goes through DSQ_FIFO, busy tasks through DSQ_VTIME, both
 * consumed by every CPU. What a victim does depends on the mode (strand.h).
 */
#include "strand.h"

char LICENSE[] SEC("license") = "GPL";

static bool victim_fails(const struct task_ctx *tc)
{
	return tc->role == ROLE_VICTIM && state.stalling;
}

/* A victim that is not put onto an idle CPU at once. */
static bool waits_first(const struct task_ctx *tc)
{
	bool either = settings.mode == MODE_USERSTOP || settings.mode == MODE_THROTTLED;

	return either && tc->role == ROLE_VICTIM;
}

/* A scheduler that needs a context of each task gives up, others get by. */
static void without_context(struct task_struct *p, u64 enq_flags)
{
	if (settings.mode == MODE_NOCTX && bpf_ksym_exists(scx_bpf_error_bstr))
		scx_error("failed to look up ctx of %s[%d]", (u64)p->comm, p->pid);
	dsq_insert(p, SCX_DSQ_GLOBAL, SLICE, enq_flags);
}

SEC("struct_ops/scxfix_select_cpu")
s32 BPF_PROG(scxfix_select_cpu, struct task_struct *p, s32 prev_cpu, u64 wake_flags)
{
	struct scxfix_counters *mine = my_counters();
	struct task_ctx *tc = task_ctx(p);
	bool idle = false;
	s32 cpu;

	if (mine)
		mine->selected++;
	if (settings.mode == MODE_BADSELECT && tc && is_victim(tc, 0) && error_due())
		return CPU_NOWHERE;
	if (!tc || victim_fails(tc) || waits_first(tc))
		return prev_cpu;
	cpu = scx_bpf_select_cpu_dfl(p, prev_cpu, wake_flags, &idle);
	if (idle) {
		tc->slice = slice_of(tc);
		insert_fifo(p, tc, SCX_DSQ_LOCAL, 0);
	}
	return cpu;
}

SEC("struct_ops/scxfix_enqueue")
void BPF_PROG(scxfix_enqueue, struct task_struct *p, u64 enq_flags)
{
	struct scxfix_counters *mine = my_counters();
	struct task_ctx *tc = task_ctx(p);

	if (mine)
		mine->enqueued++;
	if (!tc) {
		without_context(p, enq_flags);
		return;
	}
	recruit(p, tc);
	tc->enqueued++;
	tc->slice = slice_of(tc);
	if (put_wrong(p, tc, enq_flags) || wait_for_budget(p, tc, enq_flags) ||
	    ask(p, tc, enq_flags) || (victim_fails(tc) && strand(p, tc, enq_flags)))
		return;
	if (p->nr_cpus_allowed == 1) {
		insert_fifo(p, tc, SCX_DSQ_LOCAL, enq_flags);
		return;
	}

	if (state.no_user_dsqs)
		insert_fifo(p, tc, SCX_DSQ_GLOBAL, enq_flags);
	else if (tc->role == ROLE_BUSY && settings.mode == MODE_AFFINITY)
		insert_fifo(p, tc, DSQ_OTHERS, enq_flags);
	else if (tc->role == ROLE_BUSY)
		insert_vtime(p, tc, DSQ_VTIME, tc->vtime, enq_flags);
	else
		insert_fifo(p, tc, DSQ_FIFO, enq_flags);
	kick_idle_cpu(p);
}

static long circle(u64 round, u64 *sum)
{
	*sum += round;
	return !state.stalling;
}

/* Some 100 ms to a second under emulation, well below that on a real machine. */
static __noinline void spin(void)
{
	u64 sum = 0, start = bpf_ktime_get_ns();

	state.spinning_since_ns = start;
	bpf_loop(1 << 23, circle, &sum, 0);
	bpf_loop(1 << 23, circle, &sum, 0);
	bpf_loop(1 << 23, circle, &sum, 0);
	state.spinning_since_ns = 0;
	state.spun_ns = bpf_ktime_get_ns() - start;
}

SEC("struct_ops/scxfix_dispatch")
void BPF_PROG(scxfix_dispatch, s32 cpu, struct task_struct *prev)
{
	struct scxfix_counters *mine = my_counters();

	if (mine)
		mine->dispatched++;
	if (settings.mode == MODE_SPIN && state.stalling && cpu == settings.last_cpu)
		spin();
	if (state.no_user_dsqs)
		return;
	take_answers();
	take_waiting();
	if (dsq_move_to_local(DSQ_FIFO) || dsq_move_to_local(DSQ_VTIME))
		return;
	if (settings.mode == MODE_AFFINITY && cpu != settings.last_cpu)
		dsq_move_to_local(DSQ_OTHERS);
}

SEC("struct_ops/scxfix_tick")
void BPF_PROG(scxfix_tick, struct task_struct *p)
{
	state.jiffies = bpf_jiffies64();
	state.jiffies_ns = bpf_ktime_get_ns();
	if (settings.mode == MODE_ERROR && bpf_ksym_exists(scx_bpf_error_bstr) && error_due())
		scx_error("scxfix: error asked for, code %llu", (u64)MODE_ERROR);
}

SEC("struct_ops/scxfix_running")
void BPF_PROG(scxfix_running, struct task_struct *p)
{
	note_run(p);
}

SEC("struct_ops/scxfix_stopping")
void BPF_PROG(scxfix_stopping, struct task_struct *p, bool runnable)
{
	note_stop(p);
}

SEC("struct_ops.s/scxfix_init_task")
s32 BPF_PROG(scxfix_init_task, struct task_struct *p, struct scx_init_task_args *args)
{
	return meet(p);
}

SEC("struct_ops/scxfix_dump")
void BPF_PROG(scxfix_dump, struct scx_dump_ctx *dump)
{
	scx_dump("scxfix mode=%llu stalling=%llu victim_runs=%llu", settings.mode, state.stalling,
		 state.victim_runs);
}

SEC("struct_ops/scxfix_dump_cpu")
void BPF_PROG(scxfix_dump_cpu, struct scx_dump_ctx *dump, s32 cpu, bool idle)
{
	struct scxfix_counters *its;
	u32 zero = 0;

	if (idle)
		return;
	its = bpf_map_lookup_percpu_elem(&counters, &zero, cpu);
	if (its)
		scx_dump("scxfix selected=%llu enqueued=%llu dispatched=%llu ran=%llu",
			 its->selected, its->enqueued, its->dispatched, its->ran);
}

SEC("struct_ops/scxfix_dump_task")
void BPF_PROG(scxfix_dump_task, struct scx_dump_ctx *dump, struct task_struct *p)
{
	struct task_ctx *tc = task_ctx(p);

	if (tc)
		scx_dump("scxfix role=%llu index=%llu vtime=%llu slice=%llu enqueued=%llu ran=%llu",
			 tc->role, tc->index, tc->vtime, tc->slice, tc->enqueued, tc->ran);
}

SEC("struct_ops.s/scxfix_init")
s32 BPF_PROG(scxfix_init)
{
	return make_dsqs();
}

SEC("struct_ops/scxfix_exit")
void BPF_PROG(scxfix_exit, struct scx_exit_info *info)
{
	record_exit(info);
}

SEC(".struct_ops.link")
struct sched_ext_ops scxfix_ops = {
	.select_cpu = (void *)scxfix_select_cpu,
	.enqueue = (void *)scxfix_enqueue,
	.dispatch = (void *)scxfix_dispatch,
	.tick = (void *)scxfix_tick,
	.running = (void *)scxfix_running,
	.stopping = (void *)scxfix_stopping,
	.init_task = (void *)scxfix_init_task,
	.dump = (void *)scxfix_dump,
	.dump_cpu = (void *)scxfix_dump_cpu,
	.dump_task = (void *)scxfix_dump_task,
	.init = (void *)scxfix_init,
	.exit = (void *)scxfix_exit,
	.exit_dump_len = EXIT_DUMP_LEN,
	.name = "scxfix",
};
