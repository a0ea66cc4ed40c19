/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * list.h - walks a struct list_head: bounded, and no node is handed out twice
 */
#ifndef CAPTURE_READ_LIST_H
#define CAPTURE_READ_LIST_H

#include <stdbool.h>
#include <stdint.h>

struct walk;

#define LIST_MAX_TORN 4

struct list_iter {
	struct walk *w;
	uint64_t head;
	uint64_t node;
	uint32_t nr;
	uint32_t max;
	/* nodes that don't point back to the node before them */
	uint64_t torn[LIST_MAX_TORN];
	uint32_t nr_torn;
	const char *cut;
};

/* Starts at the list_head at `head`; at most `max` nodes are handed out. */
void list_start(struct list_iter *it, struct walk *w, uint64_t head, uint32_t max);

/*
 * The next node's address.  False at the end; then `cut` says why the list ended early, or is
 * NULL if it did not.
 */
bool list_next(struct list_iter *it, uint64_t *node);

#endif
