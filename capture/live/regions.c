/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * regions.c - guest RAM that comes and goes while the guest runs
 *
 * Pages are numbered through all regions, and stores of pages go by that number: other regions
 * mean other numbers, so what is known of the kernel is dropped and found anew.  Snapshots have
 * regions and stores of their own.
 */
#include <string.h>

#include <scxray/map.h>

#include "capture/live/live.h"

static int add_all(struct phys *phys, const struct phys *from, const struct phys_region *without)
{
	for (size_t i = 0; i < from->nr_regions; i++) {
		const struct phys_region *r = &from->regions[i];

		if (r != without && phys_add_region(phys, r->gpa, r->size, r->host))
			return -1;
	}
	return 0;
}

/* The regions of *phys, which is taken over, in place of those before. */
static int replace(struct scxray_live *live, struct phys *phys, struct scxray_error *err)
{
	struct page_store *scratch =
		page_store_create(phys_nr_pages(phys), live->settings.max_copy_bytes / PAGE_SIZE);

	if (!scratch) {
		phys_deinit(phys);
		return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	}
	live_forget(live);
	cow_destroy(live->cow);
	live->cow = NULL;
	phys->fetch = live->source.phys.fetch;
	phys_deinit(&live->source.phys);
	live->source.phys = *phys;
	page_store_put(live->scratch);
	live->scratch = scratch;
	if (live->wants_cow) {
		const char *why;

		(void)scxray_live_allow_cow(live, &why);
	}
	return 0;
}

int scxray_live_add_region(struct scxray_live *live, const struct scxray_live_region *region,
			   struct scxray_error *err)
{
	struct phys phys = { 0 };

	if (add_all(&phys, &live->source.phys, NULL)) {
		phys_deinit(&phys);
		return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	}
	if (phys_add_region(&phys, region->gpa, region->size, region->host)) {
		phys_deinit(&phys);
		return scxray_fail(err, SCXRAY_ERR_INVALID, region->gpa,
				   "guest RAM at 0x%llx: empty, not page aligned, or overlapping",
				   (unsigned long long)region->gpa);
	}
	return replace(live, &phys, err);
}

int scxray_live_remove_region(struct scxray_live *live, uint64_t gpa, struct scxray_error *err)
{
	const struct phys_region *r = phys_find_region(&live->source.phys, gpa);
	struct phys phys = { 0 };

	if (!r || r->gpa != gpa || live->source.phys.nr_regions == 1)
		return scxray_fail(
			err, SCXRAY_ERR_INVALID, gpa, "guest RAM at 0x%llx can't be removed: %s",
			(unsigned long long)gpa,
			r && r->gpa == gpa ? "there is no other" : "no region begins there");
	if (add_all(&phys, &live->source.phys, r)) {
		phys_deinit(&phys);
		return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	}
	return replace(live, &phys, err);
}
