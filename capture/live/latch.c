/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * latch.c - a scheduler's user-exit record: found by a rehearsal, read by each look
 *
 * Schedulers of the scx project have one (UEI_DEFINE), and write to it as they end.
 */
#include <string.h>

#include <scxray/map.h>

#include "capture/live/live.h"
#include "capture/read/read.h"

/* The variable of type struct user_exit_info in .data or .bss, by the map's own types. */
static bool latch_in(struct scxray_live *live, const struct scxray_map *map)
{
	const struct types *types = map_find_value_types(&live->walk, map);
	const struct btf_type *sec =
		types ? btf__type_by_id(types->btf, map->value_type.type_id) : NULL;

	if (!sec || btf_kind(sec) != BTF_KIND_DATASEC || !map->nr_entries)
		return false;
	for (uint32_t i = 0; i < btf_vlen(sec); i++) {
		const struct btf_var_secinfo *info = &btf_var_secinfos(sec)[i];
		const struct btf_type *var = btf__type_by_id(types->btf, info->type), *t;
		struct member kind;
		uint32_t id;

		t = var && btf_kind(var) == BTF_KIND_VAR ? types_strip(types, var->type, &id)
							 : NULL;
		if (!t || btf_kind(t) != BTF_KIND_STRUCT ||
		    strcmp(btf__str_by_offset(types->btf, t->name_off), "user_exit_info"))
			continue;
		kind = types_member(types, id, "kind");
		if (!kind.present || kind.size != 4 || kind.bits)
			continue;
		live->latch.state = LATCH_FOUND;
		if (map->value_type.size < 4 ||
		    (uint64_t)info->offset + kind.offset > map->value_type.size - 4)
			live->latch.state = LATCH_OUT_OF_BOUNDS;
		live->latch.kind_kva = map->entries[0].addr + info->offset + kind.offset;
		live->latch.map_kva = map->map_kva;
		live->latch.map_id = map->id;
		return true;
	}
	return false;
}

void live_find_latch(struct scxray_live *live)
{
	live->latch = (struct live_latch){ 0 };
	for (size_t i = 0; i < live->report.nr_maps; i++)
		if (live->report.maps[i].active && latch_in(live, &live->report.maps[i]))
			return;
}

const char *live_look_latch(struct scxray_live *live)
{
	const struct live_latch *latch = &live->latch;
	struct walk *w = &live->walk;
	struct scxray_num id, kind;

	if (latch->state == LATCH_OUT_OF_BOUNDS)
		return "out_of_bounds";
	if (latch->state == LATCH_NOT_RESOLVED)
		return "not_resolved";
	/* the map was freed: whatever is there now is not the record */
	id = read_optional(w, latch->map_kva, M_bpf_map_id);
	kind = read_int(w, latch->kind_kva, 4, true);
	if (id.state != SCXRAY_PRESENT || id.value != latch->map_id || kind.state != SCXRAY_PRESENT)
		return "not_resolved";
	return kind.value ? "triggered" : "not_triggered";
}
