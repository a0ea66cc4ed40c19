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

#include <stdio.h>

#include <scxray/report.h>

#ifdef __cplusplus
extern "C" {
#endif

struct scxray_document {
	const struct scxray_report *late;  /* the report; of a dual document the error exit */
	const struct scxray_report *early; /* half-way to the watchdog; may be NULL */
	bool dual;			   /* early and late frame, even where `early` is NULL */
	const char *early_skipped_reason;  /* why a dual document has no early report */
	uint64_t early_max_age_jiffies;	   /* 0 with early_threshold_jiffies 0: not captured */
	uint64_t early_threshold_jiffies;  /* watchdog timeout / 2 */
	uint64_t late_max_age_jiffies;
	const char *trigger; /* which witness fired: "watchpoint", "poll", "image file", ... */
};

/*
 * A dual document from two image files' reports: fills the ages and the
 * threshold from them.  `early` may be NULL, then `reason` says why.
 */
void scxray_document_dual(struct scxray_document *doc, const struct scxray_report *early,
			  const struct scxray_report *late, const char *reason);

struct scxray_text_options {
	unsigned width; /* columns that tables may use; 0: 120 */
	bool color;	/* ANSI colours */
};

/*
 * Writes the document as text or as JSON (one line per top-level group is not
 * promised, one newline at the end is).  0, or -1 with errno where the stream
 * has failed.
 */
int scxray_render_text(const struct scxray_document *doc, const struct scxray_text_options *opts,
		       FILE *out);
int scxray_render_json(const struct scxray_document *doc, FILE *out);

#ifdef __cplusplus
}
#endif
#endif
