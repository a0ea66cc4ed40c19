/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "paging.h"

#define PTE_PRESENT (1ULL << 0)
#define PTE_LARGE (1ULL << 7)
#define PTE_ADDR 0x000ffffffffff000ULL

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

static enum read_status walk(struct paging *paging, uint64_t va, uint64_t *gpa)
{
	uint64_t table = paging->root;

	if (!is_canonical(va, paging->levels))
		return READ_NOT_MAPPED;
	for (unsigned level = paging->levels; level > 0; level--) {
		unsigned shift = PAGE_SHIFT + 9 * (level - 1);
		uint64_t index = (va >> shift) & 511;
		uint64_t entry, span = 1ULL << shift;
		enum read_status status = phys_read(paging->phys, table + index * 8, &entry, 8);

		if (status)
			return status;
		if (!(entry & PTE_PRESENT))
			return READ_NOT_MAPPED;
		if (level == 1 || (level <= 3 && (entry & PTE_LARGE))) {
			/* a large page's low address bits are reserved or PAT: drop them */
			*gpa = (entry & PTE_ADDR & ~(span - 1)) | (va & (span - 1));
			return READ_OK;
		}
		table = entry & PTE_ADDR;
	}
	return READ_NOT_MAPPED;
}

enum read_status paging_translate(struct paging *paging, uint64_t va, uint64_t *gpa)
{
	uint64_t page = (va >> PAGE_SHIFT) + 1;
	size_t slot = page & (PAGING_TLB_SLOTS - 1);
	enum read_status status;

	if (va < PAGE_SIZE)
		return READ_NULL;
	if (paging->tlb[slot].page == page) {
		*gpa = paging->tlb[slot].gpa | (va & PAGE_MASK);
		return READ_OK;
	}
	status = walk(paging, va, gpa);
	if (status)
		return status;
	paging->tlb[slot].page = page;
	paging->tlb[slot].gpa = *gpa & ~PAGE_MASK;
	return READ_OK;
}
