/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * search.c - guest physical memory read in bulk; no page is kept
 */
#include <string.h>

#include <base/array.h>

#include "capture/memory/phys.h"

#define COPY_CHUNK (256u << 10)

/*
 * Copies the start of [gpa, gpa + len): up to its region's end where RAM is fetched, else one page.
 * Returns how many bytes that is.
 */
static size_t copy_some(struct phys *phys, uint64_t gpa, uint8_t *to, size_t len)
{
	struct phys_region *r = phys_find_region(phys, gpa);
	size_t in_page = PAGE_SIZE - (gpa & PAGE_MASK), n = len < in_page ? len : in_page;
	const uint8_t *host;
	size_t left;

	if (r && !r->host && phys->fetch.read) {
		left = r->size - (gpa - r->gpa) < len ? r->size - (gpa - r->gpa) : len;
		if (!phys->fetch.read(phys->fetch.arg, gpa, to, left))
			return left;
		left = left < n ? left
				: n; /* one of these pages can't be read: only the first page now */
		if (!phys->fetch.read(phys->fetch.arg, gpa, to, left))
			return left;
	} else if (r && !phys_page_at(phys, gpa, &host, &left)) {
		left = left < n ? left : n;
		memcpy(to, host, left);
		return left;
	}
	memset(to, 0, n);
	return n;
}

void phys_copy(struct phys *phys, uint64_t gpa, void *to, size_t len)
{
	bool recording = phys->recording;
	uint8_t *at = to;

	phys->recording = false;
	while (len) {
		size_t n = copy_some(phys, gpa, at, len < COPY_CHUNK ? len : COPY_CHUNK);

		at += n;
		gpa += n;
		len -= n;
	}
	phys->recording = recording;
}

uint64_t phys_next_data(struct phys *phys, uint64_t gpa)
{
	size_t at;

	if (phys->fetch.read && phys->fetch.next_data)
		return phys->fetch.next_data(phys->fetch.arg, gpa);
	/* the first region that ends after gpa */
	at = LOWER_BOUND(phys->nr_regions, i,
			 phys->regions[i].gpa + phys->regions[i].size - 1 < gpa);
	if (at == phys->nr_regions)
		return UINT64_MAX;
	return phys->regions[at].gpa > gpa ? phys->regions[at].gpa : gpa;
}
