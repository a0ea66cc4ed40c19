/* SPDX-License-Identifier: BSD-2-Clause */
/* user_process.h - is the process stopped that a scheduler in user space decides in? */
#ifndef RENDER_USER_PROCESS_H
#define RENDER_USER_PROCESS_H

#include "render/diagnosis/facts.h"

struct scxray_map;
struct scxray_sched;

/*
 * The stopped process that should have taken what the map holds, or NULL.  A ring buffer is read by
 * nobody but user space: of a process that has it open that is shown.  Else it is concluded; a
 * queue may be read by programs too, so there the process has to have the map open, or the
 * scheduler's name where open files are not known.
 */
const struct scxray_task *user_process_find_stopped(const struct facts *f,
						    const struct scxray_sched *sched,
						    const struct scxray_map *map, bool *shown);

/* A process that has the ring buffer open, so that it is the one to read it; or NULL. */
const struct scxray_task *user_process_find_reader(const struct facts *f,
						   const struct scxray_map *map);

/* Has nobody read the ring buffer between the snapshots? */
bool user_process_ring_stood(const struct facts *f, const struct scxray_map *map);

#endif
