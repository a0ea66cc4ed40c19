/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * notes.h - what an image holds besides memory: vCPU registers, VMCOREINFO
 */
#ifndef CAPTURE_IMAGE_NOTES_H
#define CAPTURE_IMAGE_NOTES_H

#include "capture/image/source.h"

struct notes {
	struct scxray_source *source; /* gets the vCPUs and the VMCOREINFO */
	size_t nr_prstatus;
	size_t nr_qemu;
	bool no_registers; /* those of PRSTATUS are made up: /proc/kcore */
	bool broken;	   /* some bytes are no note */
	bool of_process;   /* there are notes that only a process's core has */
};

/* Takes the notes in `bytes`, aligned to `align` (4 or 8); may be called several times. */
void notes_take(struct notes *notes, const uint8_t *bytes, size_t size, size_t align);

#endif
