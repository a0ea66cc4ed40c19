/* SPDX-License-Identifier: BSD-2-Clause */
/* words.h - what the sentences of findings have in common */
#ifndef RENDER_WORDS_H
#define RENDER_WORDS_H

#include "render/diagnosis/facts.h"

struct scxray_sched;

/* Opens a finding of the tasks that are picked, and claims them: the rule tells them. */
struct strbuf *finding_tell_picked(struct facts *f, const char *kind, bool inferred);
/* Picks what no rule has claimed yet and `explains` holds for; returns how many. */
size_t waits_pick(struct facts *f,
		  bool (*explains)(const struct facts *f, const struct wait *w, const void *arg),
		  const void *arg);
/* One of those: the task runs on no CPU.  `f` and `arg` are not looked at. */
bool wait_is_off_cpu(const struct facts *f, const struct wait *w, const void *arg);

/* "victim1[98], victim3[100], victim0[97] and 1 more": of the finding begun last */
void words_put_names(struct facts *f, struct strbuf *sb);
/* "8.136s (timeout 8.000s)": the longest wait of the same */
void words_put_longest(struct facts *f, struct strbuf *sb);
/*
 * "victim0[99] and victim1[100] wait for it, the first for 8.136s (timeout 8.000s), 1 of them on its
 * local DSQ." and where they may run: the same, of a CPU that was named
 */
void words_put_cpu_waiters(struct facts *f, struct strbuf *sb, const struct scxray_rq *rq);
/* " victim1[98] may run on CPU 0 only, victim3[100] on CPU 1 only." where there are such */
void words_put_bounds(struct facts *f, struct strbuf *sb);
/* " All of them are in cgroup /crew/inner, where nobody runs." where that is so */
void words_put_cgroup(struct facts *f, struct strbuf *sb);
/* " The BPF timer in map pump is not armed." where none of the live scheduler's is */
void words_put_timers(struct facts *f, struct strbuf *sb);
/* What the other queues gave between the snapshots, and which CPUs are idle. */
void words_put_meanwhile(struct facts *f, struct strbuf *sb, const struct scxray_dsq *dsq);
/* "DSQ 0x200", "the local DSQ of CPU 1", "the global node 0 DSQ of scxsub" */
void words_put_dsq(struct strbuf *sb, const struct scxray_dsq *dsq);
/* The same at a sentence's beginning. */
void words_begin_dsq(struct strbuf *sb, const struct scxray_dsq *dsq);
/* "hog[106]", of a run queue */
void words_put_curr(struct strbuf *sb, const struct scxray_rq *rq);
/* " (3.576s apart)" */
void words_put_elapsed(struct strbuf *sb, const struct diagnosis *dg);
/* "scheduler scxfix", "sub-scheduler scxsub" */
void words_put_sched(struct strbuf *sb, const struct scxray_sched *s);
/* The scheduler of a task: by its address, else the root; NULL without any. */
const struct scxray_sched *task_find_sched(const struct scxray_report *r,
					   const struct scxray_task *t);

/* Are the tasks of the finding begun last all kernel threads that are bound? */
bool finding_has_only_kthreads(const struct facts *f);

/* May one of the tasks of the finding begun last run there? */
bool finding_may_use_cpu(const struct facts *f, uint32_t cpu);

/* The finding's fields, and the path into the report. */
void finding_about_dsq(struct facts *f, const struct scxray_dsq *dsq, const char *member);
void finding_about_cpu(struct facts *f, const struct scxray_rq *rq, const char *member);

#endif
