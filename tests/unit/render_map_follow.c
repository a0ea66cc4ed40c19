/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render_map_follow.c - pointers inside values that lead into an arena
 */
#include <scxray/map.h>
#include <scxray/task.h>

#include "tests/lib/unit.h"
#include "tests/render/chain.h"

START_TEST(arena_lists_are_followed_to_their_end)
{
	struct chain c;

	chain_init(&c, NULL);
	put(&c, 0, USER + 24, 1);
	put(&c, 24, 0, 2);
	point_to(&c, USER);
	expect(&c, "0x100000000000 → node{next=0x100000000018 → node{v=2}, v=1}");
	ck_map_json(&c.m,
		    "\"value\":{\"kind\":\"ptr\",\"value\":\"0x0000100000000000\",\"deref\":"
		    "{\"kind\":\"struct\",\"type_name\":\"node\",\"members\":[{\"name\":\"next\","
		    "\"value\":{\"kind\":\"ptr\",\"value\":\"0x0000100000000018\",\"deref\":{");
	map_deinit(&c.m);
}
END_TEST

START_TEST(cycles_are_found)
{
	struct chain c;

	chain_init(&c, NULL);
	put(&c, 0, USER + 24, 1);
	put(&c, 24, USER, 2);
	point_to(&c, USER);
	expect(&c, "0x100000000000 → node{next=0x100000000018 → node{next=0x100000000000 [cycle], "
		   "v=2}, v=1}");
	put(&c, 0, USER, 1);
	expect(&c, "0x100000000000 → node{next=0x100000000000 [cycle], v=1}");
	ck_map_json(&c.m, "\"value\":\"0x0000100000000000\",\"deref_skipped_reason\":\"cycle\"}");
	map_deinit(&c.m);
}
END_TEST

START_TEST(pointees_may_cross_a_page)
{
	struct chain c;

	chain_init(&c, NULL);
	put(&c, 4088, 0, 0x1234);
	point_to(&c, USER + 4088);
	expect(&c, "0x100000000ff8 → node{v=4660}");
	/* the page behind is not there */
	c.arena.nr_pages = 1;
	put(&c, 4088, USER, 0);
	put(&c, 0, 0, 3);
	expect(&c, "0x100000000ff8 → <truncated needed=16 had=8> "
		   "node{next=0x100000000000 → node{v=3}}");
	ck_map_json(&c.m,
		    "\"deref\":{\"kind\":\"truncated\",\"needed\":16,\"had\":8,"
		    "\"reason\":\"the arena page that it points to is not mapped\",\"partial\":{");
	map_deinit(&c.m);
}
END_TEST

START_TEST(what_cannot_be_followed_says_why)
{
	struct chain c;

	chain_init(&c, NULL);
	point_to(&c, USER + 0x8000);
	expect(&c, "0x100000008000 [chase: its arena page is not mapped]");
	ck_map_json(&c.m, "\"deref_skipped_reason\":\"its arena page is not mapped\"");
	c.arena.cut = "cut after 2 pages";
	expect(&c, "0x100000008000 [chase: its arena page was not captured]");
	/* no arena's: a plain pointer */
	point_to(&c, USER + 0x40000);
	expect(&c, "0x100000040000");
	point_to(&c, 0);
	c.m.full = true;
	expect(&c, "0x0");
	c.m.full = false;
	/* without its bounds an arena has no addresses */
	c.arena.user_vm_end = LOST(ELEM, "not mapped");
	point_to(&c, USER);
	expect(&c, "0x100000000000");
	map_deinit(&c.m);
}
END_TEST

START_TEST(low_halves_are_addresses_where_a_tag_says_so)
{
	struct scxray_map maps[3];
	struct chain c;

	chain_init(&c, "arena");
	put(&c, 0x100, 0, 77);
	point_to(&c, 0x100);
	expect(&c, "0x100 → node{v=77}");
	/* with two arenas it could be of either */
	memcpy(maps, c.maps, sizeof(c.maps));
	maps[2] = maps[1];
	c.m.r.maps = maps;
	c.m.r.nr_maps = 3;
	expect(&c, "0x100");
	map_deinit(&c.m);
	chain_init(&c, NULL);
	point_to(&c, 0x100);
	expect(&c, "0x100");
	map_deinit(&c.m);
}
END_TEST

START_TEST(types_without_a_size_are_not_followed)
{
	struct chain c;
	int to_void, to_fwd;

	chain_init(&c, NULL);
	put(&c, 0, 0, 5);
	to_void = btf__add_ptr(c.m.t.btf, 0);
	to_fwd = btf__add_ptr(c.m.t.btf, btf__add_fwd(c.m.t.btf, "nowhere", BTF_FWD_STRUCT));
	c.m.map.value_type.type_id = (uint32_t)to_void;
	point_to(&c, USER);
	expect(&c, "0x100000000000");
	c.m.map.value_type.type_id = (uint32_t)to_fwd;
	point_to(&c, USER);
	expect(&c, "0x100000000000 [chase: what it points to is only declared, not defined]");
	/* declared here, defined under the same name elsewhere in the BTF */
	to_fwd = btf__add_ptr(c.m.t.btf, btf__add_fwd(c.m.t.btf, "node", BTF_FWD_STRUCT));
	c.m.map.value_type.type_id = (uint32_t)to_fwd;
	point_to(&c, USER);
	expect(&c, "0x100000000000 → node{v=5}");
	map_deinit(&c.m);
}
END_TEST

START_TEST(huge_pointees_are_shown_in_part)
{
	struct chain c;
	int array, big;

	chain_init(&c, NULL);
	array = btf__add_array(c.m.t.btf, c.m.t.u32, c.m.t.u64, 10000);
	big = btf__add_struct(c.m.t.btf, "big", 80000);
	btf__add_field(c.m.t.btf, "a", array, 0, 0);
	c.m.map.value_type.type_id = (uint32_t)btf__add_ptr(c.m.t.btf, big);
	point_to(&c, USER);
	ck_map_json(&c.m, "\"deref\":{\"kind\":\"truncated\",\"needed\":80000,\"had\":8192,"
			  "\"reason\":\"the arena page that it points to is not mapped\"");
	map_deinit(&c.m);
}
END_TEST

/* Each scheduler's arena begins at the same address: the BTF of its programs tells them apart. */
START_TEST(of_several_arenas_it_is_that_of_the_same_programs)
{
	struct scxray_arena_page other_page;
	struct scxray_arena other;
	struct scxray_map maps[3];
	uint8_t bytes[4096] = { 0 };
	struct chain c;

	chain_init(&c, NULL);
	put(&c, 0, 0, 1);
	bytes[8] = 2;
	other_page = (struct scxray_arena_page){ USER, bytes };
	other = c.arena;
	other.pages = &other_page;
	other.nr_pages = 1;
	other.kern_vm_start = KERN + 0x100000000ULL;
	point_to(&c, USER);
	memcpy(maps, c.maps, sizeof(c.maps));
	maps[2] = maps[1];
	maps[1].arena = &other;
	c.m.r.maps = maps;
	c.m.r.nr_maps = 3;
	expect(&c, "0x100000000000 [chase: several arenas have this address]");
	c.arena.btf = c.m.t.btf;
	expect(&c, "0x100000000000 → node{v=1}");
	c.arena.btf = NULL;
	other.btf = c.m.t.btf;
	expect(&c, "0x100000000000 → node{v=2}");
	map_deinit(&c.m);
}
END_TEST

START_TEST(variables_of_an_arena_are_shown)
{
	struct chain c;
	int section, var;
	char *got;

	chain_init(&c, NULL);
	put(&c, 64, 0, 7);
	var = btf__add_var(c.m.t.btf, "qa", BTF_VAR_GLOBAL_ALLOCATED, c.node);
	section = btf__add_datasec(c.m.t.btf, ".addr_space.1", 16);
	btf__add_datasec_var_info(c.m.t.btf, var, 0, 16);
	c.arena.globals = (struct scxray_value){ .btf = c.m.t.btf,
						 .type_id = (uint32_t)section,
						 .bytes = c.bytes[0] + 64,
						 .size = 16,
						 .addr = USER + 64,
						 .state = SCXRAY_PRESENT };
	point_to(&c, USER);
	c.maps[0] = (struct scxray_map){ .name = T("arena"),
					 .form = SCXRAY_MAP_ARENA,
					 .arena = &c.arena };
	c.m.r.nr_maps = 1;
	got = maps_text(&c.m.r, 120);
	ck_assert_ptr_nonnull(
		strstr(got, "\n  variables at 0x100000000040:\n  .addr_space.1{qa=node{v=7}}\n"));
	free(got);
	ck_map_json(&c.m, "\"globals_user_addr\":\"0x0000100000000040\",\"globals\":{"
			  "\"kind\":\"struct\",\"type_name\":\".addr_space.1\"");
	map_deinit(&c.m);
}
END_TEST

/* Behind a pointee of the arena may stand the next one. */
START_TEST(flexible_pointees_have_as_much_as_a_member_says)
{
	struct chain c;
	int flex, list, bare, outer;

	chain_init(&c, NULL);
	flex = btf__add_array(c.m.t.btf, c.m.t.u32, c.m.t.u64, 0);
	list = btf__add_struct(c.m.t.btf, "list", 8);
	btf__add_field(c.m.t.btf, "nr", c.m.t.u64, 0, 0);
	btf__add_field(c.m.t.btf, "at", flex, 64, 0);
	outer = btf__add_struct(c.m.t.btf, "outer", 16);
	btf__add_field(c.m.t.btf, "v", c.m.t.u64, 0, 0);
	btf__add_field(c.m.t.btf, "list", list, 64, 0);
	bare = btf__add_struct(c.m.t.btf, "bare", 8);
	btf__add_field(c.m.t.btf, "v", c.m.t.u64, 0, 0);
	btf__add_field(c.m.t.btf, "at", flex, 64, 0);
	put(&c, 0, 7, 2);
	put(&c, 16, 8, 9);
	put(&c, 32, 10, 11);
	c.m.map.value_type.type_id = (uint32_t)btf__add_ptr(c.m.t.btf, outer);
	point_to(&c, USER);
	expect(&c, "0x100000000000 → outer{v=7, list=list{nr=2, at=[8, 9]}}");
	c.m.map.value_type.type_id = (uint32_t)btf__add_ptr(c.m.t.btf, bare);
	point_to(&c, USER);
	expect(&c,
	       "0x100000000000 → bare{v=7, at=<unsupported: flexible array, its length is not in BTF>}");
	map_deinit(&c.m);
}
END_TEST

/* Each node points to the two next ones: 2^n paths. */
START_TEST(a_web_of_pointers_ends)
{
	uint64_t node[2];
	struct chain c;
	size_t nr = 0;
	char *got;

	chain_init(&c, NULL);
	c.pointer = btf__add_ptr(c.m.t.btf, (int)btf__type_cnt(c.m.t.btf) + 1);
	btf__add_struct(c.m.t.btf, "web", 16);
	btf__add_field(c.m.t.btf, "l", c.pointer, 0, 0);
	btf__add_field(c.m.t.btf, "r", c.pointer, 64, 0);
	c.m.map.value_type = map_typed(&c.m, c.pointer, 8);
	for (unsigned i = 0; i < 100; i++) {
		node[0] = USER + (i + 1) * 16;
		node[1] = USER + (i + 2) * 16;
		memcpy(c.bytes[0] + i * 16, node, 16);
	}
	point_to(&c, USER);
	got = maps_json(&c.m.r);
	for (char *at = got; (at = strstr(at, "\"deref\"")) != NULL; at++)
		nr++;
	ck_assert_uint_eq(nr, 512);
	ck_assert_ptr_nonnull(strstr(got, "512 pointers of this value have been followed"));
	free(got);
	/* and the next value has its own 512 */
	map_add(&c.m, NULL, &c.first);
	c.maps[0] = c.m.map;
	c.maps[0].form = SCXRAY_MAP_ARRAY;
	got = maps_json(&c.m.r);
	nr = 0;
	for (char *at = got; (at = strstr(at, "\"deref\"")) != NULL; at++)
		nr++;
	ck_assert_uint_eq(nr, 1024);
	free(got);
	map_deinit(&c.m);
}
END_TEST

START_TEST(a_long_list_ends_at_the_depth)
{
	struct chain c;
	char *got;

	chain_init(&c, NULL);
	for (unsigned i = 0; i < 200; i++)
		put(&c, i * 16, USER + (i + 1) * 16, i);
	point_to(&c, USER);
	got = maps_text(&c.m.r, 120);
	ck_assert_ptr_nonnull(strstr(got, " [chase: render depth exceeded]"));
	free(got);
	map_deinit(&c.m);
}
END_TEST

static const unit_test tests[] = {
	&arena_lists_are_followed_to_their_end,
	&cycles_are_found,
	&pointees_may_cross_a_page,
	&what_cannot_be_followed_says_why,
	&low_halves_are_addresses_where_a_tag_says_so,
	&types_without_a_size_are_not_followed,
	&huge_pointees_are_shown_in_part,
	&of_several_arenas_it_is_that_of_the_same_programs,
	&variables_of_an_arena_are_shown,
	&flexible_pointees_have_as_much_as_a_member_says,
	&a_web_of_pointers_ends,
	&a_long_list_ends_at_the_depth,
};

UNIT_MAIN("render_map_follow", tests)
