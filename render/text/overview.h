/* SPDX-License-Identifier: BSD-2-Clause */
/* overview.h - CPUs, queues and stalled tasks at a glance, early against late */
#ifndef RENDER_TEXT_OVERVIEW_H
#define RENDER_TEXT_OVERVIEW_H

struct diagnosis;
struct text;

/* The task that has each CPU, and those that had it between the snapshots. */
void text_cpu_use(struct text *t, const struct diagnosis *dg);
/* The queues that tasks wait on, with those that move. */
void text_queue_moves(struct text *t, const struct diagnosis *dg);
/* The first eight of the tasks that wait too long, a block each; in a summary a line each. */
void text_cards(struct text *t, const struct diagnosis *dg);

#endif
