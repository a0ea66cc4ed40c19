/* SPDX-License-Identifier: BSD-2-Clause */
/* xarray.c: entries in index order, special words left out, broken trees named. */
#include <stdio.h>
#include <string.h>

#include "capture/read/xarray.h"
#include "tests/lib/unit.h"
#include "tests/lib/walk_builder.h"

#define HEAD GUEST_KVA
#define NODE(i) (GUEST_KVA + 0x1000 + 0x400 * (uint64_t)(i))
#define UNMAPPED (GUEST_KVA + 0x40000000)
#define OBJECT(i) (0xffff888011110000 + 0x100 * (uint64_t)(i))
#define SLOTS 40 /* offset of xa_node.slots */

/* What is no entry: xa_mk_internal(v) is v << 2 | 2. */
#define SIBLING(slot) ((uint64_t)(slot) << 2 | 2)
#define RETRY (256ULL << 2 | 2)
#define ZERO (257ULL << 2 | 2)
#define NODE_WORD(i) (NODE(i) | 2)
#define VALUE(v) ((uint64_t)(v) << 1 | 1)

static struct walk_fixture f;

struct seen {
	struct {
		uint64_t index, entry;
	} e[256];
	uint32_t nr;
	uint32_t stop_at; /* visit() says no at this one; 0: never */
};

static bool visit(struct walk *w, uint64_t index, uint64_t entry, void *arg)
{
	struct seen *seen = arg;

	ck_assert_ptr_eq(w, &f.walk);
	ck_assert_uint_lt(seen->nr, ARRAY_SIZE(seen->e));
	seen->e[seen->nr].index = index;
	seen->e[seen->nr].entry = entry;
	return ++seen->nr != seen->stop_at;
}

static void start(uint64_t head)
{
	walk_fixture_init(&f);
	walk_fixture_containers(&f);
	guest_put_u64(&f.b, HEAD, head);
}

static void put_node(int node, uint8_t shift)
{
	static const uint8_t zero[0x400];

	guest_put(&f.b, NODE(node), zero, sizeof(zero));
	guest_put(&f.b, NODE(node), &shift, 1);
}

static void put_slot(int node, int slot, uint64_t word)
{
	guest_put_u64(&f.b, NODE(node) + SLOTS + 8 * (uint64_t)slot, word);
}

static struct seen walk_all(uint32_t max, const char **cut)
{
	struct seen seen = { 0 };

	xarray_walk(&f.walk, HEAD, max, visit, &seen, cut);
	return seen;
}

START_TEST(an_empty_array_has_no_entries)
{
	static const uint64_t heads[] = { 0, RETRY, ZERO, SIBLING(3) };
	const char *cut;

	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		start(heads[i]);
		ck_assert_uint_eq(walk_all(99, &cut).nr, 0);
		ck_assert_ptr_null(cut);
		walk_fixture_deinit(&f);
	}
	start(NODE_WORD(0));
	put_node(0, 0);
	ck_assert_uint_eq(walk_all(99, &cut).nr, 0);
	ck_assert_ptr_null(cut);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(a_lone_entry_stands_in_the_head)
{
	static const uint64_t heads[] = { OBJECT(1), VALUE(7), VALUE(0) };
	const char *cut;

	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		struct seen seen;

		start(heads[i]);
		seen = walk_all(99, &cut);
		ck_assert_uint_eq(seen.nr, 1);
		ck_assert_uint_eq(seen.e[0].index, 0);
		ck_assert_uint_eq(seen.e[0].entry, heads[i]);
		ck_assert_ptr_null(cut);
		walk_fixture_deinit(&f);
	}
}
END_TEST

START_TEST(entries_of_several_levels_come_in_index_order)
{
	static const struct {
		uint64_t index, entry;
	} expected[] = {
		{ 1, OBJECT(1) },
		{ 63, OBJECT(2) },
		{ 64, OBJECT(3) },
		{ 64 + 5, VALUE(9) },
		{ 63 * 64, OBJECT(4) },
		{ 64 * 64 + 2 * 64 + 3, OBJECT(5) },
		{ 63 * 64 * 64, OBJECT(6) },
	};
	const char *cut;
	struct seen seen;

	start(NODE_WORD(0));
	for (int n = 0; n < 8; n++)
		put_node(n, n == 0 ? 12 : n == 1 || n == 5 ? 6 : 0);
	put_slot(0, 0, NODE_WORD(1));
	put_slot(0, 1, NODE_WORD(5));
	put_slot(0, 63, OBJECT(6)); /* an entry may stand above the last level: index bits are 0 */
	put_slot(1, 0, NODE_WORD(2));
	put_slot(1, 1, NODE_WORD(3));
	put_slot(1, 63, NODE_WORD(4));
	put_slot(2, 1, OBJECT(1));
	put_slot(2, 63, OBJECT(2));
	put_slot(3, 0, OBJECT(3));
	put_slot(3, 5, VALUE(9));
	put_slot(4, 0, OBJECT(4));
	put_slot(5, 2, NODE_WORD(6));
	put_slot(6, 3, OBJECT(5));
	seen = walk_all(99, &cut);
	ck_assert_ptr_null(cut);
	ck_assert_uint_eq(seen.nr, ARRAY_SIZE(expected));
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		ck_assert_uint_eq(seen.e[i].index, expected[i].index);
		ck_assert_uint_eq(seen.e[i].entry, expected[i].entry);
	}
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(retry_zero_and_sibling_words_are_no_entries)
{
	const char *cut;
	struct seen seen;

	start(NODE_WORD(0));
	put_node(0, 0);
	put_slot(0, 0, RETRY);
	put_slot(0, 1, ZERO);
	put_slot(0, 8, OBJECT(1));
	for (int i = 9; i < 16; i++)
		put_slot(0, i, SIBLING(8));
	put_slot(0, 16, SIBLING(1023)); /* the last word that is no node: 4094 */
	put_slot(0, 17, VALUE(3));
	seen = walk_all(99, &cut);
	ck_assert_ptr_null(cut);
	ck_assert_uint_eq(seen.nr, 2);
	ck_assert_uint_eq(seen.e[0].index, 8);
	ck_assert_uint_eq(seen.e[1].entry, VALUE(3));
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(the_cap_cuts_and_says_so)
{
	const char *cut;

	start(NODE_WORD(0));
	put_node(0, 0);
	for (int i = 0; i < 10; i++)
		put_slot(0, i, OBJECT(i));
	ck_assert_uint_eq(walk_all(10, &cut).nr, 10);
	ck_assert_ptr_null(cut);
	ck_assert_uint_eq(walk_all(9, &cut).nr, 9);
	ck_assert_str_eq(cut, "cut after 9 entries");
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(a_visitor_can_stop)
{
	struct seen seen = { .stop_at = 3 };
	const char *cut;

	start(NODE_WORD(0));
	put_node(0, 0);
	for (int i = 0; i < 10; i++)
		put_slot(0, i, OBJECT(i));
	xarray_walk(&f.walk, HEAD, 99, visit, &seen, &cut);
	ck_assert_uint_eq(seen.nr, 3);
	ck_assert_ptr_null(cut);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(a_node_that_leads_up_or_to_itself_is_broken)
{
	static const uint8_t shifts[] = { 12, 6, 64, 255 }; /* not below its parent's 6 */
	const char *cut;

	for (size_t i = 0; i < ARRAY_SIZE(shifts); i++) {
		start(NODE_WORD(0));
		put_node(0, 6);
		put_node(1, shifts[i]);
		put_slot(0, 0, NODE_WORD(1));
		put_slot(1, 0, OBJECT(1));
		ck_assert_uint_eq(walk_all(99, &cut).nr, 0);
		ck_assert_ptr_nonnull(strstr(cut, "below shift 6"));
		walk_fixture_deinit(&f);
	}
	start(NODE_WORD(0));
	put_node(0, 6);
	put_slot(0, 0, NODE_WORD(0));
	ck_assert_uint_eq(walk_all(99, &cut).nr, 0);
	ck_assert_ptr_nonnull(strstr(cut, "shift 6 below shift 6"));
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(trees_as_deep_as_an_index_has_bits_are_walked_deeper_ones_cut)
{
	const char *cut;
	struct seen seen;

	start(NODE_WORD(0));
	for (int n = 0; n < 11; n++) { /* shift 60, 54, ... 0 */
		put_node(n, (uint8_t)(60 - 6 * n));
		put_slot(n, n ? 63 : 15, n < 10 ? NODE_WORD(n + 1) : OBJECT(1));
	}
	seen = walk_all(99, &cut);
	ck_assert_ptr_null(cut);
	ck_assert_uint_eq(seen.nr, 1);
	ck_assert_uint_eq(seen.e[0].index, UINT64_MAX);
	walk_fixture_deinit(&f);

	start(NODE_WORD(0));
	for (int n = 0; n < 30; n++) { /* one bit a level */
		put_node(n, (uint8_t)(40 - n));
		put_slot(n, 1, n < 29 ? NODE_WORD(n + 1) : OBJECT(1));
	}
	ck_assert_uint_eq(walk_all(99, &cut).nr, 0);
	ck_assert_ptr_nonnull(cut);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(unreadable_parts_are_named)
{
	const char *cut;
	char text[100];

	snprintf(text, sizeof(text), "xarray broken at 0x%016llx: page not mapped",
		 (unsigned long long)UNMAPPED);
	start(UNMAPPED | 2);
	ck_assert_uint_eq(walk_all(99, &cut).nr, 0);
	ck_assert_str_eq(cut, text);
	walk_fixture_deinit(&f);

	start(NODE_WORD(0));
	put_node(0, 6);
	put_slot(0, 2, UNMAPPED | 2);
	put_slot(0, 1, OBJECT(1));
	ck_assert_uint_eq(walk_all(99, &cut).nr, 1); /* what came before is kept */
	ck_assert_str_eq(cut, text);
	walk_fixture_deinit(&f);

	walk_fixture_init(&f);
	walk_fixture_containers(&f);
	ck_assert_uint_eq(walk_all(99, &cut).nr, 0);
	ck_assert_ptr_nonnull(strstr(cut, "xarray head at 0xffff888000000000: page not mapped"));
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(a_small_kernels_nodes_have_fewer_slots)
{
	const char *cut;

	start(NODE_WORD(0));
	walk_fixture_member(&f, M_xa_node_slots, SLOTS, 16 * 8); /* CONFIG_BASE_SMALL */
	put_node(0, 0);
	put_slot(0, 15, OBJECT(1));
	put_slot(0, 16, OBJECT(2)); /* tags, on such a kernel */
	ck_assert_uint_eq(walk_all(99, &cut).nr, 1);
	ck_assert_ptr_null(cut);
	walk_fixture_deinit(&f);
}
END_TEST

static const unit_test tests[] = {
	&an_empty_array_has_no_entries,
	&a_lone_entry_stands_in_the_head,
	&entries_of_several_levels_come_in_index_order,
	&retry_zero_and_sibling_words_are_no_entries,
	&the_cap_cuts_and_says_so,
	&a_visitor_can_stop,
	&a_node_that_leads_up_or_to_itself_is_broken,
	&trees_as_deep_as_an_index_has_bits_are_walked_deeper_ones_cut,
	&unreadable_parts_are_named,
	&a_small_kernels_nodes_have_fewer_slots,
};

UNIT_MAIN("capture_xarray", tests)
