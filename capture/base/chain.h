/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chain.h - does a chain of guest objects run in a circle?
 *
 * Brent's algorithm: one node is kept, and each node that follows is compared with it; after 1, 3, 7,
 * 15, ... steps the node at hand is kept instead.  A circle of n nodes is found at most 3n steps after
 * it is entered.
 */
#ifndef CAPTURE_CHAIN_H
#define CAPTURE_CHAIN_H

#include <stdbool.h>
#include <stdint.h>

/* All zeroes at the head of a chain. */
struct chain_guard {
	uint64_t kept;
	uint32_t steps, limit;
};

/* The chain goes from `node` to `next`, neither of them 0.  True: the chain had `next` before. */
static inline bool chain_is_circle(struct chain_guard *guard, uint64_t node, uint64_t next)
{
	if (next == node || next == guard->kept)
		return true;
	if (++guard->steps > guard->limit) {
		guard->kept = next;
		guard->steps = 0;
		guard->limit = guard->limit * 2 + 1;
	}
	return false;
}

#endif
