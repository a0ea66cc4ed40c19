/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * join.h - finds what belongs together in a report: tasks and queues, schedulers and their
 * parents
 */
#ifndef RENDER_JOIN_H
#define RENDER_JOIN_H

#include <scxray/atoms.h>
#include <scxray/host.h>
#include <scxray/render.h>
#include <scxray/report_struct.h>

struct scxray_dsq;
struct scxray_held_file;
struct scxray_held_files;
struct scxray_task;
struct scxray_task_ref;

/* The task of a reference, or NULL where it is missing in the report. */
const struct scxray_task *report_find_task(const struct scxray_report *r,
					   const struct scxray_task_ref *ref);

/* "local cpu 0", "bypass cpu 1", "reject cpu 1", "global node 0", "user" */
const char *dsq_origin(const struct scxray_dsq *dsq, char *buf, size_t size);

/* The queue that holds the task, or NULL. */
const struct scxray_dsq *task_find_dsq(const struct scxray_report *r, const struct scxray_task *t);

/*
 * For each scheduler the index of its parent: if the parent comes earlier in the list and
 * the tree stays shallow, else the root. The root's own entry is SIZE_MAX. So the result is
 * a tree whatever the guest's pointers say. The caller frees it; NULL without schedulers or
 * without memory.
 */
size_t *sched_parents(const struct scxray_report *r);

/* The task that has been runnable for longest, or NULL.  Over a day is garbage, not a wait. */
const struct scxray_task *report_find_oldest(const struct scxray_report *r);

/* The run queue of a CPU, or NULL. */
const struct scxray_rq *report_find_rq(const struct scxray_report *r, uint64_t cpu);

/* The name of the map or program that a process has open; NULL: a link, or missing in the report. */
const struct scxray_text *held_file_name(const struct scxray_report *r,
					 const struct scxray_held_file *file);
/* The task that is named for the process with these files: its first thread, or the first one in the report. */
const struct scxray_task *held_files_process(const struct scxray_report *r,
					     const struct scxray_held_files *held);
/* How many tasks have such files open. */
size_t held_files_tasks(const struct scxray_report *r);
/* "map", "prog", "link" */
const char *held_file_kind(const struct scxray_held_file *file);

/* True if the report has no group at all, and no reason for a missing one. */
bool report_is_empty(const struct scxray_report *r);

/* True if some vCPUs did not park, so memory was read while they ran. */
static inline bool is_racy(const struct scxray_report *r)
{
	return r && r->host && r->host->is_degraded;
}

/* True for a degraded document: a single report, and that is racy. */
static inline bool is_degraded(const struct scxray_document *doc)
{
	return !doc->dual && is_racy(doc->late);
}

/* The trigger: the document's own, else that of the late report's host; NULL if unknown. */
const char *document_trigger(const struct scxray_document *doc);

/* Where a task waits, or why it does not wait. */
enum custody {
	CUSTODY_NOT_RUNNABLE, /* asleep, or not a task of sched_ext */
	CUSTODY_RUNNING,      /* some CPU's current task */
	CUSTODY_DSQ,	      /* linked on a DSQ of the report */
	CUSTODY_LOST_DSQ,     /* on a DSQ that was not walked, or not linked there */
	CUSTODY_BPF,	      /* QUEUED: enqueued to the BPF scheduler, on no DSQ */
	CUSTODY_BUFFER, /* in a CPU's dispatch buffer: ops.dispatch() has inserted it, and not returned */
	CUSTODY_QUEUEING,    /* in the middle of ops.enqueue() */
	CUSTODY_DISPATCHING, /* in the middle of being dispatched */
	CUSTODY_MOVING,	     /* holding_cpu is set: on its way to another CPU's local DSQ */
	CUSTODY_NOBODY,	     /* on a runnable list, and nothing says where */
};

enum custody task_custody(const struct scxray_report *r, const struct scxray_task *t);

/* "dsq", "running", "bpf": as JSON says it. */
const char *custody_name(enum custody custody);

/*
 * The places in tasks[] of all tasks, the longest runnable first, then in the report's order those
 * of which no age is known.  The caller frees it; NULL without tasks or without memory.
 */
uint32_t *tasks_by_age(const struct scxray_report *r);

/* The timeout in jiffies of the scheduler `sched_kva`, else of the root; 0 if unknown. */
uint64_t sched_timeout_jiffies(const struct scxray_report *r, const struct scxray_num *sched_kva);

/* The number, where memory held one. */
static inline bool num_get(const struct scxray_num *num, uint64_t *value)
{
	*value = num->value;
	return num->state == SCXRAY_PRESENT;
}

static inline bool num_is(const struct scxray_num *num, uint64_t value)
{
	return num->state == SCXRAY_PRESENT && num->value == value;
}

/* True where memory held a number other than 0. */
static inline bool num_true(const struct scxray_num *num)
{
	return num->state == SCXRAY_PRESENT && num->value;
}

static inline int64_t num_signed(const struct scxray_num *num)
{
	return (int64_t)num->value;
}

#endif
