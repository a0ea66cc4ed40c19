/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * higher.c - runnable tasks of the classes that a CPU runs before any task of sched_ext:
 * deadline, rt, and in partial mode fair.  A stalled task may wait for them
 */
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/task.h>

#include "capture/read/list.h"
#include "capture/read/rbtree.h"
#include "capture/read/read.h"
#include "capture/walk/tasks.h"
#include "capture/walk/walkers.h"

#define MAX_PRIORITIES 128 /* MAX_RT_PRIO is 100 */
#define MAX_NESTED 8	   /* rt groups in rt groups */

static bool full(struct scxray_rq *rq, const struct walk *w)
{
	if (rq->nr_higher < w->settings.max_list)
		return false;
	rq->higher_cut = "more than the limit on nodes of a list";
	return true;
}

static bool add(struct walk *w, struct scxray_rq *rq, uint64_t kva)
{
	void *refs = rq->higher;
	struct scxray_task_ref *ref;
	int32_t index = task_index(w, kva);

	if (index >= 0)
		w->r->tasks[index].queued_cpu = num_present(rq->cpu);
	if (rq->curr_kva.state == SCXRAY_PRESENT && rq->curr_kva.value == kva)
		return true;
	if (full(rq, w))
		return false;
	ref = pool_push(w->pool, &refs, &rq->nr_higher, sizeof(*ref));
	if (!ref) {
		rq->higher_cut = POOL_USED_UP;
		return false;
	}
	*ref = (struct scxray_task_ref){ .kva = kva, .index = index };
	rq->higher = refs;
	return true;
}

/* The tree is sorted by deadline; deadline servers of the other classes are no tasks. */
static void deadline_tasks(struct walk *w, struct scxray_rq *rq)
{
	struct scxray_num root = read_member(w, rq->kva, M_rq_dl_root);
	size_t used = w->pool->used, nr, max = w->settings.max_list;
	uint64_t *nodes;

	if (root.state != SCXRAY_PRESENT || !root.value)
		return;
	nodes = pool_alloc(w->pool, max * sizeof(*nodes));
	if (!nodes) {
		rq->higher_cut = POOL_USED_UP;
		return;
	}
	nr = rbtree_nodes(w, root.value, nodes, max, &rq->higher_cut);
	if (!rq->higher_cut)
		pool_trim(w->pool, used, nodes, nr * sizeof(*nodes));
	for (size_t i = 0; i < nr; i++) {
		uint64_t entity = nodes[i] - w->k->layout.member[M_sched_dl_entity_rb_node].offset;
		struct scxray_num server = read_optional(w, entity, M_sched_dl_entity_dl_server);

		if (server.state == SCXRAY_PRESENT && server.value)
			continue;
		if (!add(w, rq, entity - w->k->layout.member[M_task_struct_dl].offset))
			return;
	}
}

/* Where a walk through groups is: `left` bounds it, whatever leads where. */
struct rt_walk {
	struct scxray_rq *rq;
	uint32_t left;
	unsigned nested;
};

static bool rt_queues(struct walk *w, struct rt_walk *rt, uint64_t queues);

static bool rt_entity(struct walk *w, struct rt_walk *rt, uint64_t entity)
{
	struct scxray_num group = read_optional(w, entity, M_sched_rt_entity_my_q);
	bool done;

	if (!rt->left) {
		rt->rq->higher_cut = "more than the limit on nodes of a list";
		return false;
	}
	rt->left--;
	if (group.state != SCXRAY_PRESENT || !group.value)
		return add(w, rt->rq, entity - w->k->layout.member[M_task_struct_rt].offset);
	if (rt->nested == MAX_NESTED) {
		rt->rq->higher_cut = "rt groups are nested too deep";
		return false;
	}
	rt->nested++;
	done = rt_queues(w, rt, member_addr(w, group.value, M_rt_rq_queue));
	rt->nested--;
	return done;
}

/* rt_rq.active.queue[]: a list for each priority, the highest first. */
static bool rt_queues(struct walk *w, struct rt_walk *rt, uint64_t queues)
{
	const struct member *m = &w->k->layout.member[M_rt_rq_queue];
	uint32_t size = element_size(w, M_rt_rq_queue);
	uint32_t nr = size ? m->size / size : 0;
	struct list_iter it;
	uint64_t node;

	for (uint32_t p = 0; p < nr && p < MAX_PRIORITIES; p++) {
		list_start(&it, w, queues + (uint64_t)p * size, w->settings.max_list);
		while (list_next(&it, &node))
			if (!rt_entity(
				    w, rt,
				    node - w->k->layout.member[M_sched_rt_entity_run_list].offset))
				return false;
		if (it.cut) {
			rt->rq->higher_cut = it.cut;
			return false;
		}
	}
	return true;
}

static void rt_tasks(struct walk *w, struct scxray_rq *rq)
{
	struct rt_walk rt = { .rq = rq, .left = w->settings.max_list };

	rt_queues(w, &rt,
		  member_addr(w, rq->kva, M_rq_rt) + w->k->layout.member[M_rt_rq_queue].offset);
}

/* Every runnable fair task of the CPU, whatever group it is in (account_entity_enqueue()). */
static void fair_tasks(struct walk *w, struct scxray_rq *rq)
{
	struct list_iter it;
	uint64_t node;

	list_start(&it, w, member_addr(w, rq->kva, M_rq_cfs_tasks), w->settings.max_list);
	while (list_next(&it, &node))
		if (!add(w, rq, node - w->k->layout.member[M_task_struct_group_node].offset))
			return;
	if (it.cut && !rq->higher_cut)
		rq->higher_cut = it.cut;
}

/* SCX_OPS_SWITCH_PARTIAL: class fair goes on, and comes before ext. */
static bool is_partial(const struct walk *w)
{
	return w->r->nr_scheds && w->r->switching_all.state == SCXRAY_PRESENT &&
	       !w->r->switching_all.value;
}

/* No use in looking through a hundred lists where the run queue says that they are empty. */
static bool is_zero(const struct scxray_num *num)
{
	return num->state == SCXRAY_PRESENT && !num->value;
}

void walk_higher(struct walk *w)
{
	for (size_t i = 0; i < w->r->nr_rqs; i++) {
		struct scxray_rq *rq = &w->r->rqs[i];

		if (has_member(w, M_rq_dl_root) && has_member(w, M_task_struct_dl) &&
		    has_member(w, M_sched_dl_entity_rb_node) && !is_zero(&rq->dl_nr_running))
			deadline_tasks(w, rq);
		if (has_member(w, M_rq_rt) && has_member(w, M_rt_rq_queue) &&
		    has_member(w, M_task_struct_rt) && has_member(w, M_sched_rt_entity_run_list) &&
		    !is_zero(&rq->rt_nr_running))
			rt_tasks(w, rq);
		if (is_partial(w) && has_member(w, M_rq_cfs_tasks) &&
		    has_member(w, M_task_struct_group_node) && !is_zero(&rq->cfs_nr_queued))
			fair_tasks(w, rq);
	}
}
