/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render_map_follow.c - pointers inside values: into arenas, to kernel objects,
 * and the structs that programs may not look into
 */
#include "tests/lib/unit.h"
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

static void chain_init(struct chain *c, const char *tag)
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

static void put(struct chain *c, uint64_t offset, uint64_t next, uint64_t v)
{
	uint8_t *flat = &c->bytes[0][0];

	memcpy(flat + offset, &next, 8);
	memcpy(flat + offset + 8, &v, 8);
}

static void point_to(struct chain *c, uint64_t first)
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
static void expect(struct chain *c, const char *text)
{
	char *got = maps_text(&c->m.r, 120), *body = strchr(got, '\n') + 1, *end;

	end = strstr(body, "\n\nmap arena");
	ck_assert_ptr_nonnull(end);
	*end = '\0';
	ck_assert_str_eq(body, text);
	free(got);
}

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
	ck_map_json(&c.m, "\"deref\":{\"kind\":\"truncated\",\"needed\":16,\"had\":8,"
			  "\"reason\":\"the arena page behind it is not mapped\",\"partial\":{");
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
	expect(&c, "0x0");
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

/* A struct {u64 plain; u64 hidden;} whose second member has this tag. */
static void with_tag(struct chain *c, const char *tag, uint64_t addr)
{
	static const char *const names[] = { "plain", "hidden" };
	uint64_t value[2] = { USER, addr };
	int id;

	chain_init(c, NULL);
	id = map_struct(&c->m, "roots", names, 2);
	btf__add_decl_tag(c->m.t.btf, tag, id, 1);
	put(c, 0, USER, 5);
	put(c, 24, 0, 6);
	c->m.map.value_type = map_typed(&c->m, id, 16);
	point_to(c, 0);
	c->m.map.nr_entries = 0;
	map_add(&c->m, NULL, value);
	c->maps[0] = c->m.map;
}

START_TEST(numbers_are_pointers_where_a_tag_says_so)
{
	static const char *const tags[] = { "arena:node", "arena:struct node" };
	struct chain c;

	for (size_t i = 0; i < ARRAY_SIZE(tags); i++) {
		with_tag(&c, tags[i], USER + 24);
		expect(&c, "roots{plain=17592186044416, hidden=0x100000000018 → node{v=6}}");
		ck_map_json(&c.m, "{\"name\":\"plain\",\"value\":{\"kind\":\"uint\",\"bits\":64,"
				  "\"value\":17592186044416}},{\"name\":\"hidden\",\"value\":"
				  "{\"kind\":\"ptr\",\"value\":\"0x0000100000000018\",\"deref\":{");
		map_deinit(&c.m);
	}
	with_tag(&c, tags[0], USER);
	expect(&c, "roots{plain=17592186044416, hidden=0x100000000000 → "
		   "node{next=0x100000000000 [cycle], v=5}}");
	map_deinit(&c.m);
	with_tag(&c, tags[0], USER + 0x8000);
	expect(&c, "roots{plain=17592186044416, hidden=0x100000008000 "
		   "[chase: its arena page is not mapped]}");
	map_deinit(&c.m);
	/* outside of the arena, of a type that is not there, or tagged for something else */
	with_tag(&c, tags[0], USER + 0x40000);
	expect(&c, "roots{plain=17592186044416, hidden=17592186306560}");
	map_deinit(&c.m);
	with_tag(&c, "arena:nobody", USER);
	expect(&c, "roots{plain=17592186044416, hidden=17592186044416}");
	map_deinit(&c.m);
	with_tag(&c, "contains:node:v", USER);
	expect(&c, "roots{plain=17592186044416, hidden=17592186044416}");
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
	array = btf__add_array(c.m.t.btf, c.m.t.u32, c.m.t.u64, 1000);
	big = btf__add_struct(c.m.t.btf, "big", 8000);
	btf__add_field(c.m.t.btf, "a", array, 0, 0);
	c.m.map.value_type.type_id = (uint32_t)btf__add_ptr(c.m.t.btf, big);
	point_to(&c, USER);
	ck_map_json(&c.m, "\"deref\":{\"kind\":\"truncated\",\"needed\":8000,\"had\":4096,"
			  "\"reason\":\"4096 bytes of it are shown\"");
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

/* Kernel objects that all point to one another. */
START_TEST(a_web_of_kernel_objects_ends)
{
	struct scxray_pointee pointees[8];
	uint64_t node[8];
	struct chain c;
	size_t nr = 0;
	char *got;
	int all, web;

	chain_init(&c, NULL);
	all = btf__add_array(c.m.t.btf, c.m.t.u32, c.pointer, 8);
	web = btf__add_struct(c.m.t.btf, "web", 64);
	btf__add_field(c.m.t.btf, "to", all, 0, 0);
	for (unsigned i = 0; i < 8; i++) {
		node[i] = 0xffff888000001000 + i * 64;
		pointees[i] = (struct scxray_pointee){ .addr = node[i] };
	}
	for (unsigned i = 0; i < 8; i++)
		pointees[i].value = (struct scxray_value){ .btf = c.m.t.btf,
							   .type_id = (uint32_t)web,
							   .bytes = (const uint8_t *)node,
							   .size = 64,
							   .addr = node[i],
							   .state = SCXRAY_PRESENT };
	c.m.r.pointees = pointees;
	c.m.r.nr_pointees = 8;
	point_to(&c, node[0]);
	got = maps_json(&c.m.r);
	for (char *at = got; (at = strstr(at, "\"deref\"")) != NULL; at++)
		nr++;
	ck_assert_uint_eq(nr, 512);
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

START_TEST(kernel_objects_are_named_or_shown)
{
	struct scxray_pointee pointees[4] = {
		{ .addr = 0xffff888000001000, .label = "hog[106]" },
		{ .addr = 0xffff888000002000 },
		{ .addr = 0xffff888000003000,
		  .value = { .reason = "not mapped", .state = SCXRAY_UNREADABLE } },
		{ .addr = 0xffff888000004000, .label = "\033[2J\n" },
	};
	uint64_t words[4] = { 0x2d };
	struct chain c;
	int mask, bits;

	chain_init(&c, NULL);
	bits = btf__add_array(c.m.t.btf, c.m.t.u32, c.m.t.u64, 4);
	mask = btf__add_struct(c.m.t.btf, "cpumask", 32);
	btf__add_field(c.m.t.btf, "bits", bits, 0, 0);
	pointees[1].value = (struct scxray_value){ .btf = c.m.t.btf,
						   .type_id = (uint32_t)mask,
						   .bytes = (const uint8_t *)words,
						   .size = 32,
						   .addr = 0xffff888000002000,
						   .state = SCXRAY_PRESENT };
	c.m.r.pointees = pointees;
	c.m.r.nr_pointees = 4;
	c.m.r.guest.nr_cpus = N(6);
	point_to(&c, 0xffff888000001000);
	expect(&c, "0xffff888000001000 → hog[106]");
	ck_map_json(&c.m, "{\"kind\":\"ptr\",\"value\":\"0xffff888000001000\","
			  "\"label\":\"hog[106]\"}");
	point_to(&c, 0xffff888000002000);
	expect(&c, "0xffff888000002000 → cpus={0,2-3,5}");
	point_to(&c, 0xffff888000003000);
	expect(&c, "0xffff888000003000 [chase: not mapped]");
	point_to(&c, 0xffff888000004000);
	expect(&c, "0xffff888000004000 → \\x1b[2J\\n");
	point_to(&c, 0xffff888000005000);
	expect(&c, "0xffff888000005000");
	map_deinit(&c.m);
}
END_TEST

/* A struct as programs declare it: nothing but opaque words. */
static void opaque_value(struct chain *c, const char *name, unsigned words, unsigned size,
			 const uint64_t *bytes)
{
	int array =
		btf__add_array(c->m.t.btf, c->m.t.u32, size == 8 ? c->m.t.u64 : c->m.t.u32, words);
	int id = btf__add_struct(c->m.t.btf, name, words * size);

	btf__add_field(c->m.t.btf, "__opaque", array, 0, 0);
	c->m.map.value_type = map_typed(&c->m, id, words * size);
	c->m.map.nr_entries = 0;
	map_add(&c->m, NULL, bytes);
	c->maps[0] = c->m.map;
	c->maps[1] = (struct scxray_map){ .name = T("arena") };
	c->m.r.maps = c->maps;
	c->m.r.nr_maps = 2;
}

START_TEST(opaque_structs_are_read_as_the_kernel_has_them)
{
	struct scxray_pointee timer = {
		.addr = 0xffff888000001000,
		.label = "armed, expires=9782897672ns, callback=timer_cb [bpf]",
	};
	uint64_t w[4] = { 0xffff888000001000, 0, 0, 0 };
	struct chain c;

	chain_init(&c, NULL);
	c.m.r.pointees = &timer;
	c.m.r.nr_pointees = 1;
	opaque_value(&c, "bpf_timer", 2, 8, w);
	expect(&c, "bpf_timer{timer=0xffff888000001000 → armed, expires=9782897672ns, "
		   "callback=timer_cb [bpf]}");
	ck_map_json(&c.m, "\"type_name\":\"bpf_timer\",\"members\":[{\"name\":\"timer\",\"value\":"
			  "{\"kind\":\"ptr\",\"value\":\"0xffff888000001000\",\"label\":\"armed, "
			  "expires=9782897672ns, callback=timer_cb [bpf]\"}},{\"name\":\"lock\","
			  "\"value\":{\"kind\":\"uint\",\"bits\":64,\"value\":0}}]");
	w[0] = 0;
	opaque_value(&c, "bpf_timer", 2, 8, w);
	expect(&c, "bpf_timer{}");
	w[0] = 1;
	opaque_value(&c, "bpf_spin_lock", 1, 4, w);
	expect(&c, "bpf_spin_lock{val=locked (1)}");
	w[0] = 0x100;
	opaque_value(&c, "bpf_res_spin_lock", 1, 4, w);
	expect(&c, "bpf_res_spin_lock{val=256}");
	memcpy(w, (uint64_t[]){ 0x10, 0x20, 0x30, 0x40 }, 32);
	opaque_value(&c, "bpf_list_head", 2, 8, w);
	expect(&c, "bpf_list_head{next=0x10, prev=0x20}");
	opaque_value(&c, "bpf_rb_node", 4, 8, w);
	expect(&c, "bpf_rb_node{parent_color=0x10, rb_right=0x20, rb_left=0x30, owner=0x40}");
	w[0] = 0x500000003;
	opaque_value(&c, "bpf_dynptr", 2, 8, w);
	expect(&c, "bpf_dynptr{data=0x500000003, size=32}");
	/* not of that size: as its BTF says */
	opaque_value(&c, "bpf_timer", 1, 8, w);
	expect(&c, "bpf_timer{__opaque=[21474836483]}");
	opaque_value(&c, "bpf_of_their_own", 1, 8, w);
	expect(&c, "bpf_of_their_own{__opaque=[21474836483]}");
	map_deinit(&c.m);
}
END_TEST

static const unit_test tests[] = {
	&arena_lists_are_followed_to_their_end,
	&cycles_are_found,
	&pointees_may_cross_a_page,
	&what_cannot_be_followed_says_why,
	&low_halves_are_addresses_where_a_tag_says_so,
	&numbers_are_pointers_where_a_tag_says_so,
	&types_without_a_size_are_not_followed,
	&huge_pointees_are_shown_in_part,
	&a_web_of_pointers_ends,
	&a_web_of_kernel_objects_ends,
	&a_long_list_ends_at_the_depth,
	&kernel_objects_are_named_or_shown,
	&opaque_structs_are_read_as_the_kernel_has_them,
};

UNIT_MAIN("render_map_follow", tests)
