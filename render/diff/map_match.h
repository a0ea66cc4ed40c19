/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_match.h - pairs the parts of two lists that have equal keys
 */
#ifndef RENDER_DIFF_MAP_MATCH_H
#define RENDER_DIFF_MAP_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What identifies a part: bytes, a number, or both. */
struct part_key {
	const uint8_t *bytes;
	uint32_t len;
	uint64_t number;
	size_t index;	    /* in its list */
	const char *reason; /* NULL, or why the key is not known */
};

#define PART_ALONE SIZE_MAX	    /* the other list has no such key */
#define PART_UNKNOWN (SIZE_MAX - 1) /* its own key is not known */

/* The parts of one map, or the maps of one report. */
struct part_list {
	size_t nr;
	struct part_key *keys; /* those that are known */
	size_t nr_keys;
	size_t *other; /* for each part: its counterpart's index in the other list, or PART_... */
};

/* A list of `nr` parts without keys; false without memory.  parts_deinit() in either case. */
bool parts_init(struct part_list *parts, size_t nr);
void parts_deinit(struct part_list *parts);
void parts_add(struct part_list *parts, const struct part_key *key);

/* Fills `other` of both lists.  Sorts the keys; equal ones are paired in their order. */
void parts_match(struct part_list *early, struct part_list *late);

#endif
