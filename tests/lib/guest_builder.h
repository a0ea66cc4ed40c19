/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest_builder.h - a small guest, made page by page
 *
 * One stretch of guest RAM that starts at some physical address, page tables of
 * 4 or 5 levels in it, and bytes put at virtual addresses.  Pages for tables and
 * data are taken front to back.  Everything that doesn't fit ends the test.
 */
#ifndef TESTS_GUEST_BUILDER_H
#define TESTS_GUEST_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/memory/guest.h"

#define PTE_PRESENT (1ULL << 0)
#define PTE_LARGE (1ULL << 7)
#define PTE_PAT_LARGE (1ULL << 12) /* of a large page: PAT, no address bit */
#define PTE_NX (1ULL << 63)

/* An address whose tables each test may fill as it likes. */
#define GUEST_KVA 0xffff888000000000ULL

struct guest_builder {
	uint8_t *ram;
	uint64_t gpa; /* of ram[0] */
	uint64_t size;
	uint64_t next; /* the next page that is free, as an offset in ram */
	uint64_t root; /* guest physical address of the top table */
	unsigned levels;
	struct phys phys; /* its one region is `ram` */
	struct guest guest;
};

/* RAM of `size` bytes at `gpa`, an empty top table in its first page. */
void guest_init(struct guest_builder *b, uint64_t gpa, uint64_t size, unsigned levels);
void guest_deinit(struct guest_builder *b);

/* The next free page, zeroed: its guest physical address. */
uint64_t guest_page(struct guest_builder *b);

/* The bytes at a guest physical address in `ram`. */
void *guest_host(struct guest_builder *b, uint64_t gpa);

/*
 * Maps `va` to `gpa` by an entry at `level`: 1 for 4 KiB, 2 for 2 MiB, 3 for 1 GiB.
 * `gpa` may lie outside RAM.  Tables that are missing are made.
 */
void guest_map(struct guest_builder *b, uint64_t va, uint64_t gpa, unsigned level);

/* The entry for `va` in the table of `level`; its tables must be there. */
uint64_t *guest_entry(struct guest_builder *b, uint64_t va, unsigned level);

/* Makes the page at `va` not present; the TLB is emptied. */
void guest_unmap(struct guest_builder *b, uint64_t va);

/* Puts bytes at `va`, on fresh pages where nothing is mapped yet. */
void guest_put(struct guest_builder *b, uint64_t va, const void *bytes, size_t size);
void guest_put_u64(struct guest_builder *b, uint64_t va, uint64_t value);
void guest_put_u32(struct guest_builder *b, uint64_t va, uint32_t value);

/* Empties the TLB: for tests that change tables by hand. */
void guest_flush(struct guest_builder *b);

#endif
