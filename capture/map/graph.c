/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * graph.c - lists and rb-trees that programs keep in map values: a struct
 * bpf_list_head is a list_head, a struct bpf_rb_root an rb_root_cached, and their
 * nodes are inside objects that the program allocated (kernel/bpf/helpers.c)
 */
#include <string.h>

#include <scxray/map.h>

#include "capture/map/map.h"
#include "capture/read/rbtree.h"
#include "capture/read/read.h"

/*
 * `head` is a copy: its own address is not known, so the end of the list is the node
 * before the head.  The head of an empty list points to itself.
 */
size_t map_graph_list(struct walk *w, const uint8_t *head, uint64_t *nodes, size_t max,
		      const char **cut)
{
	uint64_t ends[2];
	size_t nr = 0;

	memcpy(ends, head, sizeof(ends));
	*cut = NULL;
	for (uint64_t node = ends[0]; node;) {
		struct scxray_num next = read_member(w, node, M_list_head_next);

		if (next.state != SCXRAY_PRESENT) {
			*cut = pool_printf(w->pool, "list broken at 0x%016llx: %s",
					   (unsigned long long)node, next.reason);
			break;
		}
		if (next.value == node)
			break;
		if (nr == max) {
			*cut = pool_printf(w->pool, "list cut after %zu nodes", max);
			break;
		}
		nodes[nr++] = node;
		if (node == ends[1])
			break;
		node = next.value;
	}
	return nr;
}

size_t map_graph_tree(struct walk *w, const uint8_t *root, uint64_t *nodes, size_t max,
		      const char **cut)
{
	uint64_t node;

	memcpy(&node, root, sizeof(node));
	return rbtree_nodes(w, node, nodes, max, cut);
}
