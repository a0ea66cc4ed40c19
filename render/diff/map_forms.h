/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_forms.h - how maps of each form are compared
 */
#ifndef RENDER_DIFF_MAP_FORMS_H
#define RENDER_DIFF_MAP_FORMS_H

#include "render/diff/map_item.h"
#include "render/diff/map_match.h"

/* How to compare maps of one form; NULL where the form has none of it. */
struct map_form {
	/* the map itself: positions, numbers */
	void (*itself)(struct map_pair *p);
	/* its parts */
	size_t (*count)(const struct scxray_map *map);
	void (*key)(const struct scxray_map *map, size_t i, struct part_key *key);
	void (*compare)(struct map_pair *p, size_t early, size_t late);
	/* why parts of the map may be missing in the list, or NULL */
	const char *(*missing)(const struct scxray_map *map);
};

/* NULL where maps of this form have nothing to compare. */
const struct map_form *map_form_find(const struct scxray_map *map);

#endif
