/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * join.c - finds what belongs to a task, a queue or a scheduler in a report
 */
#include "render/out/join.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <scxray/atoms.h>
#include <scxray/dsq.h>
#include <scxray/map.h>
#include <scxray/prog.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/sched.h>
#include <scxray/task.h>

const struct scxray_task *report_find_task(const struct scxray_report *r,
					   const struct scxray_task_ref *ref)
{
	return ref->index >= 0 && (size_t)ref->index < r->nr_tasks ? &r->tasks[ref->index] : NULL;
}

const char *dsq_origin(const struct scxray_dsq *dsq, char *buf, size_t size)
{
	static const char *const origins[] = {
		[SCXRAY_DSQ_LOCAL] = "local cpu",    [SCXRAY_DSQ_BYPASS] = "bypass cpu",
		[SCXRAY_DSQ_REJECT] = "reject cpu",  [SCXRAY_DSQ_RESCUE] = "rescue cpu",
		[SCXRAY_DSQ_GLOBAL] = "global node",
	};

	if (dsq->origin == SCXRAY_DSQ_USER)
		return "user";
	snprintf(buf, size, "%s %u", origins[dsq->origin], dsq->index);
	return buf;
}

const struct scxray_dsq *task_find_dsq(const struct scxray_report *r, const struct scxray_task *t)
{
	return t->dsq_index >= 0 && (size_t)t->dsq_index < r->nr_dsqs ? &r->dsqs[t->dsq_index]
								      : NULL;
}

/* The kernel nests schedulers 4 deep at most. */
#define MAX_SCHED_DEPTH 16

static size_t parent_of(const struct scxray_report *r, size_t index)
{
	const struct scxray_num *parent = &r->scheds[index].parent_kva;

	for (size_t i = 0; parent->state == SCXRAY_PRESENT && i < index; i++)
		if (num_is(&r->scheds[i].sched_kva, parent->value))
			return i;
	return 0;
}

size_t *sched_parents(const struct scxray_report *r)
{
	size_t *parents = r->nr_scheds ? calloc(r->nr_scheds, sizeof(*parents)) : NULL;

	if (!parents)
		return NULL;
	parents[0] = SIZE_MAX;
	for (size_t i = 1; i < r->nr_scheds; i++) {
		size_t at = parents[i] = parent_of(r, i);

		for (int depth = 0; at != SIZE_MAX; depth++) {
			at = parents[at];
			if (depth == MAX_SCHED_DEPTH)
				parents[i] = 0;
		}
	}
	return parents;
}

const struct scxray_rq *report_find_rq(const struct scxray_report *r, uint64_t cpu)
{
	for (size_t i = 0; i < r->nr_rqs; i++)
		if (r->rqs[i].cpu == cpu)
			return &r->rqs[i];
	return NULL;
}

/* A task that appears to wait for over a day is garbage, not a stall. */
#define MAX_AGE_JIFFIES (24ULL * 3600 * 1000)

const struct scxray_task *report_find_oldest(const struct scxray_report *r)
{
	const struct scxray_task *oldest = NULL;

	for (size_t i = 0; i < r->nr_tasks; i++) {
		const struct scxray_num *age = &r->tasks[i].runnable_age_jiffies;

		if (r->tasks[i].runnable_cpu >= 0 && age->state == SCXRAY_PRESENT &&
		    num_signed(age) >= 0 && age->value <= MAX_AGE_JIFFIES &&
		    (!oldest || age->value > oldest->runnable_age_jiffies.value))
			oldest = &r->tasks[i];
	}
	return oldest;
}

enum custody task_custody(const struct scxray_report *r, const struct scxray_task *t)
{
	const char *ops = t->ops_state_name ? t->ops_state_name : "";

	if (t->curr_cpu >= 0)
		return CUSTODY_RUNNING;
	if (task_find_dsq(r, t))
		return CUSTODY_DSQ;
	/* taken off its queue, waiting for the other CPU's lock: p->scx.dsq is still set */
	if (t->holding_cpu.state == SCXRAY_PRESENT && num_signed(&t->holding_cpu) >= 0)
		return CUSTODY_MOVING;
	if (num_true(&t->dsq_kva))
		return CUSTODY_LOST_DSQ;
	if (t->buffered_by)
		return CUSTODY_BUFFER;
	if (!strcmp(ops, "QUEUED"))
		return CUSTODY_BPF;
	if (!strcmp(ops, "QUEUEING"))
		return CUSTODY_QUEUEING;
	if (!strcmp(ops, "DISPATCHING"))
		return CUSTODY_DISPATCHING;
	if (t->runnable_cpu < 0)
		return CUSTODY_NOT_RUNNABLE;
	return CUSTODY_NOBODY;
}

static uint64_t timeout_of(const struct scxray_report *r, const struct scxray_sched *sched)
{
	uint64_t jiffies, ms, hz;

	if (num_get(&sched->watchdog_timeout, &jiffies) && jiffies)
		return jiffies;
	if (num_get(&sched->timeout_ms, &ms) && num_get(&r->guest.hz, &hz) && ms <= 1 << 24 &&
	    hz <= 10000)
		return ms * hz / 1000;
	return 0;
}

uint64_t sched_timeout_jiffies(const struct scxray_report *r, const struct scxray_num *sched_kva)
{
	for (size_t i = 0; sched_kva && sched_kva->state == SCXRAY_PRESENT && i < r->nr_scheds; i++)
		if (num_is(&r->scheds[i].sched_kva, sched_kva->value))
			return timeout_of(r, &r->scheds[i]);
	return r->nr_scheds ? timeout_of(r, &r->scheds[0]) : 0;
}

const struct scxray_text *held_file_name(const struct scxray_report *r,
					 const struct scxray_held_file *file)
{
	for (size_t i = 0; file->kind == SCXRAY_HELD_MAP && i < r->nr_maps; i++)
		if (r->maps[i].map_kva == file->kva)
			return &r->maps[i].name;
	for (size_t i = 0; file->kind == SCXRAY_HELD_PROG && i < r->nr_progs; i++)
		if (r->progs[i].kva == file->kva)
			return &r->progs[i].name;
	return NULL;
}

const char *held_file_kind(const struct scxray_held_file *file)
{
	static const char *const kinds[] = {
		[SCXRAY_HELD_MAP] = "map",
		[SCXRAY_HELD_PROG] = "prog",
		[SCXRAY_HELD_LINK] = "link",
	};

	return kinds[file->kind];
}

const struct scxray_task *held_files_process(const struct scxray_report *r,
					     const struct scxray_held_files *held)
{
	const struct scxray_task *first = NULL;

	for (size_t i = 0; i < r->nr_tasks; i++) {
		const struct scxray_task *t = &r->tasks[i];

		if (t->held != held)
			continue;
		if (t->pid.state == SCXRAY_PRESENT && num_is(&t->tgid, t->pid.value))
			return t;
		first = first ? first : t;
	}
	return first;
}

size_t held_files_tasks(const struct scxray_report *r)
{
	size_t nr = 0;

	for (size_t i = 0; i < r->nr_tasks; i++)
		nr += r->tasks[i].held != NULL;
	return nr;
}
