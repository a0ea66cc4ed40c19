/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image.h - the RAM and the registers in an image file, as they are
 *
 * For programs that put an image back into a VM rather than read a report out of it.
 */
#ifndef SCXRAY_IMAGE_H
#define SCXRAY_IMAGE_H

#include <scxray/capture.h>

#ifdef __cplusplus
extern "C" {
#endif

struct scxray_regs;

/* Regions of guest RAM, ascending: false after the last. */
bool scxray_source_region(const struct scxray_source *source, size_t index, uint64_t *gpa,
			  uint64_t *size);

/*
 * The page at guest physical `gpa` (page aligned), PAGE bytes or what is left of its region;
 * *bytes are valid until the next call.  Returns how many there are; 0: not RAM, or not in this core.
 */
size_t scxray_source_page(struct scxray_source *source, uint64_t gpa, const uint8_t **bytes);

size_t scxray_source_nr_vcpus(const struct scxray_source *source);

/* NULL where the image has no registers of this vCPU. */
const struct scxray_regs *scxray_source_regs(const struct scxray_source *source, size_t vcpu);

#ifdef __cplusplus
}
#endif
#endif
