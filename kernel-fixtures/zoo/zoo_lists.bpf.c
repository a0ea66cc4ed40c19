// SPDX-License-Identifier: GPL-2.0
/* A linked list and an rb-tree of objects that the program allocated. */
#include "zoo_kernel.h"

struct zoo_item {
	u64 number;
	struct bpf_list_node link;
};

struct zoo_leaf {
	s64 weight;
	struct bpf_rb_node node;
};

struct zoo_heads {
	u64 items;
	struct bpf_spin_lock lock;
	struct bpf_list_head list __contains(zoo_item, link);
	struct bpf_rb_root tree __contains(zoo_leaf, node);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, u32);
	__type(value, struct zoo_heads);
} zoo_heads SEC(".maps");

static bool lighter(struct bpf_rb_node *a, const struct bpf_rb_node *b)
{
	return container_of(a, struct zoo_leaf, node)->weight <
	       container_of(b, struct zoo_leaf, node)->weight;
}

static int add_item(struct zoo_heads *heads, u64 number)
{
	struct zoo_item *item = zoo_new(struct zoo_item);

	if (!item)
		return 1;
	item->number = 1000 + number;
	bpf_spin_lock(&heads->lock);
	bpf_list_push_back_impl(&heads->list, &item->link, NULL, 0);
	heads->items++;
	bpf_spin_unlock(&heads->lock);
	return 0;
}

static int add_leaf(struct zoo_heads *heads, u64 number)
{
	struct zoo_leaf *leaf = zoo_new(struct zoo_leaf);

	if (!leaf)
		return 1;
	leaf->weight = number % 2 ? (s64)number : -(s64)number;
	bpf_spin_lock(&heads->lock);
	bpf_rbtree_add_impl(&heads->tree, &leaf->node, lighter, NULL, 0);
	bpf_spin_unlock(&heads->lock);
	return 0;
}

SEC("syscall")
int zoo_link(void *unused)
{
	u32 zero = 0;
	struct zoo_heads *heads = bpf_map_lookup_elem(&zoo_heads, &zero);

	if (!heads)
		return 1;
	for (u32 i = 0; i < ZOO_LIST_LENGTH; i++) {
		if (add_item(heads, i) || add_leaf(heads, i))
			return 1;
	}
	return 0;
}
