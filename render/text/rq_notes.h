/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rq_notes.h - below a run queue's row: what the kernel itself does for sched_ext's tasks there
 */
#ifndef RENDER_TEXT_RQ_NOTES_H
#define RENDER_TEXT_RQ_NOTES_H

#include "render/out/table.h"

struct scxray_rq;

/* Notes about the ext_server, the task that is rescued and the dispatch buffer; none where nothing is odd. */
void rq_kernel_notes(struct table *tab, const struct scxray_rq *rq);

#endif
