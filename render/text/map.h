/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map.h - one map as text: the parts that all forms use
 *
 * Each form's function writes whole lines, with the last newline.
 */
#ifndef RENDER_TEXT_MAP_H
#define RENDER_TEXT_MAP_H

#include "render/value/follow.h"
#include "render/out/cells.h"
#include "render/value/value_tree.h"

struct map_text {
	struct text *t;
	const struct scxray_map *map;
	struct follow *follow;
};

/* Builds a value's tree with the report's options; false on error, which t->out keeps. */
bool map_text_tree(struct map_text *m, struct tree *tree, const struct scxray_value *value);

/* Writes a tree's node, beginning at column `column` of a line. */
void map_text_node(struct map_text *m, const struct node *node, unsigned depth, size_t column);

/* A value as text: "{hex} (raw)" without BTF. */
void map_text_value(struct map_text *m, const struct scxray_value *value, unsigned depth,
		    size_t column);

/* A label, the value and a newline. */
void map_text_line(struct map_text *m, const struct scxray_value *value, unsigned depth,
		   const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* "entry: key={key}" without its newline. */
void map_text_entry_key(struct map_text *m, const struct scxray_entry *entry);

/* "8d 00 00 00 (raw)" */
void map_text_raw(struct text *t, const uint8_t *bytes, size_t size);

/* Writes the entries as a table; false, with nothing written, where they don't fit one. */
bool map_text_table(struct map_text *m);

void map_text_percpu_array(struct map_text *m);
void map_text_percpu_entries(struct map_text *m);
void map_text_arena(struct map_text *m);
void map_text_ringbuf(struct map_text *m);
void map_text_stacks(struct map_text *m);
void map_text_slots(struct map_text *m);
void map_text_bloom(struct map_text *m);

#endif
