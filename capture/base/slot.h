/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * slot.h - where the search for a kernel address starts in a hash of addresses
 */
#ifndef CAPTURE_SLOT_H
#define CAPTURE_SLOT_H

#include <stdint.h>

/* The first slot to look at for `kva` in a hash of mask + 1 slots, a power of two. */
static inline uint32_t slot_of(uint64_t kva, uint32_t mask)
{
	return (uint32_t)((kva >> 6) * 0x9e3779b97f4a7c15ULL >> 32) & mask;
}

#endif
