/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cpus.c - what the kernel keeps for each CPU beside its run queue: deadline servers, the task that is
 * rescued, the mask of idle CPUs, and the dispatch buffers
 */
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/sched.h>
#include <scxray/task.h>

#include "capture/read/read.h"
#include "capture/walk/scheds.h"
#include "capture/walk/tasks.h"
#include "capture/walk/walkers.h"

#define MAX_BUFFERED 4096 /* ops.dispatch_max_batch is 32 by default */

static void server(struct walk *w, const struct scxray_rq *rq, enum layout_member member,
		   struct scxray_dl_server *to)
{
	uint64_t at = member_addr(w, rq->kva, member);

	if (!has_member(w, member))
		return;
	to->active = read_optional(w, at, M_sched_dl_entity_dl_server_active);
	to->throttled = read_member(w, at, M_sched_dl_entity_dl_throttled);
	to->runtime = read_member(w, at, M_sched_dl_entity_runtime);
	to->dl_runtime = read_member(w, at, M_sched_dl_entity_dl_runtime);
}

static void rescue(struct walk *w, struct scxray_rq *rq)
{
	uint64_t scx = member_addr(w, rq->kva, M_rq_scx);

	rq->rescue_curr = read_optional(w, scx, M_scx_rq_rescue_curr);
	rq->rescue_budget = read_optional(w, scx, M_scx_rq_rescue_budget);
}

/* scx_idle_global_masks: of a scheduler with masks by node the kernel keeps others. */
static void idle_mask(struct walk *w)
{
	struct scxray_cpumask mask;

	if (!has_symbol(w, S_scx_idle_global_masks) || !has_member(w, M_scx_idle_cpus_cpu))
		return;
	mask = read_cpumask(w, w->k->layout.symbol[S_scx_idle_global_masks], M_scx_idle_cpus_cpu);
	for (size_t i = 0; i < w->r->nr_rqs; i++) {
		struct scxray_rq *rq = &w->r->rqs[i];

		rq->idle = (struct scxray_num){ mask.addr, mask.reason, mask.state };
		if (mask.state == SCXRAY_PRESENT && rq->cpu < mask.nr_bits)
			rq->idle.value = mask.words[rq->cpu / 64] >> rq->cpu % 64 & 1;
	}
}

/* ---- dispatch buffers ----------------------------------------------------------------- */

static bool add_buffered(struct walk *w, struct scxray_rq *rq, uint64_t entry)
{
	struct scxray_num task = read_member(w, entry, M_scx_dsp_buf_ent_task);
	void *list = rq->buffered;
	struct scxray_buffered *to;

	if (task.state != SCXRAY_PRESENT) {
		rq->buffered_cut = task.reason;
		return false;
	}
	to = pool_push(w->pool, &list, &rq->nr_buffered, sizeof(*to));
	if (!to) {
		rq->buffered_cut = POOL_USED_UP;
		return false;
	}
	rq->buffered = list;
	*to = (struct scxray_buffered){
		.task = { .kva = task.value, .index = task_index(w, task.value) },
		.dsq_id = read_member(w, entry, M_scx_dsp_buf_ent_dsq_id),
	};
	if (to->dsq_id.state == SCXRAY_PRESENT)
		to->dsq_id_name = dsq_id_name(w, to->dsq_id.value);
	if (to->task.index >= 0)
		w->r->tasks[to->task.index].buffered_by = rq->cpu + 1;
	return true;
}

/* The entries up to the cursor; the kernel leaves what stood there before. */
static void buffer(struct walk *w, struct scxray_rq *rq, uint64_t ctx)
{
	struct scxray_num cursor = read_member(w, ctx, M_scx_dsp_ctx_cursor);
	uint64_t at = member_addr(w, ctx, M_scx_dsp_ctx_buf);
	uint32_t size = element_size(w, M_scx_dsp_ctx_buf);

	if (cursor.state != SCXRAY_PRESENT) {
		rq->buffered_cut = cursor.reason;
		return;
	}
	if (cursor.value > MAX_BUFFERED) {
		rq->buffered_cut = "the cursor is past any buffer's end";
		return;
	}
	for (uint64_t i = 0; i < cursor.value && add_buffered(w, rq, at + i * size); i++)
		;
}

/* `pcpu`: a per-CPU address of struct scx_dsp_ctx. */
static void buffers(struct walk *w, uint64_t pcpu)
{
	for (size_t i = 0; i < w->r->nr_rqs; i++)
		buffer(w, &w->r->rqs[i], percpu_addr(w, pcpu, w->r->rqs[i].cpu));
}

/* Of all schedulers up to 7.0; then of each its own. */
static void all_buffers(struct walk *w)
{
	struct scxray_num pcpu;

	if (!has_member(w, M_scx_dsp_ctx_cursor))
		return;
	if (!has_member(w, M_scx_sched_pcpu_dsp_ctx)) {
		pcpu = read_symbol(w, S_scx_dsp_ctx, false);
		if (pcpu.state == SCXRAY_PRESENT && pcpu.value)
			buffers(w, pcpu.value);
		return;
	}
	for (size_t i = 0; i < w->r->nr_scheds; i++) {
		pcpu = read_member(w, w->r->scheds[i].sched_kva.value, M_scx_sched_pcpu);
		if (pcpu.state == SCXRAY_PRESENT && pcpu.value)
			buffers(w, member_addr(w, pcpu.value, M_scx_sched_pcpu_dsp_ctx));
	}
}

void walk_cpus(struct walk *w)
{
	for (size_t i = 0; i < w->r->nr_rqs; i++) {
		struct scxray_rq *rq = &w->r->rqs[i];

		server(w, rq, M_rq_fair_server, &rq->fair_server);
		server(w, rq, M_rq_ext_server, &rq->ext_server);
		if (has_member(w, M_rq_scx))
			rescue(w, rq);
	}
	idle_mask(w);
	all_buffers(w);
}
