/* SPDX-License-Identifier: BSD-2-Clause */
#include "guest_builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTRY_ADDR 0x000ffffffffff000ULL

static void die(const char *what)
{
	fprintf(stderr, "guest_builder: %s\n", what);
	abort();
}

void guest_init(struct guest_builder *b, uint64_t gpa, uint64_t size, unsigned levels)
{
	memset(b, 0, sizeof(*b));
	b->ram = calloc(1, size);
	if (!b->ram)
		die("out of memory");
	b->gpa = gpa;
	b->size = size;
	b->levels = levels;
	if (phys_add_region(&b->phys, gpa, size, b->ram))
		die("the region was refused");
	b->root = guest_page(b);
	b->guest.phys = &b->phys;
	guest_flush(b);
}

void guest_deinit(struct guest_builder *b)
{
	phys_deinit(&b->phys);
	free(b->ram);
	memset(b, 0, sizeof(*b));
}

uint64_t guest_page(struct guest_builder *b)
{
	uint64_t at = b->next;

	if (b->size - at < PAGE_SIZE)
		die("RAM is used up");
	b->next += PAGE_SIZE;
	return b->gpa + at;
}

void *guest_host(struct guest_builder *b, uint64_t gpa)
{
	if (gpa < b->gpa || gpa - b->gpa >= b->size)
		die("outside RAM");
	return b->ram + (gpa - b->gpa);
}

static uint64_t *entry_in(struct guest_builder *b, uint64_t table, uint64_t va, unsigned level)
{
	return (uint64_t *)guest_host(b, table) + (va >> (PAGE_SHIFT + 9 * (level - 1)) & 511);
}

uint64_t *guest_entry(struct guest_builder *b, uint64_t va, unsigned level)
{
	uint64_t table = b->root;

	for (unsigned at = b->levels; at > level; at--) {
		uint64_t entry = *entry_in(b, table, va, at);

		if (!(entry & PTE_PRESENT))
			die("no table there");
		table = entry & ENTRY_ADDR;
	}
	return entry_in(b, table, va, level);
}

void guest_map(struct guest_builder *b, uint64_t va, uint64_t gpa, unsigned level)
{
	for (unsigned at = b->levels; at > level; at--) {
		uint64_t *entry = guest_entry(b, va, at);

		if (!(*entry & PTE_PRESENT))
			*entry = guest_page(b) | PTE_PRESENT;
	}
	*guest_entry(b, va, level) = gpa | PTE_PRESENT | (level > 1 ? PTE_LARGE : 0);
	guest_flush(b);
}

void guest_unmap(struct guest_builder *b, uint64_t va)
{
	*guest_entry(b, va, 1) = 0;
	guest_flush(b);
}

void guest_put(struct guest_builder *b, uint64_t va, const void *bytes, size_t size)
{
	const uint8_t *from = bytes;

	while (size) {
		size_t n = PAGE_SIZE - (va & PAGE_MASK);
		uint64_t gpa;

		if (paging_translate(&b->guest.paging, va, &gpa)) {
			gpa = guest_page(b);
			guest_map(b, va & ~PAGE_MASK, gpa, 1);
			gpa += va & PAGE_MASK;
		}
		if (n > size)
			n = size;
		memcpy(guest_host(b, gpa), from, n);
		from += n;
		va += n;
		size -= n;
	}
}

void guest_put_u64(struct guest_builder *b, uint64_t va, uint64_t value)
{
	guest_put(b, va, &value, sizeof(value));
}

void guest_put_u32(struct guest_builder *b, uint64_t va, uint32_t value)
{
	guest_put(b, va, &value, sizeof(value));
}

void guest_flush(struct guest_builder *b)
{
	paging_set_root(&b->guest.paging, &b->phys, b->root, b->levels);
}
