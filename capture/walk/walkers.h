/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * walkers.h - the walkers: each fills its part of w->r, in the order of capture/run/walkers.c
 */
#ifndef CAPTURE_WALK_WALKERS_H
#define CAPTURE_WALK_WALKERS_H

struct scxray_source;
struct walk;

void walk_guest(struct walk *w, const struct scxray_source *source);
void walk_bpf_symbols(struct walk *w);

/* First of all under a freeze, whatever the limits: run queues, and the oldest runnable tasks. */
void walk_stalled(struct walk *w);

void walk_rqs(struct walk *w);
void walk_scheds(struct walk *w);
void walk_dsqs(struct walk *w);

/* Of each CPU: deadline servers, rescue, the idle mask, the dispatch buffer. */
void walk_cpus(struct walk *w);

/* Runnable rt and deadline tasks of every CPU. */
void walk_higher(struct walk *w);

void walk_scx_tasks(struct walk *w);
void walk_task_details(struct walk *w);
void walk_vcpus(struct walk *w, const struct scxray_source *source);

/* After tasks, before stacks: processes that have files of the schedulers open become tasks of the report. */
void walk_held_files(struct walk *w);

/* Tasks in lock slow paths, by their stacks; locks that CPUs hold. */
void walk_locks(struct walk *w);

void walk_task_identities(struct walk *w);
void walk_progs(struct walk *w);
void walk_cpu_time(struct walk *w);
void walk_numa(struct walk *w);
void walk_psi(struct walk *w);
void walk_log(struct walk *w);

/* Last: which members and symbols the others asked for in vain. */
void walk_missing(struct walk *w);

#endif
