/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dsqs.c - every dispatch queue: local, bypass, reject, rescue, global, user
 */
#include <string.h>

#include <base/array.h>

#include <scxray/dsq.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/sched.h>
#include <scxray/task.h>

#include "capture/read/list.h"
#include "capture/read/owner.h"
#include "capture/read/rbtree.h"
#include "capture/read/read.h"
#include "capture/read/rhashtable.h"
#include "capture/walk/scheds.h"
#include "capture/walk/tasks.h"
#include "capture/walk/walkers.h"

#define MAX_NODES 1024
#define CURSOR 1  /* SCX_DSQ_LNODE_ITER_CURSOR: an iterator's place, no task */
#define ON_PRIQ 1 /* SCX_TASK_DSQ_ON_PRIQ */

const char *dsq_id_name(struct walk *w, uint64_t id)
{
	uint64_t local_on, cpu_mask;

	if (!(id >> 63) || is_recording(w))
		return NULL;
	if (types_enumerator(&w->k->types, "scx_dsq_id_flags", "SCX_DSQ_LOCAL_ON", &local_on) &&
	    types_enumerator(&w->k->types, "scx_dsq_id_flags", "SCX_DSQ_LOCAL_CPU_MASK",
			     &cpu_mask) &&
	    (id & ~cpu_mask) == local_on)
		return pool_printf(w->pool, "SCX_DSQ_LOCAL_ON | %llu",
				   (unsigned long long)(id & cpu_mask));
	/* the enum has FLAG_BUILTIN and INVALID of one value: the latter is meant */
	if (types_enumerator(&w->k->types, "scx_dsq_id_flags", "SCX_DSQ_INVALID", &local_on) &&
	    id == local_on)
		return "SCX_DSQ_INVALID";
	return types_enum_name(&w->k->types, "scx_dsq_id_flags", id);
}

static void conflict(struct walk *w, struct scxray_dsq *dsq, const char *text)
{
	void *conflicts = (void *)dsq->conflicts;
	const char **slot = pool_push(w->pool, &conflicts, &dsq->nr_conflicts, sizeof(*slot));

	if (!slot)
		return;
	*slot = text;
	dsq->conflicts = conflicts;
}

static void tasks_of(struct walk *w, struct scxray_dsq *dsq, int32_t dsq_index)
{
	struct list_iter it;
	uint64_t node;
	void *refs = NULL;

	list_start(&it, w, member_addr(w, dsq->kva, M_scx_dispatch_q_list), w->settings.max_list);
	while (list_next(&it, &node)) {
		uint64_t entity = node - w->k->layout.member[M_sched_ext_entity_dsq_node].offset;
		struct scxray_num flags = read_member(w, entity, M_sched_ext_entity_dsq_node_flags);
		struct scxray_task_ref *ref;

		if (flags.state == SCXRAY_PRESENT && (flags.value & CURSOR)) {
			dsq->nr_cursors++;
			continue;
		}
		ref = pool_push(w->pool, &refs, &dsq->nr_tasks, sizeof(*ref));
		if (!ref) {
			dsq->cut = POOL_USED_UP;
			break;
		}
		ref->kva = task_of_entity(w, node, M_sched_ext_entity_dsq_node);
		ref->index = task_index(w, ref->kva);
		if (ref->index >= 0) {
			w->r->tasks[ref->index].dsq_index = dsq_index;
			w->r->tasks[ref->index].dsq_pos = (uint32_t)dsq->nr_tasks - 1;
		}
	}
	dsq->tasks = refs;
	if (it.cut)
		dsq->cut = it.cut;
}

/*
 * A vtime DSQ keeps its tasks on the list and in the rb-tree, both by dsq_vtime;
 * a DSQ never mixes vtime and FIFO tasks.
 */
static void check_vtime(struct walk *w, struct scxray_dsq *dsq)
{
	struct scxray_num root = read_member(w, dsq->kva, M_scx_dispatch_q_priq);
	size_t max = dsq->nr_tasks + MAX_NODES, nr;
	int64_t last = 0;
	uint64_t *nodes;
	const char *cut;

	if (root.state == SCXRAY_UNREADABLE)
		conflict(w, dsq, pool_printf(w->pool, "rb-tree not checked: %s", root.reason));
	if (root.state != SCXRAY_PRESENT || !root.value)
		return;
	dsq->is_vtime = true;
	nodes = pool_alloc(w->pool, max * sizeof(*nodes));
	if (!nodes) {
		conflict(w, dsq, "rb-tree not checked: " POOL_USED_UP);
		return;
	}
	nr = rbtree_nodes(w, root.value, nodes, max, &cut);
	if (cut)
		conflict(w, dsq, cut);
	else if (nr != dsq->nr_tasks && !dsq->cut)
		conflict(w, dsq,
			 pool_printf(w->pool, "the list has %zu tasks, the rb-tree %zu",
				     dsq->nr_tasks, nr));
	for (size_t i = 0; i < nr && i < dsq->nr_tasks; i++) {
		uint64_t kva = task_of_entity(w, nodes[i], M_sched_ext_entity_dsq_priq);

		if (kva == dsq->tasks[i].kva)
			continue;
		conflict(w, dsq,
			 pool_printf(w->pool, "list and rb-tree differ from position %zu on", i));
		break;
	}
	for (size_t i = 0; i < dsq->nr_tasks; i++) {
		uint64_t at = member_addr(w, dsq->tasks[i].kva, M_task_struct_scx);
		struct scxray_num vtime = read_member(w, at, M_sched_ext_entity_dsq_vtime);

		if (vtime.state != SCXRAY_PRESENT)
			break;
		/* time_before64(): the order of a clock that may wrap */
		if (i && (int64_t)vtime.value - last < 0) {
			conflict(w, dsq,
				 pool_printf(w->pool, "vtime goes backwards at position %zu", i));
			break;
		}
		last = (int64_t)vtime.value;
	}
}

/* False, with the reason in dsqs_cut, where there is no room for one more. */
static bool add_dsq(struct walk *w, uint64_t kva, enum scxray_dsq_origin origin, uint32_t index,
		    const struct scxray_sched *sched)
{
	void *dsqs = w->r->dsqs;
	struct scxray_dsq dsq = {
		.kva = kva,
		.origin = origin,
		.index = index,
		.sched_kva = sched ? sched->sched_kva.value : 0,
		.sched_name = sched ? owner_name(w, sched) : NULL,
	};
	struct scxray_dsq *slot;

	if (w->r->nr_dsqs >= w->settings.max_dsqs) {
		w->r->cut[SCXRAY_GROUP_DSQS] =
			pool_printf(w->pool, "cut after %u DSQs", w->settings.max_dsqs);
		return false;
	}
	dsq.id = read_member(w, kva, M_scx_dispatch_q_id);
	dsq.nr = read_member(w, kva, M_scx_dispatch_q_nr);
	dsq.seq = read_member(w, kva, M_scx_dispatch_q_seq);
	if (dsq.id.state == SCXRAY_PRESENT)
		dsq.id_name = dsq_id_name(w, dsq.id.value);
	tasks_of(w, &dsq, (int32_t)w->r->nr_dsqs);
	if (dsq.nr.state == SCXRAY_PRESENT && !dsq.cut && dsq.nr.value != dsq.nr_tasks)
		conflict(w, &dsq,
			 pool_printf(w->pool, "nr is %llu, the list has %zu tasks",
				     (unsigned long long)dsq.nr.value, dsq.nr_tasks));
	check_vtime(w, &dsq);

	slot = pool_push(w->pool, &dsqs, &w->r->nr_dsqs, sizeof(*slot));
	if (!slot) {
		w->r->cut[SCXRAY_GROUP_DSQS] = POOL_USED_UP;
		return false;
	}
	w->r->dsqs = dsqs;
	*slot = dsq;
	return true;
}

/* DSQs inside rq->scx: the local one always, others for some releases. */
static void rq_dsqs(struct walk *w)
{
	static const struct {
		enum layout_member member;
		enum scxray_dsq_origin origin;
	} kinds[] = {
		{ M_scx_rq_local_dsq, SCXRAY_DSQ_LOCAL },
		{ M_scx_rq_bypass_dsq, SCXRAY_DSQ_BYPASS },
		{ M_scx_rq_reject_dsq, SCXRAY_DSQ_REJECT },
		{ M_scx_rq_rescue_dsq, SCXRAY_DSQ_RESCUE },
	};

	for (size_t kind = 0; kind < ARRAY_SIZE(kinds); kind++)
		for (size_t i = 0; i < w->r->nr_rqs && has_member(w, kinds[kind].member); i++) {
			uint64_t scx = member_addr(w, w->r->rqs[i].kva, M_rq_scx);

			add_dsq(w, member_addr(w, scx, kinds[kind].member), kinds[kind].origin,
				w->r->rqs[i].cpu, NULL);
		}
}

/* Per-CPU bypass DSQs of a scheduler (7.1 on). */
static void pcpu_dsqs(struct walk *w, const struct scxray_sched *sched)
{
	struct scxray_num pcpu = read_optional(w, sched->sched_kva.value, M_scx_sched_pcpu);

	if (pcpu.state != SCXRAY_PRESENT || !pcpu.value ||
	    !has_member(w, M_scx_sched_pcpu_bypass_dsq))
		return;
	for (size_t i = 0; i < w->r->nr_rqs; i++) {
		uint64_t at = percpu_addr(w, pcpu.value, w->r->rqs[i].cpu);

		add_dsq(w, member_addr(w, at, M_scx_sched_pcpu_bypass_dsq), SCXRAY_DSQ_BYPASS,
			w->r->rqs[i].cpu, sched);
	}
}

/* An array of pointers by node: to DSQs, or (7.1 on) to structs that hold one. */
static void node_dsqs(struct walk *w, uint64_t array, uint32_t offset,
		      const struct scxray_sched *sched)
{
	uint64_t nr = w->r->guest.nr_nodes.state == SCXRAY_PRESENT ? w->r->guest.nr_nodes.value : 1;

	if (w->r->guest.nr_nodes.state == SCXRAY_UNREADABLE)
		w->r->cut[SCXRAY_GROUP_DSQS] =
			"nr_node_ids is unreadable: of the global DSQs only node 0's";
	for (uint32_t node = 0; node < nr && node < MAX_NODES; node++) {
		struct scxray_num dsq = read_int(w, array + node * 8ULL, 8, false);

		if (dsq.state == SCXRAY_PRESENT && dsq.value)
			add_dsq(w, dsq.value + offset, SCXRAY_DSQ_GLOBAL, node, sched);
		else if (dsq.state != SCXRAY_PRESENT)
			w->r->cut[SCXRAY_GROUP_DSQS] =
				pool_printf(w->pool, "global DSQ of node %u at 0x%016llx: %s", node,
					    (unsigned long long)dsq.value, dsq.reason);
	}
}

static bool user_dsq(struct walk *w, uint64_t node, void *arg)
{
	return add_dsq(w, node - w->k->layout.member[M_scx_dispatch_q_hash_node].offset,
		       SCXRAY_DSQ_USER, 0, arg);
}

static void user_dsqs(struct walk *w, uint64_t ht, struct scxray_sched *sched)
{
	const char *cut;

	rhashtable_walk(w, ht, w->settings.max_dsqs, user_dsq, sched, &cut);
	if (cut)
		w->r->cut[SCXRAY_GROUP_DSQS] = cut;
}

static void sched_dsqs(struct walk *w, struct scxray_sched *sched)
{
	uint64_t kva = sched->sched_kva.value;
	struct scxray_num nodes;

	pcpu_dsqs(w, sched);
	if (has_member(w, M_scx_sched_pnode)) {
		nodes = read_member(w, kva, M_scx_sched_pnode);
		if (nodes.state == SCXRAY_PRESENT && nodes.value)
			node_dsqs(w, nodes.value,
				  w->k->layout.member[M_scx_sched_pnode_global_dsq].offset, sched);
	} else {
		nodes = read_member(w, kva, M_scx_sched_global_dsqs);
		if (nodes.state == SCXRAY_PRESENT && nodes.value)
			node_dsqs(w, nodes.value, 0, sched);
	}
	if (has_member(w, M_scx_sched_dsq_hash))
		user_dsqs(w, member_addr(w, kva, M_scx_sched_dsq_hash), sched);
}

/* Up to 6.15 everything is global. */
static void global_dsqs(struct walk *w)
{
	struct scxray_num nodes;

	if (has_symbol(w, S_global_dsqs)) {
		nodes = read_symbol(w, S_global_dsqs, false);
		if (nodes.state == SCXRAY_PRESENT && nodes.value)
			node_dsqs(w, nodes.value, 0, NULL);
	}
	if (has_symbol(w, S_dsq_hash))
		user_dsqs(w, w->k->layout.symbol[S_dsq_hash], NULL);
}

void walk_dsqs(struct walk *w)
{
	if (!has_member(w, M_scx_dispatch_q_list) || !has_member(w, M_list_head_next)) {
		w->r->unavailable[SCXRAY_GROUP_DSQS] =
			"this kernel has no sched_ext (no struct scx_dispatch_q in its BTF)";
		return;
	}
	rq_dsqs(w);
	if (!has_member(w, M_scx_sched_dsq_hash))
		global_dsqs(w);
	for (size_t i = 0; i < w->r->nr_scheds; i++)
		if (w->r->scheds[i].sched_kva.state == SCXRAY_PRESENT)
			sched_dsqs(w, &w->r->scheds[i]);
}
