/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff.h - the comparison of early and late as text
 */
#ifndef RENDER_TEXT_DIFF_H
#define RENDER_TEXT_DIFF_H

#include "render/diagnosis/finding.h"
#include "render/out/cells.h"

struct scxray_task;

/* The section "diff"; nothing where there was no comparison. */
void text_diff(struct text *t, const struct diff *d, const struct diagnosis *dg);

/* Its part about maps. */
void text_diff_maps(struct text *t, const struct diff *d, const struct diagnosis *dg);

/* True if the section shows all of what changed in the early report's map `early`. */
bool text_diff_tells_map(const struct text *t, const struct diff *d, size_t early);

/* True if a reader wants to see what changed; of what is as usual, only how many there are. */
bool diff_tells(const struct text *t, const struct diff *d, const struct diagnosis *dg,
		const struct diff_entry *e);
/* True if the task of the late report waits for long, or a finding names it. */
bool diff_task_tells(const struct diff *d, const struct diagnosis *dg,
		     const struct scxray_task *task);

/* "key old → new (+delta, per second)", as words that are not broken */
void cell_change(struct strbuf *sb, const struct diff *d, const struct diff_change *c);
/* `nr` changes from `first` on, with commas; `total` counts those that were not kept, too. */
void cell_changes(struct strbuf *sb, const struct text *t, const struct diff *d, size_t first,
		  size_t nr, uint64_t total);

#endif
