/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff.h - early against late: what changed, appeared or went, and what should
 * have moved and did not
 *
 * change.[ch] hold the result.  diff.c compares tasks, queues, CPUs and event
 * counters; maps.c compares maps: map_match.c pairs their parts, map_forms.c and
 * map_values.c compare the parts of each form, values.c one value.  This folder
 * includes render/out and render/value only.
 */
#ifndef RENDER_DIFF_H
#define RENDER_DIFF_H

#include "render/diff/change.h"

struct scxray_dsq;
struct scxray_task;

/* Compares the document's two reports; empty if it has only one.  diff_deinit() always. */
void diff_make(struct diff *d, const struct scxray_document *doc);
void diff_deinit(struct diff *d);

/* The index in `r` of the same task of another report, or SIZE_MAX; `hint`: a likely index. */
size_t diff_find_task(const struct scxray_report *r, const struct scxray_task *t, size_t hint);

/* The index in `r` of the same queue of another report, or SIZE_MAX. */
size_t diff_find_dsq(const struct scxray_report *r, const struct scxray_dsq *dsq);

/*
 * How many tasks at the head of `early` are at the head of `late` too and stayed
 * there: a task that left and came back has another dsq_seq.
 */
size_t diff_same_head(const struct scxray_report *early_report, const struct scxray_dsq *early,
		      const struct scxray_report *late_report, const struct scxray_dsq *late);

#endif
