/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * group_names.h - one change as JSON and as text, and the maps' part of both
 */
#ifndef RENDER_DIFF_OUTPUT_H
#define RENDER_DIFF_OUTPUT_H

#include "render/diff/diff.h"
#include "render/out/json.h"
#include "render/out/cells.h"

/* Of one entry that text shows: more than a task has, less than a counter on many CPUs. */
#define MAX_CHANGES_SHOWN 24

void json_change(struct json *j, const struct diff *d, const struct diff_change *c);

/* "key old → new (+delta, per second)" in words that do not break. */
void cell_change(struct strbuf *sb, const struct diff *d, const struct diff_change *c);
/* The `nr` kept ones of `total` from `first` on, with commas. */
void cell_changes(struct strbuf *sb, const struct text *t, const struct diff *d, size_t first,
		  size_t nr, uint64_t total);

/* diff_maps_json.c, diff_maps_text.c */
void json_map_diff(struct json *j, const struct diff *d);
void text_map_diff(struct text *t, const struct diff *d);

#endif
