/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rbtree.h - the nodes of an rb-tree
 */
#ifndef CAPTURE_READ_RBTREE_H
#define CAPTURE_READ_RBTREE_H

#include <stddef.h>
#include <stdint.h>

struct walk;

/*
 * The nodes of the rb-tree below `root_node` in order, into `nodes`, at most `max`.  Returns their
 * number; *cut says why the walk ended early, or is NULL.
 */
size_t rbtree_nodes(struct walk *w, uint64_t root_node, uint64_t *nodes, size_t max,
		    const char **cut);

#endif
