/* SPDX-License-Identifier: BSD-2-Clause */
/* user_process.c - is the process stopped that a scheduler in user space decides in? */
#include "render/diagnosis/user_process.h"

#include <string.h>

#include <scxray/map.h>
#include <scxray/report_struct.h>
#include <scxray/sched.h>
#include <scxray/task.h>

/* Names shorter than this are in too many others. */
#define MIN_NAME 4

static bool is_stopped(const struct facts *f, const struct scxray_task *t)
{
	const struct scxray_task *old = facts_early_task(f, t);

	/* where there is an earlier moment, it has not run since */
	if (old && (old->pcount.state != SCXRAY_PRESENT || !num_is(&t->pcount, old->pcount.value)))
		return false;
	return (t->state_letter == 'T' || t->state_letter == 't') && !task_is_kthread(t);
}

static bool has_name_of(const struct scxray_task *t, const struct scxray_sched *sched)
{
	return sched && sched->name.state == SCXRAY_PRESENT && sched->name.len >= MIN_NAME &&
	       t->comm.state == SCXRAY_PRESENT && strstr(t->comm.bytes, sched->name.bytes);
}

static bool has_open(const struct scxray_task *t, const struct scxray_map *map)
{
	for (size_t i = 0; t->held && i < t->held->nr_files; i++)
		if (t->held->files[i].kind == SCXRAY_HELD_MAP &&
		    t->held->files[i].kva == map->map_kva)
			return true;
	return false;
}

/* Whose open files are known is no guess: the first process that has the map open. */
static const struct scxray_task *find_opener(const struct facts *f, const struct scxray_map *map)
{
	for (size_t i = 0; i < f->r->nr_tasks; i++)
		if (has_open(&f->r->tasks[i], map))
			return &f->r->tasks[i];
	return NULL;
}

const struct scxray_task *user_process_find_reader(const struct facts *f,
						   const struct scxray_map *map)
{
	return map->form == SCXRAY_MAP_RINGBUF ? find_opener(f, map) : NULL;
}

const struct scxray_task *user_process_find_stopped(const struct facts *f,
						    const struct scxray_sched *sched,
						    const struct scxray_map *map, bool *shown)
{
	const struct scxray_task *any = NULL;
	bool opened = find_opener(f, map);

	*shown = false;
	if (map->form != SCXRAY_MAP_RINGBUF && map->form != SCXRAY_MAP_QUEUE)
		return NULL;
	for (size_t i = 0; i < f->r->nr_tasks; i++) {
		const struct scxray_task *t = &f->r->tasks[i];

		if (!is_stopped(f, t) || (opened && !has_open(t, map)))
			continue;
		*shown = opened && map->form == SCXRAY_MAP_RINGBUF;
		if (opened || has_name_of(t, sched))
			return t;
		any = any ? any : t;
	}
	return map->form == SCXRAY_MAP_RINGBUF ? any : NULL;
}

bool user_process_ring_stood(const struct facts *f, const struct scxray_map *map)
{
	for (size_t i = 0; f->early && map->ringbuf && i < f->early->nr_maps; i++) {
		const struct scxray_ringbuf *old = f->early->maps[i].ringbuf;

		if (f->early->maps[i].map_kva == map->map_kva && old &&
		    old->consumer_pos.state == SCXRAY_PRESENT)
			return num_is(&map->ringbuf->consumer_pos, old->consumer_pos.value);
	}
	return false;
}
