/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tasks.c - which tasks there are; task.c reads each of them
 *
 * Tasks come from CPUs, DSQs and the list of all tasks, in this order: a cap cuts
 * those that don't wait.
 */
#include <scxray/group.h>
#include <scxray/report_struct.h>
#include <scxray/task.h>

#include "capture/walk/tasks.h"

#include "capture/base/slot.h"
#include "capture/read/list.h"
#include "capture/read/read.h"
#include "capture/walk/walkers.h"

static bool make_slots(struct walk *w)
{
	uint32_t size = 64;

	if (w->task_slots)
		return true;
	while (size < w->settings.max_tasks * 2 && size < 1u << 24)
		size *= 2;
	w->task_slots = pool_alloc(w->pool, size * sizeof(*w->task_slots));
	w->task_mask = size - 1;
	return w->task_slots != NULL;
}

int32_t task_index(struct walk *w, uint64_t kva)
{
	struct scxray_task *task;
	void *tasks = w->r->tasks;
	uint32_t slot;

	if (!make_slots(w))
		return -1;
	for (slot = slot_of(kva, w->task_mask); w->task_slots[slot];
	     slot = (slot + 1) & w->task_mask)
		if (w->r->tasks[w->task_slots[slot] - 1].kva == kva)
			return (int32_t)w->task_slots[slot] - 1;
	if (w->r->nr_tasks >= w->settings.max_tasks || w->r->nr_tasks >= w->task_mask / 2) {
		if (!w->r->cut[SCXRAY_GROUP_TASKS])
			w->r->cut[SCXRAY_GROUP_TASKS] =
				pool_printf(w->pool, "cut after %zu tasks", w->r->nr_tasks);
		return -1;
	}
	task = pool_push(w->pool, &tasks, &w->r->nr_tasks, sizeof(*task));
	if (!task) {
		w->r->cut[SCXRAY_GROUP_TASKS] = POOL_USED_UP;
		return -1;
	}
	w->r->tasks = tasks;
	task->kva = kva; /* all else is 0, as the pool gives it */
	task->runnable_cpu = task->curr_cpu = task->dsq_index = -1;
	w->task_slots[slot] = (uint32_t)w->r->nr_tasks;
	return (int32_t)w->r->nr_tasks - 1;
}

uint64_t task_of_entity(const struct walk *w, uint64_t node, enum layout_member m)
{
	return node - w->k->layout.member[m].offset - w->k->layout.member[M_task_struct_scx].offset;
}

/*
 * Of a list that was cut: a task that other walkers found may be further on.  Its own node says so: it
 * is zero before the task is put on the list, and points to itself after the task has left it.
 */
static void ask_nodes(struct walk *w)
{
	for (size_t i = 0; i < w->r->nr_tasks; i++) {
		struct scxray_task *task = &w->r->tasks[i];
		uint64_t node = member_addr(w, member_addr(w, task->kva, M_task_struct_scx),
					    M_sched_ext_entity_tasks_node);
		struct scxray_num next = read_member(w, node, M_list_head_next);

		task->on_scx_tasks |=
			next.state == SCXRAY_PRESENT && next.value && next.value != node;
	}
}

/*
 * scx_tasks holds every task of the system that was ever prepared for sched_ext,
 * and the cursors of iterations in progress: entities on the iterator's stack.
 */
void walk_scx_tasks(struct walk *w)
{
	uint64_t cursor = 0x80000000;
	struct list_iter it;
	uint64_t node;

	if (!has_symbol(w, S_scx_tasks) || !has_member(w, M_sched_ext_entity_tasks_node) ||
	    !has_member(w, M_task_struct_scx)) {
		w->r->unavailable[SCXRAY_GROUP_TASKS] = "this kernel has no scx_tasks list";
		return;
	}
	types_enumerator(&w->k->types, "scx_ent_flags", "SCX_TASK_CURSOR", &cursor);
	list_start(&it, w, w->k->layout.symbol[S_scx_tasks], w->settings.max_list);
	while (list_next(&it, &node)) {
		uint64_t entity = node - w->k->layout.member[M_sched_ext_entity_tasks_node].offset;
		struct scxray_num flags = read_member(w, entity, M_sched_ext_entity_flags);
		int32_t index;

		if (flags.state == SCXRAY_PRESENT && (flags.value & (uint32_t)cursor))
			continue;
		index = task_index(w, task_of_entity(w, node, M_sched_ext_entity_tasks_node));
		if (index < 0)
			break;
		w->r->tasks[index].on_scx_tasks = true;
	}
	if (it.cut)
		w->r->cut[SCXRAY_GROUP_TASKS] = it.cut;
	if (w->r->cut[SCXRAY_GROUP_TASKS])
		ask_nodes(w);
}
