/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_item.h - the results for the parts of one map
 */
#ifndef RENDER_DIFF_MAP_ITEM_H
#define RENDER_DIFF_MAP_ITEM_H

#include "render/diff/change.h"
#include "render/value/value_walk.h"

/* The same map in both reports, and its result so far. */
struct map_pair {
	struct diff *d;
	const struct scxray_map *early, *late;
	struct diff_map *m;
	struct value_budget *budget;
	size_t texts; /* where the texts of the present item begin */
};

/* A new item; its changes are added after this call. */
struct diff_item diff_item_begin(struct map_pair *p, size_t early, size_t late);
/* Ends the item.  `total`: its changes, with those that were not kept. */
void diff_item_end(struct map_pair *p, struct diff_item *item, uint64_t total);
/* How many changes the item may keep. */
size_t diff_item_room(const struct map_pair *p);
/* The part appeared or went. */
void diff_item_fate(struct map_pair *p, enum diff_fate fate, size_t early, size_t late);
/* The part could not be compared: the report `when` ("early", "late") has `reason`. */
void diff_item_skip(struct map_pair *p, const char *when, const char *reason);

/* Why not all of the map was compared; the first reason is kept. */
void diff_map_because(struct diff *d, struct diff_map *m, const char *when, const char *reason);

#endif
