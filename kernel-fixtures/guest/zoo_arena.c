// SPDX-License-Identifier: BSD-2-Clause
/*
 * An arena: pages here and there, objects across the boundary of two, a list that ends in a circle.
 * User space maps it where programs see it, so pointers in it are those that a program would store.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "zoo.h"

#define PAGES 100
#define NODES 5
#define WHERE 0x7a0000000000ULL
#define ELSEWHERE 0x7b0080000000ULL
#define MMAPABLE (1U << 10)

static void put_page(FILE *out, const char *comma, const unsigned char *page, size_t size)
{
	fprintf(out, "%s[%llu, ", comma, (unsigned long long)page);
	put_hex(out, page, size);
	fputc(']', out);
}

/* Node 1 lies half on one page and half on the next; the last leads back to it. */
static void link_nodes(unsigned char *base, size_t page, struct zoo_node **nodes)
{
	const size_t at[NODES] = { 64, page - 16, 3 * page + 8, 60 * page, 61 * page - 24 };

	for (size_t i = 0; i < NODES; i++)
		nodes[i] = (struct zoo_node *)(base + at[i]);
	for (size_t i = 0; i < NODES; i++) {
		struct zoo_node node = { .next = i + 1 < NODES ? nodes[i + 1] : nodes[1],
					 .magic = 0xa11e0000 + i,
					 .index = -(int)i };

		snprintf(node.name, sizeof(node.name), "node%zu\xff", i);
		memcpy(nodes[i], &node, sizeof(node));
	}
}

static void put_chain(FILE *out)
{
	fprintf(out,
		"{\"chain\": \"z_roots\", \"key\": \"\", \"path\": \"head\", \"next\": \"next\", "
		"\"ends\": \"cycle\", \"objects\": [");
	for (unsigned int i = 0; i < NODES; i++)
		fprintf(out, "%s{\"magic\": %u, \"index\": %d}", i ? ", " : "", 0xa11e0000 + i,
			-(int)i);
	fputs("]}\n", out);
}

/* Another: one page of few, at a place that is no multiple of 4 GiB, with an object that leads to itself. */
static void second_arena(FILE *out)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = MMAPABLE, .map_extra = ELSEWHERE);
	int map = zoo_create(out, TYPE_ARENA, "z_arena_two", 0, 0, 3, &opts);
	unsigned char *base;
	struct zoo_node *node;

	if (map < 0)
		return;
	base = mmap((void *)ELSEWHERE, 3 * page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		    map, 0);
	if (base == MAP_FAILED)
		die("zoo: map z_arena_two: %s", strerror(errno));
	node = (struct zoo_node *)base;
	*node = (struct zoo_node){ .next = node, .magic = 22 };
	fprintf(out, "{\"pages\": \"z_arena_two\", \"stored\": [");
	put_page(out, "", base, page);
	fputs("]}\n", out);
	zoo_keep(map, "z_arena_two", LIST_NOTHING, NULL, NULL);
}

void arena_make(FILE *out)
{
	static const size_t used[] = { 0, 1, 3, 60, 61, 99 };
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = MMAPABLE, .map_extra = WHERE);
	int map = zoo_create(out, TYPE_ARENA, "z_arena", 0, 0, PAGES, &opts), roots, types_fd,
	    zero = 0;
	struct zoo_node *nodes[NODES];
	struct zoo_roots root;
	unsigned char *base;

	if (map < 0)
		return;
	base = mmap((void *)WHERE, PAGES * page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		    map, 0);
	if (base == MAP_FAILED)
		die("zoo: map z_arena: %s", strerror(errno));
	link_nodes(base, page, nodes);
	memset(base + 99 * page, 0xee, page);
	fprintf(out, "{\"pages\": \"z_arena\", \"stored\": [");
	for (size_t i = 0; i < ARRAY_SIZE(used); i++)
		put_page(out, i ? ", " : "", base + used[i] * page, page);
	fputs("]}\n", out);
	zoo_keep(map, "z_arena", LIST_NOTHING, NULL, NULL);
	second_arena(out);

	root = (struct zoo_roots){ nodes[0], (__u64)nodes[2], (__u64)base + 50 * page };
	opts.map_flags = 0;
	opts.map_extra = 0;
	opts.btf_key_type_id = (__u32)btf__find_by_name_kind(objects_types(&types_fd),
							     "unsigned int", BTF_KIND_INT);
	opts.btf_value_type_id = (__u32)btf__find_by_name_kind(objects_types(&types_fd),
							       "zoo_roots", BTF_KIND_STRUCT);
	opts.btf_fd = (__u32)types_fd;
	roots = zoo_create(out, BPF_MAP_TYPE_ARRAY, "z_roots", 4, sizeof(root), 1, &opts);
	if (roots < 0)
		return;
	zoo_update(roots, "z_roots", &zero, &root);
	put_chain(out);
	zoo_keep(roots, "z_roots", LIST_ENTRIES, "u32", "zoo_roots");
}
