/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render_map_objects.c - pointers to kernel objects, numbers that are pointers, and
 * the structs that programs may not look into
 */
#include <scxray/map.h>
#include <scxray/task.h>

#include "tests/lib/unit.h"
#include "tests/render/chain.h"

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
		expect(&c, "roots{plain=0x100000000000, hidden=0x100000000018 → node{v=6}}");
		ck_map_json(&c.m,
			    "{\"name\":\"plain\",\"value\":{\"kind\":\"ptr\","
			    "\"value\":\"0x0000100000000000\"}},{\"name\":\"hidden\",\"value\":"
			    "{\"kind\":\"ptr\",\"value\":\"0x0000100000000018\",\"deref\":{");
		map_deinit(&c.m);
	}
	with_tag(&c, tags[0], USER);
	expect(&c, "roots{plain=0x100000000000, hidden=0x100000000000 → "
		   "node{next=0x100000000000 [cycle], v=5}}");
	map_deinit(&c.m);
	with_tag(&c, tags[0], USER + 0x8000);
	expect(&c, "roots{plain=0x100000000000, hidden=0x100000008000 "
		   "[chase: its arena page is not mapped]}");
	map_deinit(&c.m);
	/* outside of the arena, of a type that is not there, or tagged for something else: no node */
	with_tag(&c, tags[0], USER + 0x40000);
	expect(&c, "roots{plain=0x100000000000, hidden=17592186306560}");
	map_deinit(&c.m);
	with_tag(&c, "arena:nobody", USER);
	expect(&c, "roots{plain=0x100000000000, hidden=0x100000000000}");
	map_deinit(&c.m);
	with_tag(&c, "contains:node:v", USER);
	expect(&c, "roots{plain=0x100000000000, hidden=0x100000000000}");
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
	c.m.full = true;
	expect(&c, "bpf_timer{}");
	c.m.full = false;
	w[0] = 1;
	opaque_value(&c, "bpf_spin_lock", 1, 4, w);
	expect(&c, "bpf_spin_lock{val=locked (1)}");
	w[0] = 0x100;
	opaque_value(&c, "bpf_res_spin_lock", 1, 4, w);
	expect(&c, "bpf_res_spin_lock{val=256}");
	memcpy(w, (uint64_t[]){ 0x10, 0x20, 0x30, 0x40 }, 32);
	opaque_value(&c, "bpf_list_head", 2, 8, w);
	expect(&c, "bpf_list_head{next=0x10, prev=0x20}");
	/* a list is shown once, from its front: what `next` leads to, `prev` leads to as well */
	w[0] = w[1] = timer.addr;
	opaque_value(&c, "bpf_list_head", 2, 8, w);
	expect(&c, "bpf_list_head{next=0xffff888000001000 → armed, expires=9782897672ns, "
		   "callback=timer_cb [bpf], prev=0xffff888000001000}");
	memcpy(w, (uint64_t[]){ 0x10, 0x20, 0x30, 0x40 }, 32);
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
	&numbers_are_pointers_where_a_tag_says_so,
	&a_web_of_kernel_objects_ends,
	&kernel_objects_are_named_or_shown,
	&opaque_structs_are_read_as_the_kernel_has_them,
};

UNIT_MAIN("render_map_objects", tests)
