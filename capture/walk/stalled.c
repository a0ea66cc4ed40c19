/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stalled.c - what is copied first under a freeze: run queues, the tasks that run, and those that wait
 * longest, with their DSQ and stack
 *
 * The other walkers come to all of it again, and more; a deadline or a budget may cut those.
 */
#include <scxray/task.h>

#include "capture/read/list.h"
#include "capture/read/read.h"
#include "capture/walk/tasks.h"
#include "capture/walk/walkers.h"

#define MAX_STALLED 64 /* of all CPUs, a few pages each */
#define MAX_RQ (64u << 10)
#define MAX_DSQ 4096

static void touch_struct(struct walk *w, uint64_t kva, const char *name, uint32_t max)
{
	uint32_t size = types_size(&w->k->types, types_find(&w->k->types, name, BTF_KIND_STRUCT));

	guest_touch(w->g, kva, size < max ? size : max);
}

static void one_task(struct walk *w, uint64_t kva, uint32_t cpu)
{
	struct scxray_task task = { .kva = kva, .runnable_cpu = (int32_t)cpu, .curr_cpu = -1 };
	uint64_t stack = record_word(w, kva, M_task_struct_stack);
	uint64_t sp = record_word(w, kva, M_task_struct_thread_sp);
	uint32_t size = task_stack_size(w);

	task_read_details(w, &task);
	if (task.dsq_kva.state == SCXRAY_PRESENT && task.dsq_kva.value)
		touch_struct(w, task.dsq_kva.value, "scx_dispatch_q", MAX_DSQ);
	if (stack && sp >= stack && sp - stack < size)
		guest_touch(w->g, sp, size - (sp - stack));
}

/* The kernel puts a task that becomes runnable last: set_task_runnable() of kernel/sched/ext.c. */
static void one_rq(struct walk *w, uint32_t cpu, uint32_t nr)
{
	uint64_t rq = percpu_addr(w, w->k->layout.symbol[S_runqueues], cpu), node, curr;
	struct list_iter it;

	touch_struct(w, rq, "rq", MAX_RQ);
	curr = record_word(w, rq, M_rq_curr);
	if (curr)
		one_task(w, curr, cpu);
	if (!has_member(w, M_rq_scx) || !has_member(w, M_scx_rq_runnable_list))
		return;
	list_start(&it, w, member_addr(w, member_addr(w, rq, M_rq_scx), M_scx_rq_runnable_list),
		   nr);
	while (list_next(&it, &node))
		one_task(w, task_of_entity(w, node, M_sched_ext_entity_runnable_node), cpu);
}

void walk_stalled(struct walk *w)
{
	uint32_t nr = w->k->nr_cpus;

	if (!has_symbol(w, S_runqueues))
		return;
	for (uint32_t cpu = 0; cpu < nr; cpu++)
		one_rq(w, cpu, nr < MAX_STALLED / 4 ? MAX_STALLED / nr : 4);
}
