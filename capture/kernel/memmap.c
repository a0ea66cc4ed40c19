/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memmap.c - a struct page, by the offsets that the kernel gives to makedumpfile (kernel/vmcore_info.c)
 */
#include <string.h>

#include <base/array.h>

#include "capture/image/vmcoreinfo.h"
#include "capture/kernel/memmap.h"

#define MAX_PAGE_STRUCT 256
#define TYPE_SHIFT 24 /* of _mapcount: include/linux/page-flags.h, enum pagetype */
#define FIRST_TYPE 0xf0
#define NO_TYPE 0xff
#define TAIL_PAGE 1ULL			 /* of compound_head, compound_info */
#define FIRST_MASK 0xffffffff80000000ULL /* where no struct page is */

static bool decimal(const char *info, const char *key, uint64_t *value)
{
	return vmcoreinfo_decimal(info, key, value) && *value < MAX_PAGE_STRUCT;
}

/*
 * The types that are not the kernel's own: free pages (offline and unaccepted ones are as good), huge pages of
 * user space, and slabs (see memmap.h).  All other types, as page tables and large kmalloc() blocks, are its own.
 */
static bool find_types(struct memmap *map, const char *info)
{
	static const char *const keys[] = {
		"PAGE_SLAB_MAPCOUNT_VALUE",	  "PAGE_BUDDY_MAPCOUNT_VALUE",
		"PAGE_HUGETLB_MAPCOUNT_VALUE",	  "PAGE_OFFLINE_MAPCOUNT_VALUE",
		"PAGE_UNACCEPTED_MAPCOUNT_VALUE",
	};
	int64_t value;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (vmcoreinfo_number(info, keys[i], &value))
			map->others[map->nr_others++] = (uint8_t)((uint32_t)value >> TYPE_SHIFT);
		else if (i < 2) /* this kernel marks these pages by other means */
			return false;
	return true;
}

bool memmap_init(struct memmap *map, struct guest *g, const char *info, uint64_t vmemmap_base)
{
	*map = (struct memmap){ .g = g };
	return info && vmemmap_base && guest_read_u64(g, vmemmap_base, &map->base) == READ_OK &&
	       decimal(info, "SIZE(page)", &map->size) && map->size >= 16 &&
	       decimal(info, "OFFSET(page._refcount)", &map->refcount) &&
	       decimal(info, "OFFSET(page._mapcount)", &map->mapcount) &&
	       decimal(info, "OFFSET(page.mapping)", &map->mapping) &&
	       (decimal(info, "OFFSET(page.compound_head)", &map->compound) ||
		decimal(info, "OFFSET(page.compound_info)", &map->compound)) &&
	       find_types(map, info);
}

/* Is the page the kernel's own: in use, but not by a user, a file or a slab? */
static bool is_kernels(struct memmap *map, uint64_t gpa)
{
	uint64_t page = map->base + (gpa >> PAGE_SHIFT) * map->size, compound, mapping;
	uint32_t refcount, mapcount;

	if (guest_read_u64(map->g, page + map->compound, &compound))
		return false;
	if (compound & TAIL_PAGE) /* the head's address, or (compound_info) a mask that makes it */
		page = compound >= FIRST_MASK ? page & compound & ~TAIL_PAGE
					      : compound & ~TAIL_PAGE;
	if (guest_read_u32(map->g, page + map->refcount, &refcount) ||
	    guest_read_u32(map->g, page + map->mapcount, &mapcount) ||
	    guest_read_u64(map->g, page + map->mapping, &mapping))
		return false;
	if (mapcount >> TYPE_SHIFT >= FIRST_TYPE && mapcount >> TYPE_SHIFT < NO_TYPE)
		return !memchr(map->others, (int)(mapcount >> TYPE_SHIFT), map->nr_others);
	/* neither anonymous nor a file's; a user may map it (as a BPF map's pages) */
	return (int32_t)refcount > 0 && !mapping;
}

bool memmap_is_zero(void *arg, uint64_t gpa)
{
	struct memmap *map = arg;
	bool kernels;

	if (map->busy)
		return true;
	map->busy = true;
	kernels = is_kernels(map, gpa);
	map->busy = false;
	return kernels;
}
