/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rqs.c - the run queue of every possible CPU, and its sched_ext part
 */
#include <base/array.h>

#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/task.h>

#include "capture/read/list.h"
#include "capture/read/read.h"
#include "capture/walk/scheds.h"
#include "capture/walk/tasks.h"
#include "capture/walk/walkers.h"

static bool is_possible(const uint64_t *mask, uint32_t cpu)
{
	return !mask || (mask[cpu / 64] >> (cpu % 64) & 1);
}

/* rq->scx.runnable_list: tasks that wait; the running one is not on it. */
static void runnable_list(struct walk *w, struct scxray_rq *rq, uint64_t scx)
{
	struct list_iter it;
	uint64_t node;
	void *refs = NULL;

	if (!has_member(w, M_scx_rq_runnable_list))
		return;
	list_start(&it, w, member_addr(w, scx, M_scx_rq_runnable_list), w->settings.max_list);
	while (list_next(&it, &node)) {
		uint64_t kva = task_of_entity(w, node, M_sched_ext_entity_runnable_node);
		struct scxray_task_ref *ref =
			pool_push(w->pool, &refs, &rq->nr_runnable, sizeof(*ref));

		if (!ref) {
			rq->runnable_cut = POOL_USED_UP;
			break;
		}
		*ref = (struct scxray_task_ref){ .kva = kva, .index = -1 };
	}
	rq->runnable = refs;
	if (it.cut)
		rq->runnable_cut = it.cut;
}

/* The root scheduler's scx_sched_pcpu, a per-CPU address; NONE where there is none. */
static struct scxray_num root_pcpu(struct walk *w)
{
	struct scxray_num root = { 0 };

	if (has_symbol(w, S_scx_root) && has_member(w, M_scx_sched_pcpu))
		root = read_symbol(w, S_scx_root, false);
	if (root.state != SCXRAY_PRESENT || !root.value)
		return (struct scxray_num){ 0 };
	return read_member(w, root.value, M_scx_sched_pcpu);
}

/* Bypass by CPU: a flag of rq->scx up to 7.0, of the scheduler's scx_sched_pcpu from 7.1 on. */
static struct scxray_num bypassing(struct walk *w, const struct scxray_rq *rq)
{
	struct scxray_num flags = rq->flags, pcpu;
	uint64_t bit;

	if (!types_enumerator(&w->k->types, "scx_rq_flags", "SCX_RQ_BYPASSING", &bit)) {
		if (!types_enumerator(&w->k->types, "scx_sched_pcpu_flags",
				      "SCX_SCHED_PCPU_BYPASSING", &bit))
			return (struct scxray_num){ 0 };
		pcpu = root_pcpu(w);
		if (pcpu.state != SCXRAY_PRESENT || !pcpu.value)
			return (struct scxray_num){ 0 };
		flags = read_member(w, percpu_addr(w, pcpu.value, rq->cpu), M_scx_sched_pcpu_flags);
	}
	if (flags.state == SCXRAY_PRESENT)
		flags.value = !!(flags.value & bit);
	return flags;
}

/* Tasks that were dispatched to another CPU's local DSQ and are not there yet. */
static struct scxray_num nr_deferred(struct walk *w, uint64_t scx)
{
	struct list_iter it;
	uint64_t node, nr = 0;

	if (!has_member(w, M_scx_rq_ddsp_deferred_locals))
		return (struct scxray_num){ 0 };
	list_start(&it, w, member_addr(w, scx, M_scx_rq_ddsp_deferred_locals),
		   w->settings.max_list);
	while (list_next(&it, &node))
		nr++;
	if (it.cut)
		return (struct scxray_num){ .value = it.node,
					    .reason = it.cut,
					    .state = SCXRAY_UNREADABLE };
	return num_present(nr);
}

/*
 * Which CPUs are to be kicked: in rq->scx up to 7.2; from 7.3 on in every scheduler's
 * scx_sched_pcpu, the root's and those of all below it.
 */
static const struct {
	size_t to;
	enum layout_member in_rq;
	enum layout_member in_pcpu;
} masks[] = {
	{ offsetof(struct scxray_rq, cpus_to_kick), M_scx_rq_cpus_to_kick,
	  M_scx_sched_pcpu_cpus_to_kick },
	{ offsetof(struct scxray_rq, cpus_to_kick_if_idle), M_scx_rq_cpus_to_kick_if_idle,
	  M_scx_sched_pcpu_cpus_to_kick_if_idle },
	{ offsetof(struct scxray_rq, cpus_to_preempt), M_scx_rq_cpus_to_preempt,
	  M_scx_sched_pcpu_cpus_to_preempt },
	{ offsetof(struct scxray_rq, cpus_to_wait), M_scx_rq_cpus_to_wait,
	  M_scx_sched_pcpu_cpus_to_wait },
	{ offsetof(struct scxray_rq, cpus_to_sync), M_scx_rq_cpus_to_sync, LAYOUT_NR_MEMBERS },
};

static void kick_masks(struct walk *w, struct scxray_rq *rq, uint64_t scx)
{
	struct scxray_num pcpu = { 0 };

	if (has_member(w, M_scx_sched_pcpu_cpus_to_kick))
		pcpu = root_pcpu(w);
	for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
		struct scxray_cpumask *to = (struct scxray_cpumask *)((char *)rq + masks[i].to);

		if (has_member(w, masks[i].in_rq))
			*to = read_cpumask(w, scx, masks[i].in_rq);
		else if (masks[i].in_pcpu != LAYOUT_NR_MEMBERS && has_member(w, masks[i].in_pcpu) &&
			 pcpu.state == SCXRAY_PRESENT && pcpu.value)
			*to = read_cpumask(w, percpu_addr(w, pcpu.value, rq->cpu),
					   masks[i].in_pcpu);
	}
}

static bool in_pcpu(const struct walk *w, size_t mask)
{
	return masks[mask].in_pcpu != LAYOUT_NR_MEMBERS && !has_member(w, masks[mask].in_rq) &&
	       has_member(w, masks[mask].in_pcpu);
}

/* Where several schedulers have a mask, the CPUs of all of them are to be kicked. */
static void merge(struct walk *w, struct scxray_cpumask *to, const struct scxray_cpumask *mask)
{
	uint32_t nr = (to->nr_bits + 63) / 64;
	uint64_t *words;

	if (to->state != SCXRAY_PRESENT)
		return;
	if (mask->state != SCXRAY_PRESENT) {
		*to = *mask;
		return;
	}
	words = pool_alloc(w->pool, nr * sizeof(*words));
	if (!words) {
		to->state = SCXRAY_UNREADABLE;
		to->reason = POOL_USED_UP;
		return;
	}
	/* both have nr_cpu_ids bits */
	for (uint32_t i = 0; i < nr; i++)
		words[i] = to->words[i] | mask->words[i];
	to->words = words;
}

void walk_rqs_of_sub(struct walk *w, uint64_t sched)
{
	struct scxray_num pcpu = read_optional(w, sched, M_scx_sched_pcpu);

	if (pcpu.state != SCXRAY_PRESENT || !pcpu.value)
		return;
	for (size_t i = 0; i < w->r->nr_rqs; i++)
		for (size_t m = 0; m < ARRAY_SIZE(masks); m++) {
			struct scxray_rq *rq = &w->r->rqs[i];
			struct scxray_cpumask mask;

			if (!in_pcpu(w, m))
				continue;
			mask = read_cpumask(w, percpu_addr(w, pcpu.value, rq->cpu),
					    masks[m].in_pcpu);
			merge(w, (struct scxray_cpumask *)((char *)rq + masks[m].to), &mask);
		}
}

static void current_task(struct walk *w, struct scxray_rq *rq)
{
	struct scxray_num class;

	rq->curr_kva = read_member(w, rq->kva, M_rq_curr);
	rq->curr_index = -1;
	if (rq->curr_kva.state != SCXRAY_PRESENT || !rq->curr_kva.value)
		return;
	rq->curr_pid = read_member(w, rq->curr_kva.value, M_task_struct_pid);
	rq->curr_comm = read_text_array(w, rq->curr_kva.value, M_task_struct_comm);
	class = read_member(w, rq->curr_kva.value, M_task_struct_sched_class);
	if (class.state == SCXRAY_PRESENT)
		rq->curr_class = sched_class_name(w, class.value);
}

static void scx_part(struct walk *w, struct scxray_rq *rq)
{
	uint64_t scx = member_addr(w, rq->kva, M_rq_scx);

	rq->nr_running = read_member(w, scx, M_scx_rq_nr_running);
	rq->flags = read_member(w, scx, M_scx_rq_flags);
	if (rq->flags.state == SCXRAY_PRESENT)
		rq->flag_names =
			flag_names(w, "scx_rq_flags", "SCX_RQ_", rq->flags.value, UINT32_MAX);
	rq->cpu_released = read_member(w, scx, M_scx_rq_cpu_released);
	rq->ops_qseq = read_member(w, scx, M_scx_rq_ops_qseq);
	if (has_member(w, M_scx_rq_pnt_seq))
		rq->kick_sync = read_member(w, scx, M_scx_rq_pnt_seq);
	else
		rq->kick_sync = read_member(w, scx, M_scx_rq_kick_sync);
	rq->nr_immed = read_member(w, scx, M_scx_rq_nr_immed);
	rq->rq_clock = read_member(w, scx, M_scx_rq_clock);
	rq->cpuperf_target = read_optional(w, scx, M_scx_rq_cpuperf_target);
	rq->nr_deferred = nr_deferred(w, scx);
	rq->bypassing = bypassing(w, rq);
	kick_masks(w, rq, scx);
	runnable_list(w, rq, scx);
}

/*
 * The word of a queued spinlock (include/asm-generic/qspinlock_types.h, fewer than 16384
 * CPUs): a byte that is set while it is held, one for a CPU that is next, and the last
 * CPU of those that queue.  The holder is not in it.
 */
static void rq_lock(struct walk *w, struct scxray_rq *rq)
{
	uint64_t tail;

	rq->lock = read_optional(w, rq->kva, M_rq_lock);
	rq->lock_held = rq->lock_pending = rq->lock;
	if (rq->lock.state != SCXRAY_PRESENT)
		return;
	rq->lock.value &= UINT32_MAX; /* an atomic_t: its bits are what counts */
	rq->lock_held.value = !!(rq->lock.value & 0xff);
	rq->lock_pending.value = !!(rq->lock.value & 0xff00);
	tail = rq->lock.value >> 18;
	if (tail)
		rq->lock_tail_cpu = num_present(tail - 1);
	if (rq->lock_held.value)
		rq->lock_owner_cpu = read_optional(w, rq->kva, M_rq_lock_owner_cpu);
}

/* While a CPU runs a sched_ext operation with an rq locked, it notes which one that is. */
static void locked_by_ops(struct walk *w)
{
	enum layout_symbol s =
		has_symbol(w, S_scx_locked_rq_state) ? S_scx_locked_rq_state : S_locked_rq;

	if (!has_symbol(w, s))
		return;
	for (size_t i = 0; i < w->r->nr_rqs; i++) {
		uint32_t cpu = w->r->rqs[i].cpu;
		struct scxray_num locked =
			read_int(w, percpu_addr(w, w->k->layout.symbol[s], cpu), 8, false);

		for (size_t j = 0; locked.state == SCXRAY_PRESENT && j < w->r->nr_rqs; j++)
			if (w->r->rqs[j].kva == locked.value)
				w->r->rqs[j].lock_scx_cpu = num_present(cpu);
	}
}

static void one_rq(struct walk *w, struct scxray_rq *rq)
{
	rq->clock = read_member(w, rq->kva, M_rq_clock);
	rq->rq_nr_running = read_member(w, rq->kva, M_rq_nr_running);
	rq->nr_switches = read_member(w, rq->kva, M_rq_nr_switches);
	rq->cfs_nr_queued = read_optional(w, rq->kva, M_rq_cfs_nr_queued);
	if (rq->cfs_nr_queued.state == SCXRAY_NONE)
		rq->cfs_nr_queued = read_member(w, rq->kva, M_rq_cfs_nr_running);
	rq->rt_nr_running = read_member(w, rq->kva, M_rq_rt_nr_running);
	rq->dl_nr_running = read_member(w, rq->kva, M_rq_dl_nr_running);
	rq->online = read_member(w, rq->kva, M_rq_online);
	rq_lock(w, rq);
	current_task(w, rq);
	if (has_member(w, M_rq_scx))
		scx_part(w, rq);
}

void walk_rqs(struct walk *w)
{
	uint32_t nr = w->k->nr_cpus;
	const uint64_t *possible = NULL;
	struct scxray_cpumask mask;

	if (!nr || !has_symbol(w, S_runqueues)) {
		w->r->unavailable[SCXRAY_GROUP_RQS] = "per-CPU run queues not found";
		return;
	}
	if (!has_member(w, M_rq_curr)) {
		w->r->unavailable[SCXRAY_GROUP_RQS] = "struct rq is not in this kernel's BTF";
		return;
	}
	if (has_symbol(w, S___cpu_possible_mask)) {
		mask = read_cpumask_at(w, w->k->layout.symbol[S___cpu_possible_mask]);
		if (mask.state == SCXRAY_PRESENT)
			possible = mask.words;
	}
	w->r->rqs = pool_alloc(w->pool, nr * sizeof(*w->r->rqs));
	if (!w->r->rqs) {
		w->r->unavailable[SCXRAY_GROUP_RQS] = POOL_USED_UP;
		return;
	}
	for (uint32_t cpu = 0; cpu < nr; cpu++) {
		struct scxray_rq *rq;

		if (!is_possible(possible, cpu))
			continue;
		rq = &w->r->rqs[w->r->nr_rqs++];
		rq->cpu = cpu;
		rq->kva = percpu_addr(w, w->k->layout.symbol[S_runqueues], cpu);
		one_rq(w, rq);
	}
	tasks_index_rqs(w);
	locked_by_ops(w);
}
