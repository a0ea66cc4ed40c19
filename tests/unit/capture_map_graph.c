/* SPDX-License-Identifier: BSD-2-Clause */
/* map_graph.c: lists in map values, whole, empty, broken and without an end. */
#include <string.h>

#include <scxray/map.h>

#include "capture/map/map.h"
#include "tests/lib/unit.h"
#include "tests/lib/walk_builder.h"

#define HEAD (GUEST_KVA + 0x8000)
#define NODE(i) (GUEST_KVA + 0x40 * (uint64_t)(i))
#define UNMAPPED (GUEST_KVA + 0x40000000)
#define MAX_NODES 8

static struct walk_fixture f;
static uint64_t nodes[MAX_NODES];
static const char *cut;

static void start(void)
{
	walk_fixture_init(&f);
	walk_fixture_containers(&f);
}

static void put_node(uint64_t node, uint64_t next)
{
	guest_put_u64(&f.b, node, next);
}

static size_t list(uint64_t next, uint64_t prev)
{
	const uint64_t head[2] = { next, prev };

	return map_graph_list(&f.walk, (const uint8_t *)head, nodes, MAX_NODES, &cut);
}

START_TEST(nodes_from_the_head_to_the_one_before_it)
{
	start();
	put_node(NODE(0), NODE(2));
	put_node(NODE(2), NODE(1));
	put_node(NODE(1), HEAD);
	ck_assert_uint_eq(list(NODE(0), NODE(1)), 3);
	ck_assert_ptr_null(cut);
	ck_assert_uint_eq(nodes[0], NODE(0));
	ck_assert_uint_eq(nodes[1], NODE(2));
	ck_assert_uint_eq(nodes[2], NODE(1));
	ck_assert_uint_eq(list(NODE(1), NODE(1)), 1);
	ck_assert_ptr_null(cut);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(empty_lists_and_heads_never_set)
{
	start();
	put_node(HEAD, HEAD);
	ck_assert_uint_eq(list(HEAD, HEAD), 0);
	ck_assert_ptr_null(cut);
	ck_assert_uint_eq(list(0, 0), 0);
	ck_assert_ptr_null(cut);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(a_circle_past_the_head_ends_at_the_cap)
{
	start();
	put_node(NODE(0), NODE(1));
	put_node(NODE(1), NODE(0));
	ck_assert_uint_eq(list(NODE(0), NODE(5)), MAX_NODES);
	ck_assert_str_eq(cut, "list cut after 8 nodes");
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(a_list_into_freed_memory_keeps_what_came_before)
{
	start();
	put_node(NODE(0), UNMAPPED);
	ck_assert_uint_eq(list(NODE(0), NODE(1)), 1);
	ck_assert_uint_eq(nodes[0], NODE(0));
	ck_assert_ptr_nonnull(cut);
	ck_assert_msg(!strncmp(cut, "list broken at 0x", 17), "%s", cut);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(a_tree_by_its_root)
{
	const uint64_t root[2] = { NODE(1), NODE(0) };

	start();
	guest_put_u64(&f.b, NODE(1) + 8, NODE(2));
	guest_put_u64(&f.b, NODE(1) + 16, NODE(0));
	guest_put_u64(&f.b, NODE(0) + 8, 0);
	guest_put_u64(&f.b, NODE(0) + 16, 0);
	guest_put_u64(&f.b, NODE(2) + 8, 0);
	guest_put_u64(&f.b, NODE(2) + 16, 0);
	ck_assert_uint_eq(map_graph_tree(&f.walk, (const uint8_t *)root, nodes, MAX_NODES, &cut),
			  3);
	ck_assert_ptr_null(cut);
	for (int i = 0; i < 3; i++)
		ck_assert_uint_eq(nodes[i], NODE(i));
	walk_fixture_deinit(&f);
}
END_TEST

static const unit_test tests[] = {
	&nodes_from_the_head_to_the_one_before_it,
	&empty_lists_and_heads_never_set,
	&a_circle_past_the_head_ends_at_the_cap,
	&a_list_into_freed_memory_keeps_what_came_before,
	&a_tree_by_its_root,
};

UNIT_MAIN("capture_map_graph", tests)
