/* SPDX-License-Identifier: BSD-2-Clause */
/* list.c: circular lists, in order, bounded, and what is said of broken ones. */
#include <stdio.h>
#include <string.h>

#include "capture/read/list.h"
#include "tests/lib/unit.h"
#include "tests/lib/walk_builder.h"

#define HEAD GUEST_KVA
#define NODE(i) (GUEST_KVA + 0x1000 + 0x20 * (uint64_t)(i))
#define UNMAPPED (GUEST_KVA + 0x40000000)
#define MAX_VISITS 100000

static struct walk_fixture f;

static void start(void)
{
	walk_fixture_init(&f);
	walk_fixture_containers(&f);
}

/* The head, then `nr` nodes; the last one's next is `end`. */
static void make_list(uint32_t nr, uint64_t end)
{
	guest_put_u64(&f.b, HEAD, nr ? NODE(0) : end);
	for (uint32_t i = 0; i < nr; i++) {
		guest_put_u64(&f.b, NODE(i), i + 1 < nr ? NODE(i + 1) : end);
		guest_put_u64(&f.b, NODE(i) + 8, i ? NODE(i - 1) : HEAD);
	}
}

/* Walks; the first `nr` nodes must be those of make_list(). Returns how many came. */
static uint32_t walk_list(uint32_t nr, uint32_t max, const char **cut)
{
	struct list_iter it;
	uint64_t node;
	uint32_t seen = 0;

	list_start(&it, &f.walk, HEAD, max);
	while (list_next(&it, &node)) {
		if (seen < nr)
			ck_assert_uint_eq(node, NODE(seen));
		ck_assert_uint_lt(++seen, MAX_VISITS);
	}
	ck_assert(!list_next(&it, &node)); /* the end stays the end */
	*cut = it.cut;
	return seen;
}

START_TEST(nodes_come_in_order)
{
	static const uint32_t lengths[] = { 0, 1, 2, 3, 4, 7, 64, 1000 };
	const char *cut;

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		start();
		make_list(lengths[i], HEAD);
		ck_assert_uint_eq(walk_list(lengths[i], 4096, &cut), lengths[i]);
		ck_assert_ptr_null(cut);
		walk_fixture_deinit(&f);
	}
}
END_TEST

START_TEST(a_list_longer_than_the_cap_is_cut_and_says_so)
{
	static const struct {
		uint32_t length, max;
		bool cut;
	} cases[] = { { 10, 9, true },
		      { 10, 10, false },
		      { 10, 11, false },
		      { 10, 0, true },
		      { 0, 0, false } };
	const char *cut;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t expected = cases[i].length < cases[i].max ? cases[i].length : cases[i].max;
		char text[64];

		start();
		make_list(cases[i].length, HEAD);
		ck_assert_uint_eq(walk_list(cases[i].length, cases[i].max, &cut), expected);
		snprintf(text, sizeof(text), "cut after %u nodes", cases[i].max);
		if (cases[i].cut)
			ck_assert_str_eq(cut, text);
		else
			ck_assert_ptr_null(cut);
		walk_fixture_deinit(&f);
	}
}
END_TEST

/* Each node once, and why there are no more. */
static void expect_circle(uint32_t nr, size_t number)
{
	const char *cut;
	uint32_t seen = walk_list(nr, MAX_VISITS, &cut);

	ck_assert_msg(cut && strstr(cut, "runs in a circle"), "case %zu: %s", number,
		      cut ? cut : "not cut");
	ck_assert_msg(seen == nr, "case %zu: %u visits for %u nodes", number, seen, nr);
}

START_TEST(a_circle_past_the_head_is_found)
{
	/* `tail` nodes lead to a circle of `circle` nodes that never meets the head */
	static const struct {
		uint32_t tail, circle;
	} cases[] = {
		{ 0, 1 },   { 1, 1 },	 { 5, 1 },    { 0, 2 },	  { 1, 2 },
		{ 7, 3 },   { 0, 100 },	 { 100, 1 },  { 100, 7 }, { 63, 64 },
		{ 64, 65 }, { 1000, 2 }, { 3, 1000 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t nr = cases[i].tail + cases[i].circle;

		start();
		make_list(nr, NODE(cases[i].tail));
		expect_circle(nr, i);
		/* a circle that is a proper list: it is the way into it that is torn */
		guest_put_u64(&f.b, NODE(cases[i].tail) + 8, NODE(nr - 1));
		expect_circle(nr, i);
		walk_fixture_deinit(&f);
	}
}
END_TEST

START_TEST(a_list_in_the_middle_of_a_change_is_followed)
{
	static const uint64_t wrong[] = { 0, NODE(3), UNMAPPED };
	const char *cut;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		start();
		make_list(100, HEAD);
		for (uint32_t torn = 0; torn < LIST_MAX_TORN; torn++)
			guest_put_u64(&f.b, NODE(20 * torn) + 8, wrong[i]);
		ck_assert_uint_eq(walk_list(100, 4096, &cut), 100);
		ck_assert_ptr_null(cut);

		/* one too many is no list */
		guest_put_u64(&f.b, NODE(90) + 8, wrong[i]);
		ck_assert_uint_eq(walk_list(100, 4096, &cut), 90);
		ck_assert_ptr_nonnull(strstr(cut, "back pointers"));
		walk_fixture_deinit(&f);
	}
}
END_TEST

START_TEST(an_unreadable_node_is_named_with_the_reason)
{
	const char *cut;
	char text[80];

	start();
	make_list(5, UNMAPPED);
	ck_assert_uint_eq(walk_list(5, 4096, &cut), 6); /* the node is known, what follows is not */
	snprintf(text, sizeof(text), "list broken at 0x%016llx: page not mapped",
		 (unsigned long long)UNMAPPED);
	ck_assert_str_eq(cut, text);
	walk_fixture_deinit(&f);

	start();
	ck_assert_uint_eq(walk_list(0, 4096, &cut), 0); /* no head */
	snprintf(text, sizeof(text), "list broken at 0x%016llx: page not mapped",
		 (unsigned long long)HEAD);
	ck_assert_str_eq(cut, text);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(a_null_next_pointer_is_no_node)
{
	static const uint32_t lengths[] = { 0, 1, 2, 5 };
	const char *cut;

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		uint64_t last = lengths[i] ? NODE(lengths[i] - 1) : HEAD;
		char text[80];

		start();
		make_list(lengths[i], 0);
		ck_assert_uint_eq(walk_list(lengths[i], 4096, &cut), lengths[i]);
		snprintf(text, sizeof(text), "list broken at 0x%016llx: NULL pointer",
			 (unsigned long long)last);
		ck_assert_str_eq(cut, text);
		walk_fixture_deinit(&f);
	}
}
END_TEST

START_TEST(without_the_member_in_btf_nothing_is_walked)
{
	const char *cut;

	walk_fixture_init(&f);
	ck_assert_uint_eq(walk_list(0, 4096, &cut), 0);
	ck_assert_ptr_nonnull(strstr(cut, "list_head.next"));
	ck_assert(f.walk.member_missing[M_list_head_next]);
	walk_fixture_deinit(&f);
}
END_TEST

static const unit_test tests[] = {
	&nodes_come_in_order,
	&a_list_longer_than_the_cap_is_cut_and_says_so,
	&a_circle_past_the_head_is_found,
	&a_list_in_the_middle_of_a_change_is_followed,
	&an_unreadable_node_is_named_with_the_reason,
	&a_null_next_pointer_is_no_node,
	&without_the_member_in_btf_nothing_is_walked,
};

UNIT_MAIN("capture_list", tests)
