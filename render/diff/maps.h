/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maps.h - the comparison of maps: what its parts share
 *
 * A map is one and the same where its id, address, type and sizes are.  It
 * consists of parts (entries, slots, pages, buckets), each of which is known again
 * by a key.  Only what both reports have the bytes of is compared; the rest is
 * counted, with the reason.
 */
#ifndef RENDER_DIFF_MAPS_H
#define RENDER_DIFF_MAPS_H

#include "render/diff/diff.h"
#include "render/value/value_walk.h"

/* The maps that `only` asks for; NULL: all. */
void diff_maps(struct diff *d, const struct scxray_selection *only);

/* A part by what it is known again: bytes, a number, or both. */
struct part_key {
	const uint8_t *bytes;
	uint32_t len;
	uint64_t number;
	size_t index;	    /* in its list */
	const char *reason; /* NULL, or why the key is not known */
};

#define PART_ALONE SIZE_MAX	    /* the other list has none with such a key */
#define PART_UNKNOWN (SIZE_MAX - 1) /* its own key is not known */

/* The parts of one map, or the maps of one report. */
struct part_list {
	size_t nr;
	struct part_key *keys; /* of those that are known */
	size_t nr_keys;
	size_t *other; /* for each its counterpart's index in the other list, or PART_... */
};

/* Without keys as yet; false without memory.  parts_deinit() in either case. */
bool parts_init(struct part_list *parts, size_t nr);
void parts_deinit(struct part_list *parts);
void parts_add(struct part_list *parts, const struct part_key *key);

/* Finds the counterparts.  Sorts the keys; equal ones pair up in their order. */
void parts_match(struct part_list *early, struct part_list *late);

/* Two maps that are one, and what has been found so far. */
struct map_pair {
	struct diff *d;
	const struct scxray_map *early, *late;
	struct diff_map *m;
	struct walk_budget *budget;
	size_t texts; /* where those of the item at hand begin */
};

/* How to compare maps of one form; what a form has not is NULL. */
struct map_form {
	/* the map itself: positions, numbers */
	void (*itself)(struct map_pair *p);
	/* its parts */
	size_t (*count)(const struct scxray_map *map);
	void (*key)(const struct scxray_map *map, size_t i, struct part_key *key);
	void (*compare)(struct map_pair *p, size_t early, size_t late);
	/* why the list may lack parts that the map has, or NULL */
	const char *(*lacking)(const struct scxray_map *map);
};

/* NULL where maps of this form have nothing to compare. */
const struct map_form *map_form_of(const struct scxray_map *map);

/* ---- for the forms ---------------------------------------------------------- */

/* A new item whose changes are about to be added. */
struct diff_item item_begin(struct map_pair *p, size_t early, size_t late);
/* Its changes are those since item_begin(), `total` of them with those that were not kept. */
void item_end(struct map_pair *p, struct diff_item *item, uint64_t total);
/* How many changes the item may keep. */
size_t item_room(const struct map_pair *p);
/* The part came or went. */
void item_fate(struct map_pair *p, enum diff_fate fate, size_t early, size_t late);

/* A part that `when` ("early", "late") could not be read. */
void not_compared(struct map_pair *p, const char *when, const char *reason);

/* diff_map_values.c: maps of keys and values */
size_t entries_count(const struct scxray_map *map);
void entries_by_key(const struct scxray_map *map, size_t i, struct part_key *key);
void entries_by_index(const struct scxray_map *map, size_t i, struct part_key *key);
const char *entries_lacking(const struct scxray_map *map);
void compare_entries(struct map_pair *p, size_t early, size_t late);
void compare_percpu(struct map_pair *p, size_t early, size_t late);
void compare_totals(struct map_pair *p);
void compare_queues(struct map_pair *p);

#endif
