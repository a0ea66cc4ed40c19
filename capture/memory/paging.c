/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * paging.c - from a kernel virtual address to a guest physical one by x86-64 page tables
 *
 * CR3 holds the physical address of the top table.  A table is a page of 512 entries of 8 bytes;
 * each level takes 9 bits of the address as its index, from the highest bits down, and its entry
 * has the address of the next table.  With 4 levels 48 bits are translated, with 5 levels 57; the
 * bits above have to repeat the highest of them.  An entry whose PTE_LARGE bit is set ends the
 * walk early: it maps 1 GiB or 2 MiB instead of a table.  The low 12 bits are the offset in a page.
 */
#include <string.h>

#include "capture/memory/paging.h"

#define PTE_PRESENT (1ULL << 0)
#define PTE_LARGE (1ULL << 7)
#define PTE_ADDR 0x000ffffffffff000ULL

#define LEAF_SPAN (512 * PAGE_SIZE)

void paging_set_root(struct paging *paging, struct phys *phys, uint64_t cr3, unsigned levels)
{
	memset(paging, 0, sizeof(*paging));
	paging->phys = phys;
	paging->root = cr3 & PTE_ADDR;
	paging->levels = levels;
}

/* Sign-extended from the highest bit that the tables translate. */
static int is_canonical(uint64_t va, unsigned levels)
{
	unsigned shift = 64 - (PAGE_SHIFT + 9 * levels);

	return (uint64_t)((int64_t)(va << shift) >> shift) == va;
}

/*
 * Entry `index` of the last-level table that leaf[slot] holds.  Under a freeze that table is recorded once;
 * each later entry is read from its copy.
 */
static enum read_status leaf_entry(struct paging *paging, size_t slot, uint64_t index,
				   uint64_t *entry)
{
	struct phys *phys = paging->phys;
	uint64_t gpa = paging->leaf[slot].table + index * 8;
	const uint8_t *copy = paging->leaf[slot].copy;
	enum read_status status;
	size_t len;

	if (!phys_is_recording(phys))
		return phys_read(phys, gpa, entry, 8);
	if (copy && phys_may_reread(phys)) {
		memcpy(entry, copy + index * 8, 8);
		return READ_OK;
	}
	status = phys_page_at(phys, gpa, &copy, &len);
	if (status)
		return status;
	if (len != PAGE_SIZE - index * 8)
		return phys_read(phys, gpa, entry, 8);
	paging->leaf[slot].copy = copy - index * 8;
	memcpy(entry, copy, 8);
	return READ_OK;
}

static void remember(struct paging *paging, size_t slot, uint64_t span, uint64_t table, bool large)
{
	paging->leaf[slot].span = span;
	paging->leaf[slot].table = table;
	paging->leaf[slot].large = large;
	paging->leaf[slot].copy = NULL;
}

/*
 * Walks the tables from the root, or from a last table that was met before.
 * *same: the size of the aligned block around `va` that has the same answer (what one entry of the last
 * table maps); 0 where the address is not canonical.
 * *last: the physical address of the last table that was read.
 */
static enum read_status walk(struct paging *paging, uint64_t va, uint64_t *gpa, uint64_t *same,
			     uint64_t *last)
{
	uint64_t leaf_span = (va >> (PAGE_SHIFT + 9)) + 1;
	size_t slot = leaf_span & (PAGING_LEAF_SLOTS - 1);
	unsigned level = paging->levels;
	uint64_t table = paging->root;

	*same = 0;
	*last = table;

	if (!is_canonical(va, paging->levels))
		return READ_NOT_MAPPED;
	if (paging->leaf[slot].span == leaf_span && paging->leaf[slot].large) {
		*same = LEAF_SPAN;
		*gpa = paging->leaf[slot].table | (va & (LEAF_SPAN - 1));
		return READ_OK;
	}
	if (paging->leaf[slot].span == leaf_span) {
		table = paging->leaf[slot].table;
		level = 1;
	}
	for (; level > 0; level--) {
		unsigned shift = PAGE_SHIFT + 9 * (level - 1);
		uint64_t index = (va >> shift) & 511;
		uint64_t entry, span = 1ULL << shift;
		enum read_status status;

		status = level == 1 && paging->leaf[slot].span == leaf_span
				 ? leaf_entry(paging, slot, index, &entry)
				 : phys_read(paging->phys, table + index * 8, &entry, 8);
		*same = span;
		*last = table;
		if (status)
			return status;
		if (!(entry & PTE_PRESENT))
			return READ_NOT_MAPPED;
		if (level == 1 || (level <= 3 && (entry & PTE_LARGE))) {
			/* a large page's low address bits are reserved or PAT: drop them */
			*gpa = (entry & PTE_ADDR & ~(span - 1)) | (va & (span - 1));
			if (level > 1)
				remember(paging, slot, leaf_span, *gpa & ~(LEAF_SPAN - 1), true);
			return READ_OK;
		}
		table = entry & PTE_ADDR;
		if (level == 2)
			remember(paging, slot, leaf_span, table, false);
	}
	return READ_NOT_MAPPED;
}

enum read_status paging_translate(struct paging *paging, uint64_t va, uint64_t *gpa)
{
	uint64_t page = (va >> PAGE_SHIFT) + 1;
	size_t slot = page & (PAGING_TLB_SLOTS - 1);
	enum read_status status;
	uint64_t same, table;

	if (va < PAGE_SIZE)
		return READ_NULL;
	if (paging->tlb[slot].page == page) {
		*gpa = paging->tlb[slot].gpa | (va & PAGE_MASK);
		return READ_OK;
	}
	status = walk(paging, va, gpa, &same, &table);
	if (status)
		return status;
	paging->tlb[slot].page = page;
	paging->tlb[slot].gpa = *gpa & ~PAGE_MASK;
	paging->tlb[slot].copy = NULL;
	return READ_OK;
}

void paging_scan_start(struct paging_scan *scan, struct paging *paging, uint64_t va, uint64_t end)
{
	scan->paging = paging;
	scan->va = va & ~PAGE_MASK;
	scan->end = end;
	scan->leaf_va = 1;
}

/* The next present entry of the table at hand; moves on to the table's end. */
static bool next_in_leaf(struct paging_scan *scan, uint64_t *va, uint64_t *gpa)
{
	uint64_t end = scan->leaf_va + LEAF_SPAN;

	while (scan->va < end && scan->va < scan->end) {
		uint64_t entry = scan->leaf[(scan->va >> PAGE_SHIFT) & 511];

		*va = scan->va;
		scan->va += PAGE_SIZE;
		if (entry & PTE_PRESENT) {
			*gpa = entry & PTE_ADDR;
			return true;
		}
	}
	return false;
}

bool paging_scan_next(struct paging_scan *scan, uint64_t *va, uint64_t *gpa)
{
	while (scan->va < scan->end) {
		uint64_t same, table, next;
		enum read_status status;

		if (scan->leaf_va == (scan->va & ~(LEAF_SPAN - 1))) {
			if (next_in_leaf(scan, va, gpa))
				return true;
			continue;
		}
		status = walk(scan->paging, scan->va, gpa, &same, &table);
		if (!same)
			return false; /* not canonical: nothing can be mapped here */
		if (same == PAGE_SIZE && phys_read(scan->paging->phys, table, scan->leaf,
						   sizeof(scan->leaf)) == READ_OK) {
			scan->leaf_va = scan->va & ~(LEAF_SPAN - 1);
			continue;
		}
		*va = scan->va;
		next = status ? (scan->va & ~(same - 1)) + same : scan->va + PAGE_SIZE;
		if (next <= scan->va)
			return false; /* the address space ends here */
		scan->va = next;
		if (!status)
			return true;
	}
	return false;
}
