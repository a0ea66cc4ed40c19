/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tasks.h - which tasks there are, and of which class
 */
#ifndef CAPTURE_WALK_TASKS_H
#define CAPTURE_WALK_TASKS_H

#include "capture/kernel/layout.h"

struct scxray_task;
struct walk;

/* The index of the task at `kva` in w->r->tasks, adding it; -1 when the cap is reached. */
int32_t task_index(struct walk *w, uint64_t kva);

/*
 * Gives the current and the waiting tasks of w->r->rqs their places in w->r->tasks, and notes there
 * on which CPU each is.  Where not all find room, those that have waited longest do.
 */
void tasks_index_rqs(struct walk *w);

/* The address of the task whose sched_ext_entity member `m` is at `node`. */
uint64_t task_of_entity(const struct walk *w, uint64_t node, enum layout_member m);

/* Reads all that a report says of the task at task->kva except its stack and identity. */
void task_read_details(struct walk *w, struct scxray_task *task);

/* "ext", "fair", ... for a sched_class address; NULL if unknown. */
const char *sched_class_name(const struct walk *w, uint64_t class_kva);

#endif
