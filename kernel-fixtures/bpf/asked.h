/* SPDX-License-Identifier: GPL-2.0 */
/*
 * MODE_USERSTOP: a process decides when victims run. It is asked through a ring buffer, and answers
 * through a queue map with the pid of the task that is next.
 */
#ifndef SCXFIX_ASKED_H
#define SCXFIX_ASKED_H

#include "victims.h"

#define ANSWERS_A_TURN 8

/* Made in this mode only. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} asks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, HELD_CAPACITY);
	__type(value, u32);
} answers SEC(".maps");

/* So that the struct is in the BTF, as schedulers do it who give records to others. */
const struct scxfix_ask *an_ask __attribute__((unused));

/* From ops.enqueue(). False where the task is to be queued like others. */
static bool ask(struct task_struct *p, const struct task_ctx *tc, u64 enq_flags)
{
	struct scxfix_ask *asked;

	if (settings.mode != MODE_USERSTOP || tc->role != ROLE_VICTIM)
		return false;
	asked = bpf_ringbuf_reserve(&asks, sizeof(*asked), 0);
	if (!asked)
		return false;
	note_wait(p, tc, DSQ_NONE, 0, enq_flags);
	asked->pid = p->pid;
	asked->cpu = task_cpu(p);
	asked->vtime = tc->vtime;
	bpf_ringbuf_submit(asked, 0);
	return true;
}

/* From ops.dispatch(): a task that may run now goes to DSQ_FIFO. */
static void take_answers(void)
{
	struct task_struct *p;
	struct task_ctx *tc;
	u32 pid;

	if (settings.mode != MODE_USERSTOP)
		return;
	for (int i = 0; i < ANSWERS_A_TURN && !bpf_map_pop_elem(&answers, &pid); i++) {
		p = bpf_task_from_pid(pid);
		if (!p)
			continue; /* it ended meanwhile */
		tc = task_ctx(p);
		if (tc)
			insert_fifo(p, tc, DSQ_FIFO, 0);
		bpf_task_release(p);
	}
}

#endif
