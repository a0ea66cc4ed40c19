/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * struct_ops.c - kernel/bpf/bpf_struct_ops.c: kvalue holds the struct as the
 * kernel uses it, function pointers to trampolines included; its type is the
 * member `data` of the map's value struct in the kernel's own BTF
 */
#include <scxray/map.h>

#include "capture/map/map.h"
#include "capture/read/read.h"

void map_walk_struct_ops(struct walk *w, struct scxray_map *map)
{
	struct scxray_num id = read_member(w, map->map_kva, M_bpf_map_vmlinux_value_type);
	struct scxray_entry *entry;
	struct member data;
	uint64_t st_map;

	if (!map_needs(w, map, M_bpf_struct_ops_map_kvalue))
		return;
	map->form = SCXRAY_MAP_VALUE;
	if (id.state != SCXRAY_PRESENT || !id.value || id.value >= w->k->types.nr) {
		map_error(w, map, "the map names no type of its value");
		return;
	}
	data = types_member(&w->k->types, (uint32_t)id.value, "data");
	if (!data.present || !data.size) {
		map_error(w, map, "the map's value type has no member data");
		return;
	}
	map->value_type = (struct scxray_type){
		.btf = w->k->types.btf,
		.type_id = data.type_id,
		.size = data.size,
	};
	entry = map_add_entry(w, map);
	if (!entry)
		return;
	map->total = 1;
	st_map = map_container(w, map, M_bpf_struct_ops_map_map);
	entry->addr = member_addr(w, st_map, M_bpf_struct_ops_map_kvalue) + data.offset;
	entry->value = map_read_bytes(w, entry->addr, data.size, &entry->reason);
}
