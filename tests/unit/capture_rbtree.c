/* SPDX-License-Identifier: BSD-2-Clause */
/* rbtree.c: nodes in order, bounded in number and in depth. */
#include <stdio.h>
#include <string.h>

#include "capture/read/rbtree.h"
#include "tests/lib/unit.h"
#include "tests/lib/walk_builder.h"

#define NODE(i) (GUEST_KVA + 0x20 * (uint64_t)(i))
#define UNMAPPED (GUEST_KVA + 0x40000000)
#define MAX_NODES 512

static struct walk_fixture f;
static uint64_t nodes[MAX_NODES];

static void start(void)
{
	walk_fixture_init(&f);
	walk_fixture_containers(&f);
}

static void put_node(uint64_t node, uint64_t left, uint64_t right)
{
	guest_put_u64(&f.b, node + 8, right);
	guest_put_u64(&f.b, node + 16, left);
}

/* A balanced tree of NODE(from) to NODE(to - 1); returns its root. */
static uint64_t balanced(int from, int to)
{
	int mid = from + (to - from) / 2;

	if (from >= to)
		return 0;
	put_node(NODE(mid), balanced(from, mid), balanced(mid + 1, to));
	return NODE(mid);
}

static void expect_in_order(size_t nr, size_t expected)
{
	ck_assert_uint_eq(nr, expected);
	for (size_t i = 0; i < nr; i++)
		ck_assert_uint_eq(nodes[i], NODE(i));
}

START_TEST(nodes_come_in_order)
{
	static const int sizes[] = { 0, 1, 2, 3, 4, 5, 31, 32, 33, 500 };
	const char *cut;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		uint64_t root;

		start();
		root = balanced(0, sizes[i]);
		expect_in_order(rbtree_nodes(&f.walk, root, nodes, MAX_NODES, &cut),
				(size_t)sizes[i]);
		ck_assert_ptr_null(cut);
		walk_fixture_deinit(&f);
	}
}
END_TEST

START_TEST(a_tree_larger_than_the_cap_is_cut_and_says_so)
{
	const char *cut;
	uint64_t root;

	start();
	root = balanced(0, 100);
	expect_in_order(rbtree_nodes(&f.walk, root, nodes, 99, &cut), 99);
	ck_assert_str_eq(cut, "rb-tree cut after 99 nodes");
	expect_in_order(rbtree_nodes(&f.walk, root, nodes, 100, &cut), 100);
	ck_assert_ptr_null(cut);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(a_left_spine_is_followed_as_deep_as_a_valid_tree_goes)
{
	static const struct {
		int depth;
		bool cut;
	} cases[] = { { 64, false }, { 65, true }, { 200, true } };
	const char *cut;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int depth = cases[i].depth;
		size_t nr;

		start();
		for (int n = 0; n < depth; n++)
			put_node(NODE(n), n ? NODE(n - 1) : 0, 0);
		nr = rbtree_nodes(&f.walk, NODE(depth - 1), nodes, MAX_NODES, &cut);
		if (cases[i].cut)
			ck_assert_str_eq(cut, "rb-tree is deeper than any valid one");
		else
			ck_assert_ptr_null(cut);
		expect_in_order(nr, cases[i].cut ? 0 : (size_t)depth);
		walk_fixture_deinit(&f);
	}
}
END_TEST

START_TEST(circles_end)
{
	static const struct {
		int left, right; /* of node 2; nodes 0 and 1 hang below it */
	} cases[] = { { 2, 1 }, { 0, 2 }, { 2, 2 }, { 0, 1 } };
	const char *cut;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		start();
		put_node(NODE(2), NODE(cases[i].left), NODE(cases[i].right));
		put_node(NODE(0), 0,
			 i == 3 ? NODE(2) : 0); /* the last case: from below to the top */
		put_node(NODE(1), 0, 0);
		ck_assert_uint_le(rbtree_nodes(&f.walk, NODE(2), nodes, MAX_NODES, &cut),
				  MAX_NODES);
		ck_assert_msg(cut, "case %zu is a circle", i);
		walk_fixture_deinit(&f);
	}
}
END_TEST

START_TEST(an_unreadable_node_is_named_and_what_came_before_it_kept)
{
	const char *cut;
	char text[80];

	snprintf(text, sizeof(text), "rb-tree broken at 0x%016llx: page not mapped",
		 (unsigned long long)UNMAPPED);
	start();
	balanced(0, 3);
	put_node(NODE(2), 0, UNMAPPED);
	expect_in_order(rbtree_nodes(&f.walk, NODE(1), nodes, MAX_NODES, &cut), 3);
	ck_assert_str_eq(cut, text);
	put_node(NODE(0), UNMAPPED, 0);
	expect_in_order(rbtree_nodes(&f.walk, NODE(1), nodes, MAX_NODES, &cut), 0);
	ck_assert_str_eq(cut, text);
	walk_fixture_deinit(&f);
}
END_TEST

static const unit_test tests[] = {
	&nodes_come_in_order,
	&a_tree_larger_than_the_cap_is_cut_and_says_so,
	&a_left_spine_is_followed_as_deep_as_a_valid_tree_goes,
	&circles_end,
	&an_unreadable_node_is_named_and_what_came_before_it_kept,
};

UNIT_MAIN("capture_rbtree", tests)
