/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sdt_owner.c - the owner of a slot: the task (or cgroup) whose storage holds its address
 */
#include <string.h>

#include <base/array.h>

#include <scxray/map.h>
#include <scxray/report_struct.h>

#include "capture/map/map.h"
#include "capture/map/sdt.h"
#include "capture/base/sort.h"

struct slot_at {
	uint64_t addr; /* of the slot, or of its payload */
	struct scxray_sdt_entry *entry;
};

static int by_addr(const void *a, const void *b)
{
	const struct slot_at *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static struct scxray_sdt_entry *find(const struct slot_at *slots, size_t nr, uint64_t addr)
{
	size_t at = LOWER_BOUND(nr, i, slots[i].addr < addr);

	return at < nr && slots[at].addr == addr ? slots[at].entry : NULL;
}

static void owners_in(const struct scxray_map *map, const struct slot_at *slots, size_t nr)
{
	for (size_t i = 0; i < map->nr_entries; i++) {
		const uint8_t *value = map->entries[i].value;
		uint32_t owner = map->entries[i].owner; /* counted from 1 */

		if (!owner || owner > map->nr_owners)
			continue;
		for (uint32_t at = 0; value && at + 8 <= map->value_type.size; at += 8) {
			struct scxray_sdt_entry *entry;
			uint64_t word;

			memcpy(&word, value + at, 8);
			entry = word ? find(slots, nr, word) : NULL;
			if (entry && !entry->owner) {
				entry->owner = map->owners[owner - 1];
				entry->owner_map = map->id;
			}
		}
	}
}

void sdt_find_owners(struct walk *w)
{
	struct slot_at *slots;
	size_t nr = 0;

	for (size_t i = 0; i < w->r->nr_sdts; i++)
		nr += 2 * w->r->sdts[i].nr_entries;
	slots = nr ? pool_alloc(w->pool, nr * sizeof(*slots)) : NULL;
	if (!slots)
		return;
	nr = 0;
	for (size_t i = 0; i < w->r->nr_sdts; i++) {
		for (size_t e = 0; e < w->r->sdts[i].nr_entries; e++) {
			struct scxray_sdt_entry *entry = &w->r->sdts[i].entries[e];

			slots[nr++] = (struct slot_at){ entry->user_addr, entry };
			slots[nr++] = (struct slot_at){ entry->payload.addr, entry };
		}
	}
	sort_array(slots, nr, sizeof(*slots), by_addr);
	for (size_t i = 0; i < w->r->nr_maps; i++)
		if (w->r->maps[i].active && w->r->maps[i].nr_owners)
			owners_in(&w->r->maps[i], slots, nr);
}
