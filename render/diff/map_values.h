/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_values.h - the comparison of maps of keys and values: functions for rows of
 * struct map_form
 */
#ifndef RENDER_DIFF_MAP_VALUES_H
#define RENDER_DIFF_MAP_VALUES_H

#include "render/diff/map_item.h"
#include "render/diff/map_match.h"

size_t entries_count(const struct scxray_map *map);
void entries_by_key(const struct scxray_map *map, size_t i, struct part_key *key);
void entries_by_index(const struct scxray_map *map, size_t i, struct part_key *key);
const char *entries_missing(const struct scxray_map *map);
void entries_compare(struct map_pair *p, size_t early, size_t late);
/* Each CPU's value is an item of its own. */
void entries_compare_percpu(struct map_pair *p, size_t early, size_t late);
void entries_compare_totals(struct map_pair *p);
/* Queues and stacks: the number of elements, and how many of their bytes differ. */
void entries_compare_queues(struct map_pair *p);

#endif
