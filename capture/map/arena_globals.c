/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arena_globals.c - the global variables that a program keeps in its arena
 *
 * In the BTF they are a section of their own, and libbpf copies them into the arena's
 * pages before the programs run: in whole pages at the end of the arena, or (before
 * libbpf 1.8, and on kernels whose instructions can't address that far) at its start.
 * No number in the kernel says which: the pages are there, or they are not.  At the end
 * they are mapped for no other reason, since an arena is filled from its start.
 */
#include <string.h>

#include <scxray/map.h>
#include <scxray/report_struct.h>

#include "capture/map/map.h"

#define SECTION ".addr_space.1"
#define MAX_BYTES (1u << 20)

static uint32_t section_id(const struct types *types)
{
	for (uint32_t id = 1; id < types->nr; id++) {
		const struct btf_type *t = btf__type_by_id(types->btf, id);

		if (t && btf_kind(t) == BTF_KIND_DATASEC &&
		    !strcmp(btf__str_by_offset(types->btf, t->name_off), SECTION))
			return id;
	}
	return 0;
}

/* Is the first page at `addr` mapped? */
static bool is_there(const struct scxray_arena *arena, uint64_t addr)
{
	uint8_t byte;

	return scxray_arena_read(arena, addr, &byte, 1) == 1;
}

void map_find_arena_globals_in(struct walk *w, const struct scxray_map *map,
			       const struct types *types)
{
	struct scxray_arena *arena = map->arena;
	uint32_t id = section_id(types);
	uint32_t size = id ? btf__type_by_id(types->btf, id)->size : 0;
	uint64_t start, end, addr, pages = (size + PAGE_MASK) & ~PAGE_MASK;
	uint8_t *bytes;
	size_t got, read;

	if (!size || arena->user_vm_start.state != SCXRAY_PRESENT ||
	    arena->user_vm_end.state != SCXRAY_PRESENT)
		return;
	start = arena->user_vm_start.value;
	end = arena->user_vm_end.value;
	if (end < start || end - start < pages)
		return;
	addr = is_there(arena, end - pages) ? end - pages : start;
	arena->globals = (struct scxray_value){
		.btf = types->btf,
		.type_id = id,
		.addr = addr,
		.state = SCXRAY_UNREADABLE,
		.reason = arena->cut ? "its arena page was not captured"
				     : "its arena page is not mapped",
	};
	read = size < MAX_BYTES ? size : MAX_BYTES;
	bytes = pool_alloc(w->pool, read);
	got = bytes ? scxray_arena_read(arena, addr, bytes, read) : 0;
	if (!bytes)
		arena->globals.reason = POOL_USED_UP;
	if (!got)
		return;
	if (got == MAX_BYTES)
		arena->globals.reason = "the first MiB of them is shown";
	arena->globals.bytes = bytes;
	arena->globals.size = (uint32_t)got;
	arena->globals.state = SCXRAY_PRESENT;
}

void map_find_arena_globals(struct walk *w)
{
	for (size_t i = 0; i < w->r->nr_maps; i++) {
		const struct scxray_map *map = &w->r->maps[i];
		const struct types *types = map->arena ? map_find_types(w, map->arena->btf) : NULL;

		if (types)
			map_find_arena_globals_in(w, map, types);
	}
}
