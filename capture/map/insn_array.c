/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * insn_array.c - kernel/bpf/bpf_insn_array.c (6.19): struct bpf_insn_array_value
 * each, in the kernel's own BTF
 */
#include <scxray/map.h>

#include "capture/map/map.h"
#include "capture/read/read.h"

void map_walk_insn_array(struct walk *w, struct scxray_map *map)
{
	uint32_t id = types_find(&w->k->types, "bpf_insn_array_value", BTF_KIND_STRUCT);
	uint32_t nr = map_u32(map->max_entries);
	uint64_t values;

	if (!map_needs(w, map, M_bpf_insn_array_values))
		return;
	map->form = SCXRAY_MAP_ARRAY;
	map->total = nr;
	if (id && types_size(&w->k->types, id) == map->value_type.size)
		map->value_type = (struct scxray_type){
			.btf = w->k->types.btf,
			.type_id = id,
			.size = map->value_type.size,
		};
	values = member_addr(w, map_container(w, map, M_bpf_insn_array_map),
			     M_bpf_insn_array_values);
	for (uint32_t i = 0; i < nr; i++) {
		struct scxray_entry *entry = map_add_entry(w, map);

		if (!entry)
			return;
		entry->index = i;
		entry->addr = values + (uint64_t)i * map->value_type.size;
		entry->value = map_read_bytes(w, entry->addr, map->value_type.size, &entry->reason);
	}
}
