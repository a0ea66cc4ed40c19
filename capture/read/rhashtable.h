/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rhashtable.h - the objects of a struct rhashtable
 */
#ifndef CAPTURE_READ_RHASHTABLE_H
#define CAPTURE_READ_RHASHTABLE_H

#include <stdbool.h>
#include <stdint.h>

struct walk;

/*
 * The objects (addresses of their rhash_head) of the rhashtable at `ht`, in the table's order, at most
 * `max`.  visit() gets each, and returns false to stop.  *cut says why the walk ended early, or is NULL.
 */
void rhashtable_walk(struct walk *w, uint64_t ht, uint32_t max,
		     bool (*visit)(struct walk *w, uint64_t node, void *arg), void *arg,
		     const char **cut);

#endif
