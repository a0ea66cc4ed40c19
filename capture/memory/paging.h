/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * paging.h - x86-64 page tables: 4 and 5 levels, 4 KiB, 2 MiB and 1 GiB pages
 */
#ifndef CAPTURE_PAGING_H
#define CAPTURE_PAGING_H

#include <stdint.h>

#include "capture/memory/phys.h"

#define PAGING_TLB_SLOTS 1024 /* powers of two */
#define PAGING_LEAF_SLOTS 256

struct paging {
	struct phys *phys;
	uint64_t root;	 /* physical address of the top table, page aligned */
	unsigned levels; /* 4 or 5 */
	struct {
		uint64_t page; /* virtual page number + 1; 0 is empty */
		uint64_t gpa;
		const uint8_t *copy; /* the recorded page (guest.c); else NULL */
	} tlb[PAGING_TLB_SLOTS];
	/* the last-level tables that were met (a big map's pages are in few of them), or 2 MiB of a large page */
	struct {
		uint64_t span;	/* va >> 21, + 1; 0 is empty */
		uint64_t table; /* gpa of the table; if large: where these 2 MiB begin */
		bool large;
		const uint8_t *copy; /* the recorded table; else NULL */
	} leaf[PAGING_LEAF_SLOTS];
};

/*
 * Sets the tables to walk.  `cr3` may carry PCID, LAM and no-flush bits.  The caller clears bit 12 if it means
 * "user half of a PTI pair".  Empties the TLB.
 */
void paging_set_root(struct paging *paging, struct phys *phys, uint64_t cr3, unsigned levels);

/* The guest physical address of `va`, or READ_NOT_MAPPED, or why a table could not be read. */
enum read_status paging_translate(struct paging *paging, uint64_t va, uint64_t *gpa);

/*
 * The mapped pages of a range, in order.  A last-level table is read once for the 512 pages that it maps; an
 * absent entry of a higher table skips all that it would map: an arena of 4 GiB takes milliseconds.
 */
struct paging_scan {
	struct paging *paging;
	uint64_t va;
	uint64_t end;
	uint64_t leaf_va; /* what `leaf` maps; 1: nothing yet */
	uint64_t leaf[512];
};

void paging_scan_start(struct paging_scan *scan, struct paging *paging, uint64_t va, uint64_t end);

/* The next mapped page and its physical address; false at the end. */
bool paging_scan_next(struct paging_scan *scan, uint64_t *va, uint64_t *gpa);

#endif
