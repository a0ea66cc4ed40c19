/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memmap.h - what a page that an ELF image leaves out was used for, by its struct page
 */
#ifndef CAPTURE_MEMMAP_H
#define CAPTURE_MEMMAP_H

#include "capture/memory/guest.h"

struct memmap {
	struct guest *g;
	uint64_t base; /* of all struct page */
	uint64_t size, refcount, mapcount, mapping, compound;
	uint8_t others
		[8]; /* page types (the top byte of _mapcount) that are not the kernel's own */
	unsigned nr_others;
	bool busy; /* a struct page is being read: its own page is the kernel's */
};

/*
 * By the VMCOREINFO `info` and the run-time address of the variable vmemmap_base.  False where
 * they do not say enough.  `g` is borrowed.
 */
bool memmap_init(struct memmap *map, struct guest *g, const char *info, uint64_t vmemmap_base);

/*
 * Was the page at `gpa` left out because it was zero?  `map` is a struct memmap.  makedumpfile
 * leaves out zero pages, free ones, those of user space and of the page cache; so one that the
 * kernel itself used was zero.  Where that is not certain (slabs: a makedumpfile older than
 * the kernel takes them for the page cache) the answer is no.
 */
bool memmap_is_zero(void *map, uint64_t gpa);

#endif
