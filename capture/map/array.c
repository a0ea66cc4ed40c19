/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * array.c - kernel/bpf/arraymap.c: values side by side, or a per-CPU pointer each
 */
#include <scxray/map.h>

#include "capture/map/map.h"
#include "capture/read/read.h"

/* How many of the map's elements to take; says so when that is not all. */
static uint32_t capped(struct walk *w, struct scxray_map *map, uint32_t cap, const char *what)
{
	uint32_t nr = map_u32(map->max_entries);

	map->total = nr;
	if (nr <= cap)
		return nr;
	map_error(w, map, "%s truncated at %u keys (max_entries=%u)", what, cap, nr);
	return cap;
}

static void unreadable(struct walk *w, struct scxray_map *map, uint32_t nr, const char *reason)
{
	if (nr)
		map_error(w, map, "%u keys unreadable: %s", nr, reason);
}

void map_walk_array(struct walk *w, struct scxray_map *map)
{
	uint64_t array, values;
	uint32_t nr, nr_bad = 0;
	struct scxray_num stride;
	const char *bad = NULL;

	if (!map_needs(w, map, M_bpf_array_value) || !map_needs(w, map, M_bpf_array_elem_size))
		return;
	array = map_container(w, map, M_bpf_array_map);
	values = member_addr(w, array, M_bpf_array_value);
	stride = read_member(w, array, M_bpf_array_elem_size);
	nr = capped(w, map, w->settings.max_entries, "ARRAY");
	map->form = map_u32(map->max_entries) == 1 ? SCXRAY_MAP_VALUE : SCXRAY_MAP_ARRAY;
	for (uint32_t i = 0; i < nr; i++) {
		struct scxray_entry *entry = map_add_entry(w, map);
		uint64_t at = values + (uint64_t)map_u32(stride) * i;

		if (!entry)
			break;
		entry->index = i;
		entry->addr = at;
		entry->value = map_read_bytes(w, at, map->value_type.size, &entry->reason);
		if (entry->reason) {
			nr_bad++;
			bad = entry->reason;
		}
	}
	unreadable(w, map, nr_bad, bad);
}

void map_walk_percpu_array(struct walk *w, struct scxray_map *map)
{
	uint64_t pptrs;
	uint32_t nr, nr_bad = 0;
	const char *bad = NULL;

	if (!map_needs(w, map, M_bpf_array_pptrs))
		return;
	pptrs = member_addr(w, map_container(w, map, M_bpf_array_map), M_bpf_array_pptrs);
	nr = capped(w, map, w->settings.max_percpu_keys, "PERCPU_ARRAY");
	map->form = SCXRAY_MAP_PERCPU_ARRAY;
	if (!map_percpu_start(w, map))
		return;
	for (uint32_t i = 0; i < nr; i++) {
		struct scxray_num pptr = read_int(w, pptrs + i * 8ULL, 8, false);
		struct scxray_entry *entry = map_add_percpu_entry(w, map);

		if (!entry)
			break;
		entry->index = i;
		entry->addr = pptrs + i * 8ULL;
		if (pptr.state == SCXRAY_PRESENT) {
			map_percpu_values(w, map, pptr.value);
		} else {
			entry->reason = bad = pptr.reason;
			nr_bad++;
		}
	}
	unreadable(w, map, nr_bad, bad);
}
