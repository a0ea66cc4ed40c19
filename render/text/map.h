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

struct scxray_entry;
struct scxray_map;

struct map_text {
	struct text *t;
	const struct scxray_map *map;
	struct follow *follow;
	const struct scxray_map *late; /* the same map: its entries are not repeated; or NULL */
	bool plain;		       /* numbers without what they mean at that moment */
	bool in_slot;		       /* the values are payloads of slots */
};

/* Builds a value's tree with the report's options; false on error, which t->out keeps. */
bool map_text_tree(struct map_text *m, struct tree *tree, const struct scxray_value *value);

/* Writes a tree's node, beginning at column `column` of a line. */
void map_text_node(struct map_text *m, const struct node *node, unsigned depth, size_t column);

/* A value as text: "{hex} (raw)" without BTF. */
void map_text_value(struct map_text *m, const struct scxray_value *value, unsigned depth,
		    size_t column);

/*
 * Takes out of a value's tree the members that say nothing of a scheduler's state, and adds to
 * `note` how many of which kind; nothing with --full.
 */
void map_text_hide(const struct map_text *m, struct node *root, struct strbuf *note);
/* True for a format that a program prints with: clang names it "____function.fmt". */
bool map_text_is_format(const struct node *n);
/*
 * Why the map's contents say nothing: "empty"; NULL if they do, if it is the only map, and with
 * --full or --only maps=.
 */
const char *map_text_nothing(struct map_text *m);

/* A label, the value and a newline. */
void map_text_line(struct map_text *m, const struct scxray_value *value, unsigned depth,
		   const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* "entry: key={key}" without its newline. */
void map_text_entry_key(struct map_text *m, const struct scxray_entry *entry);

/* A key on one line, without its map. */
void map_text_key(struct strbuf *sb, const struct scxray_map *map, const uint8_t *key);
/* What identifies entry `i`: its owner, else its key, else its index. */
void map_text_name(struct strbuf *sb, const struct scxray_map *map, size_t i);

/*
 * Writes the entries as a table in the order `order` (NULL: theirs), without those that `f` hides and those
 * that share a line; false, with nothing written, where they don't fit one.
 */
struct fold;
bool map_text_table(struct map_text *m, const struct fold *f, const size_t *order);
/* "{what} a[1], b[2], ...", a line with the entries equal to entry `first` */
void map_text_names(struct map_text *m, const struct fold *f, size_t first, const char *what);
/* "4 of 9 entries all zero: names" */
void map_text_zero_entries(struct map_text *m, const struct fold *f);

void map_text_array(struct map_text *m);
void map_text_entries(struct map_text *m);
/* A line for each value of an entry, with the CPUs that have it. */
void map_text_cpus(struct map_text *m, size_t entry);
/* True if the entry's value is there and 0 on every CPU. */
bool map_text_is_zero(const struct scxray_map *map, size_t entry);
/* How many entries share a line because they are zero on all CPUs. */
size_t map_text_nr_zero(const struct map_text *m);
/* That line, with the entries' names if `named`; nothing where there are none. */
void map_text_zero_cpus(struct map_text *m, size_t nr_zero, bool named);

void map_text_percpu_array(struct map_text *m);
void map_text_percpu_entries(struct map_text *m);
void map_text_arena(struct map_text *m);
void map_text_ringbuf(struct map_text *m);
void map_text_stacks(struct map_text *m);
void map_text_slots(struct map_text *m);
void map_text_bloom(struct map_text *m);

#endif
