/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff_maps.c - the comparison of maps as JSON
 */
#include <scxray/map.h>
#include <scxray/report_struct.h>

#include "render/json/diff.h"

#include "render/json/map.h"
#include "render/out/field.h"

struct map_out {
	struct json *j;
	const struct diff *d;
	struct follow early, late; /* for keys */
};

static void put_u64(struct json *j, const char *key, uint64_t v)
{
	json_key(j, key);
	json_u64(j, v);
}

static void put_identity(struct json *j, const struct scxray_map *map)
{
	put_u64(j, "id", map->id);
	json_text_field(j, "name", &map->name);
	json_key(j, "map_kva");
	json_addr(j, map->map_kva);
	json_opt_string(j, "map_type_name", map->type_name);
}

/* ---- parts ---------------------------------------------------------------------- */

static void put_part(struct map_json *m, size_t i)
{
	const struct scxray_map *map = m->map;

	switch (map->form) {
	case SCXRAY_MAP_FD_ARRAY:
		if (map->slots->slots[i].key)
			map_json_key(m, map->slots->slots[i].key);
		else
			put_u64(m->j, "index", map->slots->slots[i].index);
		break;
	case SCXRAY_MAP_ARENA:
		json_key(m->j, "user_addr");
		json_addr(m->j, map->arena->pages[i].user_addr);
		break;
	case SCXRAY_MAP_STACK_TRACE:
		put_u64(m->j, "bucket_id", map->stacks->stacks[i].id);
		break;
	case SCXRAY_MAP_ENTRIES:
	case SCXRAY_MAP_PERCPU_ENTRIES:
		map_json_entry_key(m, &map->entries[i]);
		break;
	default:
		put_u64(m->j, "index", map->entries[i].index);
		break;
	}
}

static void put_changes(struct map_out *o, size_t first, size_t nr)
{
	if (!nr)
		return;
	json_key(o->j, "changes");
	json_array(o->j);
	for (size_t c = 0; c < nr; c++)
		json_change(o->j, o->d, &o->d->changes[first + c]);
	json_array_end(o->j);
}

static void put_item(struct map_out *o, const struct diff_map *m, const struct diff_item *item)
{
	bool gone = item->fate == DIFF_GONE;
	struct map_json part = { .j = o->j,
				 .map = gone ? &o->d->early->maps[m->early]
					     : &o->d->late->maps[m->late],
				 .follow = gone ? &o->early : &o->late };

	json_object(o->j);
	put_part(&part, gone ? item->early : item->late);
	if (item->is_cpu)
		put_u64(o->j, "cpu", item->cpu);
	put_changes(o, item->first_change, item->nr_changes);
	if (item->fate == DIFF_CHANGED)
		put_u64(o->j, "total_changes", item->total_changes);
	if (item->cut) {
		json_key(o->j, "cut");
		json_bool(o->j, true);
	}
	json_object_end(o->j);
}

static void put_items(struct map_out *o, const struct diff_map *m, enum diff_fate fate,
		      const char *key)
{
	bool any = false;

	for (size_t i = 0; i < m->nr_items; i++) {
		const struct diff_item *item = &o->d->items[m->first_item + i];

		if (item->fate != fate)
			continue;
		if (!any) {
			json_key(o->j, key);
			json_array(o->j);
			any = true;
		}
		put_item(o, m, item);
	}
	if (any)
		json_array_end(o->j);
}

/* ---- maps ----------------------------------------------------------------------- */

static void put_changed(struct map_out *o, const struct diff_map *m)
{
	put_changes(o, m->first_change, m->nr_changes);
	put_items(o, m, DIFF_CHANGED, "changed");
	put_items(o, m, DIFF_APPEARED, "appeared");
	put_items(o, m, DIFF_GONE, "gone");
	put_u64(o->j, "total_changed", m->changed);
	put_u64(o->j, "total_appeared", m->appeared);
	put_u64(o->j, "total_gone", m->gone);
	put_u64(o->j, "unchanged", m->unchanged);
	put_u64(o->j, "not_compared", m->not_compared);
	if (m->has_reason)
		json_opt_string(o->j, "not_compared_reason", diff_text(o->d, m->reason));
}

static const char *const list_keys[MAP_NR_OUTCOMES] = {
	[MAP_CHANGED] = "changed",
	[MAP_APPEARED] = "appeared",
	[MAP_GONE] = "gone",
	[MAP_NOT_COMPARED] = "not_compared",
};

static void put_map(struct map_out *o, const struct diff_map *m)
{
	json_object(o->j);
	put_identity(o->j, m->fate == DIFF_GONE ? &o->d->early->maps[m->early]
						: &o->d->late->maps[m->late]);
	if (diff_map_outcome(m) == MAP_CHANGED)
		put_changed(o, m);
	else if (m->has_reason)
		json_opt_string(o->j, "reason", diff_text(o->d, m->reason));
	json_object_end(o->j);
}

void json_diff_maps(struct json *j, const struct diff *d)
{
	struct map_out o = { .j = j, .d = d };

	follow_init(&o.early, d->early);
	follow_init(&o.late, d->late);
	json_key(j, "maps");
	json_object(j);
	for (int list = 0; list < MAP_NR_OUTCOMES; list++) {
		bool any = false;

		for (size_t i = 0; i < d->nr_maps; i++) {
			if (diff_map_outcome(&d->maps[i]) != (enum map_outcome)list)
				continue;
			if (!any) {
				json_key(j, list_keys[list]);
				json_array(j);
				any = true;
			}
			put_map(&o, &d->maps[i]);
		}
		if (any)
			json_array_end(j);
	}
	put_u64(j, "unchanged", d->unchanged_maps);
	json_object_end(j);
	follow_deinit(&o.early);
	follow_deinit(&o.late);
}
