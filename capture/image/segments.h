/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * segments.h - which bytes of an image file are which guest physical memory
 *
 * Program headers come in any order and number, may overlap (kdump and /proc/kcore list
 * the kernel's text twice), may have no physical address, and may name memory that
 * the file leaves out (p_filesz < p_memsz).  They become sorted extents without overlap.
 */
#ifndef CAPTURE_IMAGE_SEGMENTS_H
#define CAPTURE_IMAGE_SEGMENTS_H

#include <elf.h>

#include "capture/image/file.h"

#define EXTENT_LEFT_OUT UINT64_MAX

struct extent {
	uint64_t gpa, end; /* bytes, not pages */
	uint64_t offset;   /* in the file; EXTENT_LEFT_OUT */
};

struct segments {
	struct image_file *file;
	struct extent *extents; /* by gpa */
	size_t nr;
	uint64_t nr_unplaced; /* segments whose physical address is none */
	/* For memory that is left out: is the page zero?  NULL: not known yet, so it reads as zero. */
	bool (*is_zero)(void *arg, uint64_t gpa);
	void *is_zero_arg;
};

/*
 * Fills `segments` from the PT_LOAD headers, which are sorted in place, and adds the
 * regions to `phys`, which is to read through `segments` from then on.  0, or -1 with *err.
 */
int segments_load(struct segments *segments, struct phys *phys, Elf64_Phdr *loads, size_t nr,
		  struct scxray_error *err);
void segments_deinit(struct segments *segments);

#endif
