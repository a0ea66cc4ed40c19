/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render.h - from reports to text and JSON
 *
 * A `struct scxray_document` is what one output file holds: one report
 * (`single`), or an early and a late one (`dual`).  Rendering reads the reports
 * and nothing else; the same document gives the same bytes each time.
 */
#ifndef SCXRAY_RENDER_H
#define SCXRAY_RENDER_H

#include <stdbool.h>
#include <stdio.h>

#include <scxray/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct scxray_report;

#define SCXRAY_MAX_SELECTED_NAMES 32

/* Names, or patterns of names as of fnmatch(3), that are asked for. */
struct scxray_names {
	char pattern[SCXRAY_MAX_SELECTED_NAMES][64];
	size_t nr; /* 0: all */
};

/* Which groups of a document are shown; zeroed: all. */
struct scxray_selection {
	uint32_t groups;	   /* bits in the order of scxray_selection_name() */
	struct scxray_names maps;  /* of the maps those with such a name */
	struct scxray_names tasks; /* of the tasks those with such a pid or comm */
	struct scxray_names dsqs;  /* of the queues those with such an id or name */
};

/*
 * Adds the groups of a list such as "log,tasks=victim*,dsqs=0x57a11,maps=held,maps=.data*".  0, or
 * -1 with *err: an unknown name (the text lists those that there are), too many names.
 */
int scxray_selection_add(struct scxray_selection *selection, const char *list,
			 struct scxray_error *err);

/* The same for one group, and of it what has that name; the name may hold a comma.  NULL: all of it. */
int scxray_selection_add_name(struct scxray_selection *selection, const char *group,
			      const char *name, struct scxray_error *err);

/* Names of the groups, from 0; NULL after the last. */
const char *scxray_selection_name(size_t index);

/* What two reports of a document are to each other. */
enum scxray_pair {
	SCXRAY_PAIR_NONE,	 /* there is only one */
	SCXRAY_PAIR_IN_ORDER,	 /* of one boot, early before late */
	SCXRAY_PAIR_SWAPPED,	 /* the same, given the other way round: they have been put right */
	SCXRAY_PAIR_SAME_MOMENT, /* the same image twice: nothing is compared */
	SCXRAY_PAIR_OTHER_BOOT,	 /* two boots or two kernels: nothing is compared */
};

/* How JSON has the values whose form BTF decides: of maps, and struct sched_ext_entity. */
enum scxray_json_form {
	SCXRAY_JSON_BOTH,  /* KEY with its types, and KEY_plain */
	SCXRAY_JSON_TYPED, /* KEY: a tree of {"kind":...} that has all */
	SCXRAY_JSON_PLAIN, /* KEY_plain: names to scalars, as of bpftool map dump -j */
};

/* A finding of a report that was read again: it is told as it was, not found anew. */
struct scxray_told {
	const char *rank, *severity, *kind, *text; /* as in JSON */
};

struct scxray_document {
	const struct scxray_report *late;  /* the report; of a dual document the error exit */
	const struct scxray_report *early; /* half-way to the watchdog; may be NULL */
	enum scxray_pair pair;		   /* scxray_document_dual() says */
	bool dual;			   /* early and late frame, even where `early` is NULL */
	const char *early_skipped_reason;  /* why a dual document has no early report */
	uint64_t early_max_age_jiffies;	   /* 0 with early_threshold_jiffies 0: not captured */
	uint64_t early_threshold_jiffies;  /* watchdog timeout / 2 */
	uint64_t late_max_age_jiffies;
	/* which witness fired: "image file", ...; NULL: what the late report's host says */
	const char *trigger;
	const struct scxray_selection *only; /* NULL: all groups */
	enum scxray_json_form json_form;
	const struct scxray_told *told; /* NULL: the diagnosis is made */
	size_t nr_told;
	/* set by a caller that makes it right after a freeze: what that took, in microseconds; 0: not known */
	uint64_t early_decode_us, late_decode_us; /* from what was recorded to the report */
	uint64_t text_write_us;			  /* this document as text, already on disk */
};

/* False if maps, tasks or queues are asked for by name, and no report of the document has such a one. */
bool scxray_document_has_selected(const struct scxray_document *doc);

/*
 * A document of one report.  Where its host says that vCPUs did not park, it is rendered as a
 * degraded one; where the host took it at the failure and says why there is no early half, it
 * is a dual one without that.
 */
void scxray_document_single(struct scxray_document *doc, const struct scxray_report *report);

/*
 * A dual document of two reports: fills the ages and the threshold with what their hosts
 * say, or from the reports themselves.  `early` may be NULL, then `reason` (or, without, the
 * late report's host) says why.
 */
void scxray_document_dual(struct scxray_document *doc, const struct scxray_report *early,
			  const struct scxray_report *late, const char *reason);

struct scxray_text_options {
	unsigned width; /* columns that tables may use; 0: 120 */
	bool color;	/* ANSI colours */
	bool summary;	/* the diagnosis, and only the count of each group */
	bool full;	/* no row is left out for being one too many, or 0 */
};

/*
 * Writes the document as text or as JSON (one line per top-level group is not
 * promised, one newline at the end is).  0, or -1 with errno where the stream
 * has failed.
 */
int scxray_render_text(const struct scxray_document *doc, const struct scxray_text_options *opts,
		       FILE *out);
int scxray_render_json(const struct scxray_document *doc, FILE *out);

/*
 * The first finding of the document's diagnosis that says something of the guest, as one line
 * of printable text: "cause: DSQ 0x57a11 is never consumed: ...".  The caller frees it; NULL
 * where there is none, or no memory.
 */
char *scxray_document_first_finding(const struct scxray_document *doc);

/*
 * Calls `each` for the findings of the document's diagnosis, in their order; what it gets lives until
 * it returns. 0, or what a call returned that was not 0; -1 with errno without memory.
 */
int scxray_document_findings(const struct scxray_document *doc,
			     int (*each)(void *arg, const struct scxray_told *finding), void *arg);

/* How bad a finding is: as "severity" in JSON. */
enum scxray_severity {
	SCXRAY_SEVERITY_ERROR = 1, /* what ended the scheduler, or tasks past the timeout */
	SCXRAY_SEVERITY_WARNING,   /* what is in the way, or soon will be */
	SCXRAY_SEVERITY_INFO,
};

/*
 * Has the document's diagnosis a finding that bad, or worse?  1: yes.  0: no, and all that findings
 * are made of was there.  -1 with *err: it can't be told, as a part could not be read, vCPUs ran
 * while it was, no scheduler was attached, or for want of memory.
 */
int scxray_document_check(const struct scxray_document *doc, enum scxray_severity severity,
			  struct scxray_error *err);

/*
 * Writes the document as one page of HTML that needs no other file and no network: its JSON, and
 * a program that shows it.  0, or -1 with errno.
 */
int scxray_render_html(const struct scxray_document *doc, FILE *out);

/* The same of the `nr` bytes of a report that was written as JSON; they are not looked at. */
int scxray_html_from_json(const char *json, size_t nr, FILE *out);

#ifdef __cplusplus
}
#endif
#endif
