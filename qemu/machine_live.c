/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_live.c - guest RAM as a live guest
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "qemu/machine_parts.h"

struct scxray_live *qemu_machine_live(struct qemu_machine *qemu,
				      const struct scxray_settings *settings,
				      struct scxray_error *err)
{
	const struct ram *ram = &qemu->ram;
	struct scxray_live_region *regions = calloc(ram->nr, sizeof(*regions));
	struct scxray_live *live = NULL;

	if (!regions) {
		scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	for (size_t i = 0; i < ram->nr; i++) {
		const struct ram_piece *piece = &ram->pieces[i];
		void *host = mmap(NULL, piece->size, PROT_READ, MAP_SHARED, piece->fd,
				  (off_t)piece->offset);

		if (host == MAP_FAILED) {
			scxray_fail(
				err, SCXRAY_ERR_IO, 0,
				"guest RAM is private to QEMU, which is not supported yet; give it a shared memory backend (memory-backend-memfd)");
			free(regions);
			return NULL;
		}
		regions[i] = (struct scxray_live_region){ .gpa = piece->gpa,
							  .size = piece->size,
							  .host = host };
	}
	live = scxray_live_create(regions, ram->nr, qemu->base.nr_vcpus, settings, err);
	free(regions);
	return live;
}
