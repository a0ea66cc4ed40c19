/* SPDX-License-Identifier: BSD-2-Clause */
#include "fakeguest.h"

#include <stdlib.h>
#include <string.h>

#define TABLES_GPA 0x1000ULL
#define DATA_GPA 0x40000000ULL
#define LARGE (2ULL << 20)

#define PRESENT 0x1ULL
#define LEAF 0x80ULL /* PS */

static size_t slot(uint64_t va, unsigned level)
{
	return va >> (12 + 9 * (level - 1)) & 511;
}

int fakeguest_init(struct fakeguest *fake, const uint8_t *bytes, size_t size)
{
	uint64_t *top, *upper, *middle;

	memset(fake, 0, sizeof(*fake));
	if (size > FAKEGUEST_MAX)
		return -1;
	fake->tables = calloc(3, PAGE_SIZE);
	if (!fake->tables)
		return -1;
	top = fake->tables;
	upper = top + 512;
	middle = upper + 512;
	top[slot(FAKEGUEST_BASE, 4)] = (TABLES_GPA + PAGE_SIZE) | PRESENT;
	upper[slot(FAKEGUEST_BASE, 3)] = (TABLES_GPA + 2 * PAGE_SIZE) | PRESENT;
	for (uint64_t at = 0; at < FAKEGUEST_MAX; at += LARGE)
		middle[slot(FAKEGUEST_BASE + at, 2)] = (DATA_GPA + at) | PRESENT | LEAF;
	if (phys_add_region(&fake->phys, TABLES_GPA, 3 * PAGE_SIZE,
			    (const uint8_t *)fake->tables) ||
	    (size && phys_add_region(&fake->phys, DATA_GPA, size, bytes))) {
		fakeguest_deinit(fake);
		return -1;
	}
	fake->phys.max_touched = UINT64_MAX;
	fake->guest.phys = &fake->phys;
	paging_set_root(&fake->guest.paging, &fake->phys, TABLES_GPA, 4);
	return 0;
}

void fakeguest_deinit(struct fakeguest *fake)
{
	phys_deinit(&fake->phys);
	free(fake->tables);
	memset(fake, 0, sizeof(*fake));
}
