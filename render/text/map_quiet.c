/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_quiet.c - maps that hold nothing: without --full the text only names them
 */
#include <scxray/map.h>
#include <scxray/report_struct.h>

#include "render/out/map_model.h"
#include "render/text/map.h"
#include "render/value/leaf.h"

static bool is_zero_value(const struct scxray_map *map, const struct scxray_entry *entry)
{
	struct scxray_value value = scxray_map_value(map, entry, entry->value);

	return value.state == SCXRAY_PRESENT && value.size && value.size == map->value_type.size &&
	       bytes_are_zero(value.bytes, value.size);
}

static bool is_zero(const struct scxray_map *map)
{
	bool per_cpu = map->form == SCXRAY_MAP_PERCPU_ARRAY;

	if ((map->form != SCXRAY_MAP_VALUE && map->form != SCXRAY_MAP_ARRAY && !per_cpu) ||
	    !map->nr_entries || map->total > map->nr_entries)
		return false;
	for (size_t i = 0; i < map->nr_entries; i++)
		if (per_cpu ? !map_text_is_zero(map, i) : !is_zero_value(map, &map->entries[i]))
			return false;
	return true;
}

#define MAX_FORMATS (1u << 16) /* bytes of a section that may hold nothing else */

/* True for a section of formats only. */
static bool is_formats(struct map_text *m)
{
	const struct scxray_map *map = m->map;
	const struct scxray_entry *entry = map->entries;
	struct scxray_value value;
	bool any = false, only = true;
	struct tree tree;

	if (map->form != SCXRAY_MAP_VALUE || map->nr_entries != 1 ||
	    map->value_type.size > MAX_FORMATS)
		return false;
	value = scxray_map_value(map, entry, entry->value);
	if (value.state != SCXRAY_PRESENT || !value.btf)
		return false;
	if (!map_text_tree(m, &tree, &value) || tree.root->kind != NODE_STRUCT || tree.root->cut)
		only = false;
	for (const struct node *n = only ? tree.root->first : NULL; n; n = n->next) {
		bool format = map_text_is_format(n);

		any |= format;
		only &= format || n->zero;
	}
	tree_deinit(&tree);
	return only && any;
}

const char *map_text_nothing(struct map_text *m)
{
	const struct scxray_map *map = m->map;

	if (m->t->full || map->error || m->t->report->nr_maps < 2 ||
	    (m->t->doc->only && m->t->doc->only->maps.nr))
		return NULL;
	if (map_has_entries(map) && !map->nr_entries && !map->total)
		return "empty";
	if (is_zero(map))
		return "all zero";
	return is_formats(m) ? "only formats that it prints with" : NULL;
}
