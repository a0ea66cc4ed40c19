/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rbtree.c - include/linux/rbtree.h: the nodes in order, by a stack of fixed depth
 */
#include "capture/read/rbtree.h"

#include "capture/read/read.h"

/* A valid red-black tree of 2^32 nodes is at most twice as deep as this half. */
#define MAX_DEPTH 64

size_t rbtree_nodes(struct walk *w, uint64_t root_node, uint64_t *nodes, size_t max,
		    const char **cut)
{
	uint64_t stack[MAX_DEPTH];
	uint64_t node = root_node;
	size_t depth = 0, nr = 0;

	*cut = NULL;
	while (node || depth) {
		struct scxray_num child;

		if (node && depth == MAX_DEPTH) {
			*cut = "rb-tree is deeper than any valid one";
			return nr;
		}
		if (node) {
			stack[depth++] = node;
			child = read_member(w, node, M_rb_node_left);
		} else {
			if (nr == max) { /* a cycle ends here too */
				*cut = pool_printf(w->pool, "rb-tree cut after %zu nodes", max);
				return nr;
			}
			node = stack[--depth];
			nodes[nr++] = node;
			child = read_member(w, node, M_rb_node_right);
		}
		if (child.state != SCXRAY_PRESENT) {
			*cut = pool_printf(w->pool, "rb-tree broken at 0x%016llx: %s",
					   (unsigned long long)node, child.reason);
			return nr;
		}
		node = child.value;
	}
	return nr;
}
