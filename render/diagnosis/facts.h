/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * facts.h - what the rules of the diagnosis decide by, computed once: who waits, what moved
 * between the two snapshots, which tasks had each CPU
 */
#ifndef RENDER_FACTS_H
#define RENDER_FACTS_H

#include "render/diagnosis/finding.h"
#include "render/out/join.h"

/* A task that has been runnable for half the watchdog's timeout or longer. */
struct wait {
	const struct scxray_task *task;
	size_t index; /* in facts.r->tasks */
	int64_t age;  /* jiffies */
	bool past;    /* the timeout */
	bool named;   /* by the kernel's message */
	enum custody custody;
	const struct scxray_dsq *dsq; /* that it is on, or NULL */
	bool picked;		      /* the rule at work explains it */
	bool claimed;		      /* a rule has */
};

/* A queue between the snapshots. */
struct queue_moves {
	const struct scxray_dsq *old; /* NULL: no early report has it */
	bool counted;		      /* inserted and taken are known */
	uint64_t inserted, taken;
	bool stood; /* the tasks that were on it early are at its head late, and were all the time */
	bool never; /* nobody has ever taken a task from it */
};

/* A CPU: the task that has it now, and those that had it between the snapshots. */
struct cpu_use {
	const struct scxray_rq *rq, *old;    /* old: NULL without an early report */
	const struct scxray_task *curr;	     /* NULL: not among the report's tasks */
	const struct scxray_task *preempted; /* whom curr, a bystander, has just interrupted */
	bool same_curr;
	bool has_since;
	uint64_t since_ns; /* how long curr has it, since it was last switched in */
	bool measured;	   /* the times below are known */
	uint64_t above_ns; /* run by classes that come before ext, since early */
	uint64_t ext_ns;
	const struct scxray_task
		*top; /* of the classes before ext, the task that ran longest, or NULL */
	uint64_t top_ns;
	const struct scxray_task *top_ext; /* the same of class ext */
	uint64_t top_ext_ns;
	const struct scxray_task
		*keeper;   /* the task that keeps it from sched_ext's other tasks, or NULL */
	bool keeper_shown; /* else concluded */
	bool local_only;   /* only from those on its local DSQ */
};

struct facts {
	struct diagnosis *dg;
	const struct scxray_report *r;	   /* that the waits are in */
	const struct scxray_report *early; /* to compare it with, or NULL */
	struct wait *waits;		   /* the longest waiting first */
	size_t nr_waits;
	size_t nr_ext;	      /* tasks of class ext in the report */
	struct cpu_use *cpus; /* as facts.r->rqs */
	uint64_t elapsed_ns;  /* between the snapshots, 0: unknown */
	bool partial;	      /* class fair comes before ext */
	bool watchdog_missed; /* it was ended since its watchdog did not run */
};

/* Computes them of the document's late report, or of its early one; facts_deinit() always. */
void facts_make(struct facts *f, struct diagnosis *dg, const struct scxray_report *r,
		const struct scxray_report *early);
void facts_deinit(struct facts *f);

struct queue_moves queue_moves(const struct facts *f, const struct scxray_dsq *dsq);

/*
 * A queue from which the other CPUs took nothing, though they switched tasks all the while and
 * somebody had taken from it before: this CPU is the one that consumes it.
 */
bool queue_others_leave(const struct facts *f, const struct scxray_dsq *dsq,
			const struct cpu_use *use);

/*
 * How many tasks that came onto the queue after this one have left it.  Some leave and come again
 * when their nice value or their CPUs change: a few show nothing.
 */
#define MIN_OVERTAKEN 8
bool wait_is_overtaken(const struct facts *f, const struct wait *w, uint64_t *nr);

/* The same task in the early report, or NULL. */
const struct scxray_task *facts_early_task(const struct facts *f, const struct scxray_task *t);

/* Where the task may run. */
bool task_may_use(const struct scxray_task *t, uint32_t cpu);
/* May it not run on every CPU there is? */
bool task_is_bound(const struct facts *f, const struct scxray_task *t);
/* A class that is picked before ext. */
bool class_is_above_ext(const struct facts *f, const char *class);
bool name_is(const char *class, const char *name);
struct cpu_use *facts_cpu_use(const struct facts *f, uint64_t cpu);
bool task_is_kthread(const struct scxray_task *t);
bool task_is_unbound_worker(const struct scxray_task *t);

#endif
