/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * finding.h - a finding of the diagnosis, and how the parts that find build one
 */
#ifndef RENDER_FINDING_H
#define RENDER_FINDING_H

#include <scxray/render.h>

#include "render/diff/diff.h"
#include "render/out/strbuf.h"

enum severity {
	SEVERITY_ERROR,	  /* what ended the scheduler, or tasks past the timeout */
	SEVERITY_WARNING, /* what stands in the way, or soon will */
	SEVERITY_INFO,
};

struct finding {
	enum severity severity;
	const char *kind; /* stable name: "task_stalled" */
	size_t text;	  /* offset into texts: one sentence or two */
	size_t evidence;  /* offset into paths: the first of them */
	size_t nr_evidence;
};

struct diagnosis {
	const struct scxray_document *doc;
	const struct diff *diff;
	struct finding *findings;
	size_t nr, max;
	struct strbuf texts; /* NUL-terminated sentences */
	struct strbuf paths; /* NUL-terminated paths into the JSON document */
	bool racy;	     /* what is found from here on was read while vCPUs ran */
	bool half_way;	     /* ... was found in the early report, for want of a late one in time */
	int error;
};

/* "error", "warning", "info" */
const char *severity_name(enum severity severity);

/* Begins a finding; its sentence goes to the returned buffer. */
struct strbuf *find(struct diagnosis *dg, enum severity severity, const char *kind);
/* A path in the report `r` of the document, for the finding begun last. */
void evidence(struct diagnosis *dg, const struct scxray_report *r, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A path in the document beside its reports. */
void document_evidence(struct diagnosis *dg, const char *path);

/* True if the task has been runnable for longer than its watchdog allows, or half of that. */
bool is_stalled(const struct scxray_report *r, const struct scxray_task *t, bool half);

#endif
