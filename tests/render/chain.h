/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chain.h - a map whose value is a pointer into an arena, for the tests of what
 * pointers lead to
 */
#ifndef TESTS_RENDER_CHAIN_H
#define TESTS_RENDER_CHAIN_H

#include "tests/render/maps.h"

#define USER 0x100000000000ULL
#define KERN 0xffffc90020000000ULL

/* A map of one value: a pointer to struct node { struct node *next; u64 v; }; and an arena. */
struct chain {
	struct one_map m;
	struct scxray_map maps[2];
	struct scxray_arena arena;
	struct scxray_arena_page pages[2];
	uint8_t bytes[2][4096];
	uint64_t first;
	int node, pointer;
};

__attribute__((unused)) static void chain_init(struct chain *c, const char *tag)
{
	int target;

	memset(c, 0, sizeof(*c));
	map_init(&c->m, SCXRAY_MAP_VALUE, 2, "array");
	/* the pointer's target is the type after it, or a tag on that */
	target = (int)btf__type_cnt(c->m.t.btf) + 1;
	c->pointer = btf__add_ptr(c->m.t.btf, target);
	if (tag)
		btf__add_type_tag(c->m.t.btf, tag, target + 1);
	c->node = btf__add_struct(c->m.t.btf, "node", 16);
	btf__add_field(c->m.t.btf, "next", c->pointer, 0, 0);
	btf__add_field(c->m.t.btf, "v", c->m.t.u64, 64, 0);
	c->pages[0] = (struct scxray_arena_page){ USER, c->bytes[0] };
	c->pages[1] = (struct scxray_arena_page){ USER + 4096, c->bytes[1] };
	c->arena = (struct scxray_arena){ .user_vm_start = N(USER),
					  .user_vm_end = N(USER + 0x40000),
					  .kern_vm_start = KERN,
					  .pages = c->pages,
					  .nr_pages = 2 };
	c->m.map.value_type = map_typed(&c->m, c->pointer, 8);
}

__attribute__((unused)) static void put(struct chain *c, uint64_t offset, uint64_t next, uint64_t v)
{
	uint8_t *flat = &c->bytes[0][0];

	memcpy(flat + offset, &next, 8);
	memcpy(flat + offset + 8, &v, 8);
}

__attribute__((unused)) static void point_to(struct chain *c, uint64_t first)
{
	c->first = first;
	c->m.map.nr_entries = 0;
	map_add(&c->m, NULL, &c->first);
	c->maps[0] = c->m.map;
	c->maps[1] = (struct scxray_map){ .name = T("arena"), .arena = &c->arena };
	c->m.r.maps = c->maps;
	c->m.r.nr_maps = 2;
}

/* The first map's value. */
__attribute__((unused)) static void expect(struct chain *c, const char *text)
{
	char *got = maps_text_as(&c->m.r, 120, c->m.full), *body = strchr(got, '\n') + 1, *end;

	end = strstr(body, "\n\nmap arena");
	ck_assert_ptr_nonnull(end);
	*end = '\0';
	ck_assert_str_eq(body, text);
	free(got);
}

#endif
