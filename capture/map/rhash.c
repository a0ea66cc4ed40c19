/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rhash.c - BPF_MAP_TYPE_RHASH (7.2): a hash map on a rhashtable.  An element's
 * data is its key, then, from the next multiple of 8 on, its value.
 */
#include <scxray/map.h>

#include "capture/map/map.h"
#include "capture/read/read.h"
#include "capture/read/rhashtable.h"

static bool visit(struct walk *w, uint64_t node, void *arg)
{
	struct scxray_map *map = arg;
	uint64_t elem = node - w->k->layout.member[M_rhtab_elem_node].offset;
	uint64_t data = member_addr(w, elem, M_rhtab_elem_data);
	struct scxray_entry *entry;
	const char *reason;

	map->total++;
	entry = map_add_entry(w, map);
	if (!entry) {
		map->total_is_least = true;
		return false;
	}
	entry->addr = elem;
	entry->key = map_read_bytes(w, data, map->key_type.size, &reason);
	entry->value = map_read_bytes(w, data + round_up8(map->key_type.size), map->value_type.size,
				      &entry->reason);
	return true;
}

void map_walk_rhash(struct walk *w, struct scxray_map *map)
{
	const char *cut;

	if (!map_needs(w, map, M_bpf_rhtab_ht) || !map_needs(w, map, M_rhtab_elem_data))
		return;
	map->form = SCXRAY_MAP_ENTRIES;
	rhashtable_walk(w, member_addr(w, map_container(w, map, M_bpf_rhtab_map), M_bpf_rhtab_ht),
			1u << 24, visit, map, &cut);
	if (cut) {
		map_error(w, map, "%s", cut);
		map->total_is_least = true;
	}
}
