/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_live.c - guest RAM as a live guest
 */
#include <stdlib.h>

#include "qemu/machine_parts.h"

static bool fetch(void *context, uint64_t gpa, void *to, size_t len)
{
	return ram_read(context, gpa, to, len);
}

/* Pieces that adjoin are one region: a read of several pages may cross them. */
static size_t make_regions(const struct ram *ram, struct scxray_live_region *regions)
{
	size_t nr = 0;

	for (size_t i = 0; i < ram->nr; i++) {
		const struct ram_piece *piece = &ram->pieces[i];

		if (nr && regions[nr - 1].gpa + regions[nr - 1].size == piece->gpa)
			regions[nr - 1].size += piece->size;
		else
			regions[nr++] = (struct scxray_live_region){ .gpa = piece->gpa,
								     .size = piece->size };
	}
	return nr;
}

struct scxray_live *qemu_machine_live(struct qemu_machine *qemu,
				      const struct scxray_settings *settings,
				      struct scxray_error *err)
{
	struct scxray_live_region *regions = calloc(qemu->ram.nr, sizeof(*regions));
	struct scxray_live *live;

	if (!regions) {
		scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	live = scxray_live_create(regions, make_regions(&qemu->ram, regions), qemu->base.nr_vcpus,
				  settings, err);
	free(regions);
	if (live)
		scxray_live_set_fetcher(live, fetch, &qemu->ram);
	return live;
}
