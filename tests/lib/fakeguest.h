/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fakeguest.h - some bytes as a guest's kernel memory
 *
 * Maps a buffer at FAKEGUEST_BASE, through page tables of its own, for tests of
 * what reads a guest by virtual address.
 */
#ifndef TESTS_FAKEGUEST_H
#define TESTS_FAKEGUEST_H

#include "capture/memory/guest.h"

#define FAKEGUEST_BASE 0xffffffff81000000ULL
#define FAKEGUEST_MAX (16u << 20) /* bytes that fit */

struct fakeguest {
	struct guest guest;
	struct phys phys;
	uint64_t *tables;
};

/* `bytes` is borrowed.  0, or -1 when out of memory or too big. */
int fakeguest_init(struct fakeguest *fake, const uint8_t *bytes, size_t size);
void fakeguest_deinit(struct fakeguest *fake);

#endif
