/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scheds.h - the parts of a scheduler
 */
#ifndef CAPTURE_WALK_SCHEDS_H
#define CAPTURE_WALK_SCHEDS_H

#include <scxray/atoms.h>

struct scxray_exit_info;
struct scxray_sched;

struct walk;

/* The ops of `sched`, with the programs that implement them; `ops` is the address of the ops_type. */
void walk_ops(struct walk *w, struct scxray_sched *sched, uint64_t ops, const char *ops_type);

/* Adds what the scheduler at `sched` keeps of each CPU to the run queues (rqs.c). */
void walk_rqs_of_sub(struct walk *w, uint64_t sched);

/* The exit info at `kva`. */
void walk_exit_info(struct walk *w, struct scxray_exit_info *info, struct scxray_num kva);

/* Event counters: `stats` is the per-CPU address of a struct scx_event_stats. */
void walk_events(struct walk *w, struct scxray_sched *sched, uint64_t stats);

/* The name of a built-in DSQ id, such as "SCX_DSQ_LOCAL_ON | 1"; NULL of a scheduler's own. */
const char *dsq_id_name(struct walk *w, uint64_t id);

#endif
