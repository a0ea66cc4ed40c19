/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * address_set.h - the addresses of the guest objects that a walk has met
 */
#ifndef CAPTURE_ADDRESS_SET_H
#define CAPTURE_ADDRESS_SET_H

#include "capture/base/pool.h"

#define ADDRESS_SET_MAX (1u << 20)

struct address_set {
	uint64_t *slots; /* 0: an empty slot; at least half of the slots are empty */
	uint32_t mask, nr;
};

/* Room for `max` addresses, in the pool.  False: the pool is used up. */
static inline bool address_set_init(struct address_set *set, struct pool *pool, uint32_t max)
{
	uint32_t size = 64;

	while (size < 2 * ADDRESS_SET_MAX && size / 2 < max)
		size *= 2;
	*set = (struct address_set){ .slots = pool_alloc(pool, size * sizeof(*set->slots)) };
	set->mask = size - 1;
	return set->slots != NULL;
}

/* False: `address` (not 0) is there already, or there is no room for it. */
static inline bool address_set_add(struct address_set *set, uint64_t address)
{
	uint32_t slot = (uint32_t)((address >> 3) * 0x9e3779b97f4a7c15ULL >> 32) & set->mask;

	while (set->slots[slot]) {
		if (set->slots[slot] == address)
			return false;
		slot = (slot + 1) & set->mask;
	}
	if (set->nr > set->mask / 2)
		return false;
	set->slots[slot] = address;
	set->nr++;
	return true;
}

#endif
