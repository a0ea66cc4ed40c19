/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rq_tasks.c - run queues' tasks in the list of tasks: those that run, and those that wait
 */
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/task.h>

#include "capture/base/sort.h"
#include "capture/read/read.h"
#include "capture/walk/tasks.h"
#include "capture/walk/walkers.h"

static void index_current(struct walk *w, struct scxray_rq *rq)
{
	if (rq->curr_kva.state != SCXRAY_PRESENT || !rq->curr_kva.value)
		return;
	rq->curr_index = task_index(w, rq->curr_kva.value);
	if (rq->curr_index >= 0)
		w->r->tasks[rq->curr_index].curr_cpu = (int32_t)rq->cpu;
}

static void index_runnable(struct walk *w, const struct scxray_rq *rq, struct scxray_task_ref *ref)
{
	ref->index = task_index(w, ref->kva);
	if (ref->index >= 0)
		w->r->tasks[ref->index].runnable_cpu = (int32_t)rq->cpu;
}

struct waiting {
	int64_t age; /* jiffies; INT64_MIN: unreadable */
	uint32_t rq, place;
};

static int by_age(const void *va, const void *vb)
{
	const struct waiting *a = va, *b = vb;

	if (a->age != b->age)
		return a->age > b->age ? -1 : 1;
	if (a->rq != b->rq)
		return a->rq < b->rq ? -1 : 1;
	return a->place < b->place ? -1 : a->place > b->place;
}

static int64_t age_of(struct walk *w, uint64_t task)
{
	struct scxray_num at = read_member(w, member_addr(w, task, M_task_struct_scx),
					   M_sched_ext_entity_runnable_at);

	return at.state == SCXRAY_PRESENT ? (int64_t)(w->r->guest.jiffies.value - at.value)
					  : INT64_MIN;
}

/* More tasks wait than the report takes: those that run, then those that wait longest on any CPU. */
static void index_oldest(struct walk *w, size_t nr)
{
	struct waiting *order = pool_alloc(w->pool, nr * sizeof(*order));
	size_t at = 0;

	for (size_t i = 0; i < w->r->nr_rqs; i++)
		index_current(w, &w->r->rqs[i]);
	for (size_t i = 0; order && i < w->r->nr_rqs; i++)
		for (size_t t = 0; t < w->r->rqs[i].nr_runnable; t++)
			order[at++] = (struct waiting){ age_of(w, w->r->rqs[i].runnable[t].kva),
							(uint32_t)i, (uint32_t)t };
	sort_array(order, at, sizeof(*order), by_age);
	for (size_t i = 0; i < at; i++) {
		struct scxray_rq *rq = &w->r->rqs[order[i].rq];

		index_runnable(w, rq, &rq->runnable[order[i].place]);
	}
}

void tasks_index_rqs(struct walk *w)
{
	size_t nr = 0;

	for (size_t i = 0; i < w->r->nr_rqs; i++)
		nr += w->r->rqs[i].nr_runnable + 1;
	if (nr > w->settings.max_tasks) {
		index_oldest(w, nr);
		return;
	}
	for (size_t i = 0; i < w->r->nr_rqs; i++) {
		struct scxray_rq *rq = &w->r->rqs[i];

		index_current(w, rq);
		for (size_t t = 0; t < rq->nr_runnable; t++)
			index_runnable(w, rq, &rq->runnable[t]);
	}
}
