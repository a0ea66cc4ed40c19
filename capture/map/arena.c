/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * arena.c - kernel/bpf/arena.c: 4 GiB of kernel address space in a vm_struct,
 * after half a guard, with pages where a program has allocated any.  User address
 * u is at kern_vm->addr + GUARD_SZ / 2 + (u32)u.
 */
#include <scxray/map.h>

#include "capture/base/sort.h"
#include "capture/map/map.h"
#include "capture/read/owner.h"
#include "capture/read/read.h"

#define GUARD_HALF 0x8000ULL
#define ARENA_SPAN (1ULL << 32)

/* From 7.2 on unused addresses may map one shared scratch page: not an arena page. */
static uint64_t scratch_gpa(struct walk *w, uint64_t arena)
{
	uint32_t id = types_find(&w->k->types, "page", BTF_KIND_STRUCT);
	uint32_t size = id ? types_size(&w->k->types, id) : 0;
	struct scxray_num page, base;

	if (!has_member(w, M_bpf_arena_scratch_page) || !has_symbol(w, S_vmemmap_base) || !size)
		return UINT64_MAX;
	page = read_member(w, arena, M_bpf_arena_scratch_page);
	base = read_symbol(w, S_vmemmap_base, false);
	if (page.state != SCXRAY_PRESENT || base.state != SCXRAY_PRESENT || page.value < base.value)
		return UINT64_MAX;
	return (page.value - base.value) / size << PAGE_SHIFT;
}

static bool add_page(struct walk *w, struct scxray_arena *arena, uint64_t kva)
{
	void *pages = arena->pages;
	struct scxray_arena_page *page;
	uint64_t base =
		arena->user_vm_start.state == SCXRAY_PRESENT ? arena->user_vm_start.value : 0;
	uint64_t low = kva - arena->kern_vm_start;
	const uint8_t *bytes;
	const char *reason;

	if (arena->nr_pages >= w->settings.max_arena_pages) {
		arena->cut =
			pool_printf(w->pool, "cut after %u pages", w->settings.max_arena_pages);
		return false;
	}
	bytes = map_read_bytes(w, kva, PAGE_SIZE, &reason);
	page = bytes ? pool_push(w->pool, &pages, &arena->nr_pages, sizeof(*page)) : NULL;
	if (!page) {
		arena->cut = reason ? reason : POOL_USED_UP;
		return false;
	}
	arena->pages = pages;
	/* the window of user addresses need not start at a multiple of 4 GiB */
	page->user_addr = (base & ~(ARENA_SPAN - 1)) + low;
	if (page->user_addr < base)
		page->user_addr += ARENA_SPAN;
	page->bytes = bytes;
	return true;
}

static int by_user_addr(const void *a, const void *b)
{
	const struct scxray_arena_page *x = a, *y = b;

	return x->user_addr < y->user_addr ? -1 : x->user_addr > y->user_addr;
}

const struct types *map_program_types(struct walk *w, const struct scxray_map *map)
{
	uint64_t btf = owner_btf(w, map->map_kva);
	const char *reason;

	return btf ? map_find_btf(w, btf, &reason) : NULL;
}

/* The mapped pages of a part of the kernel's 4 GiB; false: there are more than are wanted. */
static bool scan(struct walk *w, struct scxray_arena *arena, uint64_t from, uint64_t size,
		 uint64_t scratch)
{
	uint64_t start = arena->kern_vm_start + from, va, gpa;
	struct paging_scan scan;

	paging_scan_start(&scan, &w->g->paging, start, start + size);
	while (paging_scan_next(&scan, &va, &gpa)) {
		if (gpa == scratch)
			continue;
		arena->nr_mapped++;
		if (!add_page(w, arena, va))
			return false;
	}
	return true;
}

/*
 * A page is mapped at the low half of its user address (arena_alloc_pages() of kernel/bpf/arena.c,
 * 6.12 to 7.3), so only those of the user addresses' window can be.  Beyond it there are from 7.2 on page
 * tables for all of the 4 GiB, full of the scratch page: 8 MiB that a frozen guest would wait for.
 */
static void scan_window(struct walk *w, struct scxray_arena *arena, uint64_t scratch)
{
	uint64_t start = arena->user_vm_start.value, end = arena->user_vm_end.value;
	uint64_t from = (uint32_t)start & ~PAGE_MASK, size = end - start;

	if (arena->user_vm_start.state != SCXRAY_PRESENT ||
	    arena->user_vm_end.state != SCXRAY_PRESENT || end < start || size > ARENA_SPAN) {
		from = 0;
		size = ARENA_SPAN;
	}
	size = (size + PAGE_MASK) & ~PAGE_MASK;
	if (from + size <= ARENA_SPAN) {
		scan(w, arena, from, size, scratch);
		return;
	}
	if (scan(w, arena, from, ARENA_SPAN - from, scratch))
		scan(w, arena, 0, from + size - ARENA_SPAN, scratch);
}

void map_walk_arena(struct walk *w, struct scxray_map *map)
{
	uint64_t kva = map_container(w, map, M_bpf_arena_map);
	struct scxray_arena *arena = pool_alloc(w->pool, sizeof(*arena));
	const struct types *types;
	struct scxray_num kern_vm, addr;

	if (!arena || !map_needs(w, map, M_bpf_arena_kern_vm) ||
	    !map_needs(w, map, M_vm_struct_addr))
		return;
	map->form = SCXRAY_MAP_ARENA;
	map->arena = arena;
	types = map_program_types(w, map);
	arena->btf = types ? types->btf : NULL;
	arena->user_vm_start = read_member(w, kva, M_bpf_arena_user_vm_start);
	arena->user_vm_end = read_member(w, kva, M_bpf_arena_user_vm_end);
	kern_vm = read_member(w, kva, M_bpf_arena_kern_vm);
	addr = kern_vm.state == SCXRAY_PRESENT ? read_member(w, kern_vm.value, M_vm_struct_addr)
					       : kern_vm;
	if (addr.state != SCXRAY_PRESENT) {
		map_error(w, map, "arena's kernel address at 0x%016llx: %s",
			  (unsigned long long)addr.value, addr.reason);
		return;
	}
	arena->kern_vm_start = addr.value + GUARD_HALF;
	if (arena->kern_vm_start + ARENA_SPAN < arena->kern_vm_start) {
		map_error(w, map, "arena's kernel address makes no sense");
		return;
	}
	scan_window(w, arena, scratch_gpa(w, kva));
	/* where the window of user addresses wraps, their order is not the kernel's */
	if (arena->nr_pages)
		sort_array(arena->pages, arena->nr_pages, sizeof(*arena->pages), by_user_addr);
	map->total = arena->nr_mapped;
	map->total_is_least = arena->cut != NULL;
}
