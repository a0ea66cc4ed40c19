/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memmap.h - what a page that an ELF image leaves out was used for, by its struct page
 */
#ifndef CAPTURE_MEMMAP_H
#define CAPTURE_MEMMAP_H

#include "capture/memory/guest.h"

struct memmap {
	struct guest *g;
	uint64_t base; /* where the array of all struct page begins */
	uint64_t size, refcount, mapcount, mapping, compound;
	uint8_t others
		[8]; /* page types (the top byte of _mapcount) that are not the kernel's own */
	unsigned nr_others;
	bool busy; /* a struct page is being read: the page that holds it is the kernel's */
};

/*
 * Sets up `map` from the VMCOREINFO `info` and the run-time address of the variable vmemmap_base.  False if
 * they do not say enough.  `g` is borrowed.
 */
bool memmap_init(struct memmap *map, struct guest *g, const char *info, uint64_t vmemmap_base);

/*
 * Was the page at `gpa` left out because it was zero?  `map` is a struct memmap.  makedumpfile leaves out
 * only zero pages, free pages, and pages of user space and of the page cache; so a missing page that the
 * kernel itself used was zero.  If that is not certain, the answer is no (slabs: a makedumpfile older than
 * the kernel takes them for the page cache).
 */
bool memmap_is_zero(void *map, uint64_t gpa);

#endif
