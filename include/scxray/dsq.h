/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dsq.h - the report model: dispatch queues
 */
#ifndef SCXRAY_DSQ_H
#define SCXRAY_DSQ_H

#include <scxray/atoms.h>
#include <scxray/task.h>

enum scxray_dsq_origin {
	SCXRAY_DSQ_LOCAL,
	SCXRAY_DSQ_BYPASS,
	SCXRAY_DSQ_REJECT,
	SCXRAY_DSQ_RESCUE,
	SCXRAY_DSQ_GLOBAL,
	SCXRAY_DSQ_USER,
};

struct scxray_dsq {
	uint64_t kva;
	enum scxray_dsq_origin origin;
	uint32_t index;	    /* CPU of a local, bypass, reject or rescue DSQ; node of a global one */
	uint64_t sched_kva; /* the scheduler it belongs to, 0 where unknown */
	const char *sched_name; /* its ops name, where there are several schedulers */
	struct scxray_num id;
	const char *id_name; /* "SCX_DSQ_LOCAL" for built-in ids, NULL for user DSQs */
	struct scxray_num nr;
	struct scxray_num seq;
	struct scxray_task_ref *tasks; /* in queue order, cursors left out */
	size_t nr_tasks;
	size_t nr_cursors; /* iterator cursors that were skipped */
	const char *cut;   /* why the list ends early, NULL if it does not */
	bool is_vtime;	   /* its tasks are in the rb-tree as well */
	const char *const *
		conflicts; /* list against nr, list against rb-tree, vtime order: one sentence each */
	size_t nr_conflicts;
};

#endif
