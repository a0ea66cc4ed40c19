/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * finding.h - a finding of the diagnosis, and how the parts that find build one
 *
 * A finding is one cause, or what bears on it: one sentence or two, and the same as fields.
 */
#ifndef RENDER_FINDING_H
#define RENDER_FINDING_H

#include <scxray/render.h>

#include "render/diff/diff.h"
#include "render/out/strbuf.h"

struct scxray_task;

enum severity {
	SEVERITY_ERROR,	  /* what ended the scheduler, or tasks past the timeout */
	SEVERITY_WARNING, /* what is in the way, or soon will be */
	SEVERITY_INFO,
};

/* What a finding is for the reader; they come in this order. */
enum finding_rank {
	RANK_CAVEAT,   /* why the rest is to be taken with care */
	RANK_CAUSE,    /* why tasks were not run, or what the scheduler did wrong */
	RANK_VERDICT,  /* what the kernel did about it */
	RANK_EVIDENCE, /* what else is in the way */
	RANK_NOTE,
};

struct finding {
	enum finding_rank rank;
	enum severity severity;
	const char *kind; /* stable name: "dsq_not_consumed" */
	bool inferred;	  /* else the data shows it */
	size_t text;	  /* offset into texts: one sentence or two */
	size_t evidence;  /* offset into paths: the first of them */
	size_t nr_evidence;
	/* whom and what it is about: indexes into the lists of `r`, -1 where there is none */
	const struct scxray_report *r;
	size_t first_task, nr_tasks; /* in diagnosis.tasks, the longest waiting first */
	int32_t dsq, map;
	int32_t cpu;		    /* the CPU's number */
	struct scxray_text program; /* of BPF; NONE where there is none */
	uint64_t weight;	    /* of two of one rank the greater comes first */
};

struct facts;

struct diagnosis {
	const struct scxray_document *doc;
	const struct diff *diff;
	const struct scxray_report *early; /* to compare the late one with, or NULL */
	struct facts *facts;		   /* of the late report */
	struct finding *findings;
	size_t nr, max;
	uint32_t *tasks; /* indexes into the tasks of findings[].r */
	size_t nr_tasks, max_tasks;
	struct strbuf texts; /* NUL-terminated sentences */
	struct strbuf paths; /* NUL-terminated paths into the JSON document */
	uint32_t *task_rank
		[2]; /* of the late and the early report: a task's place in JSON, by that in tasks[] */
	bool racy;	     /* what is found from here on was read while vCPUs ran */
	bool half_way;	     /* ... was found in the early report, for want of a late one in time */
	struct finding none; /* what is filled where there is no memory for another */
	int error;
};

/* "error", "warning", "info" */
const char *finding_severity_name(enum severity severity);
/* "caveat", "cause", "verdict", "evidence", "note" */
const char *finding_rank_name(enum finding_rank rank);

/* Begins a finding; its sentence goes to the returned buffer. */
struct strbuf *finding_begin(struct diagnosis *dg, enum finding_rank rank, enum severity severity,
			     const char *kind);
/* The finding begun last is concluded and not shown; before its sentence begins. */
void finding_infer(struct diagnosis *dg);
/* The finding begun last, to fill its fields; never NULL (without memory it is a dummy). */
struct finding *finding_last(struct diagnosis *dg);
/* Adds a task of finding_last()->r. */
void finding_add_task(struct diagnosis *dg, size_t index);
/*
 * A path in the report `r` of the document, for the finding begun last. The index of
 * task_enrichments[] is that in r->tasks: the path gets the place in JSON, which is by age.
 */
void finding_add_path(struct diagnosis *dg, const struct scxray_report *r, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A path in the document beside its reports. */
void finding_add_document_path(struct diagnosis *dg, const char *path);

/* In place of all findings those that the document tells. */
void findings_tell(struct diagnosis *dg);

/* True if the task has been runnable for longer than its watchdog allows, or half of that. */
bool task_is_stalled(const struct scxray_report *r, const struct scxray_task *t, bool half);

#endif
