/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lpm_trie.c - kernel/bpf/lpm_trie.c: nodes of {prefixlen, data: the key's bytes,
 * then the value}; intermediate nodes only join others.  A key is a u32 prefix
 * length and the bytes.
 */
#include <string.h>

#include <scxray/map.h>

#include "capture/map/map.h"
#include "capture/read/read.h"

#define INTERMEDIATE 1
#define MAX_DEPTH 2048 /* a node's prefix is longer than its parent's: 256 bytes at most */
#define MAX_KEY 260

static bool add_node(struct walk *w, struct scxray_map *map, uint64_t node, uint32_t prefixlen,
		     uint32_t data_size)
{
	struct scxray_entry *entry = map_add_entry(w, map);
	const char *reason;
	uint8_t *key;

	if (!entry)
		return false;
	entry->addr = node;
	key = pool_alloc(w->pool, data_size + 4);
	if (key) {
		enum read_status status = guest_read(
			w->g, member_addr(w, node, M_lpm_trie_node_data), key + 4, data_size);

		memcpy(key, &prefixlen, 4);
		if (!status)
			entry->key = key;
	}
	entry->value = map_read_bytes(w, member_addr(w, node, M_lpm_trie_node_data) + data_size,
				      map->value_type.size, &reason);
	entry->reason = reason;
	return true;
}

void map_walk_lpm_trie(struct walk *w, struct scxray_map *map)
{
	uint64_t trie = map_container(w, map, M_lpm_trie_map), *stack;
	struct scxray_num root, data_size, count;
	size_t depth = 0;
	uint32_t seen = 0;

	if (!map_needs(w, map, M_lpm_trie_root) || !map_needs(w, map, M_lpm_trie_node_data) ||
	    !map_needs(w, map, M_lpm_trie_node_child))
		return;
	map->form = SCXRAY_MAP_ENTRIES;
	root = read_member(w, trie, M_lpm_trie_root);
	data_size = read_member(w, trie, M_lpm_trie_data_size);
	count = read_member(w, trie, M_lpm_trie_n_entries);
	stack = pool_alloc(w->pool, MAX_DEPTH * sizeof(*stack));
	if (root.state != SCXRAY_PRESENT || data_size.state != SCXRAY_PRESENT ||
	    data_size.value > MAX_KEY - 4 || map->key_type.size != data_size.value + 4 || !stack) {
		map_error(w, map, "trie header makes no sense");
		return;
	}
	map->total = count.state == SCXRAY_PRESENT ? count.value : 0;
	if (root.value)
		stack[depth++] = root.value;
	while (depth) {
		uint64_t node = stack[--depth];
		struct scxray_num flags = read_member(w, node, M_lpm_trie_node_flags);
		struct scxray_num prefixlen = read_member(w, node, M_lpm_trie_node_prefixlen);
		uint64_t children = member_addr(w, node, M_lpm_trie_node_child);

		/* every real node has at most one intermediate one above it; more is a cycle */
		if (seen++ > 2 * w->settings.max_entries + 1) {
			map_error(w, map, "trie cut after %u nodes", seen - 1);
			return;
		}
		if (flags.state != SCXRAY_PRESENT || prefixlen.state != SCXRAY_PRESENT) {
			map_error(w, map, "trie broken at 0x%016llx: %s", (unsigned long long)node,
				  flags.state != SCXRAY_PRESENT ? flags.reason : prefixlen.reason);
			continue;
		}
		if (!(flags.value & INTERMEDIATE) &&
		    !add_node(w, map, node, (uint32_t)prefixlen.value, (uint32_t)data_size.value))
			return;
		for (int c = 1; c >= 0; c--) {
			struct scxray_num child = read_int(w, children + (unsigned)c * 8, 8, false);

			if (child.state != SCXRAY_PRESENT || !child.value)
				continue;
			if (depth == MAX_DEPTH) {
				map_error(w, map, "trie is deeper than any valid one");
				return;
			}
			stack[depth++] = child.value;
		}
	}
}
