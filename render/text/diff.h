/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff.h - the comparison of early and late as text
 */
#ifndef RENDER_TEXT_DIFF_H
#define RENDER_TEXT_DIFF_H

#include "render/diff/change.h"
#include "render/out/cells.h"

/* The section "diff"; nothing where there was no comparison. */
void text_diff(struct text *t, const struct diff *d);

/* Its part about maps. */
void text_diff_maps(struct text *t, const struct diff *d);

/* "key old → new (+delta, per second)", as words that are not broken */
void cell_change(struct strbuf *sb, const struct diff *d, const struct diff_change *c);
/* `nr` changes from `first` on, with commas; `total` counts those that were not kept, too. */
void cell_changes(struct strbuf *sb, const struct text *t, const struct diff *d, size_t first,
		  size_t nr, uint64_t total);

#endif
