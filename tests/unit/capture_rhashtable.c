/* SPDX-License-Identifier: BSD-2-Clause */
/* rhashtable.c: plain and nested tables, resizes in flight, broken chains. */
#include <stdio.h>
#include <string.h>

#include "capture/read/rhashtable.h"
#include "tests/lib/unit.h"
#include "tests/lib/walk_builder.h"

#define HT GUEST_KVA
#define TABLE(i) (GUEST_KVA + 0x100000 * (uint64_t)((i) + 1))
#define BUCKET(t, i) (TABLE(t) + 64 + 8 * (uint64_t)(i))
#define OBJECT(i) (GUEST_KVA + 0x20000000 + 0x40 * (uint64_t)(i))
#define UNMAPPED (GUEST_KVA + 0x40000000)
#define LOCKED 1ULL
#define NULLS(bucket) ((bucket) | 1ULL)
#define MAX_OBJECTS 4096

static struct walk_fixture f;
static uint64_t objects[MAX_OBJECTS];
static uint32_t nr_objects, stop_at;

static bool visit(struct walk *w, uint64_t node, void *arg)
{
	ck_assert_ptr_eq(w, &f.walk);
	ck_assert_ptr_eq(arg, &nr_objects);
	ck_assert_uint_lt(nr_objects, MAX_OBJECTS);
	objects[nr_objects++] = node;
	return nr_objects != stop_at;
}

static const char *walk_all(uint32_t max)
{
	const char *cut = "not set";

	nr_objects = 0;
	rhashtable_walk(&f.walk, HT, max, visit, &nr_objects, &cut);
	return cut;
}

static void put_table(int table, uint32_t size, uint32_t nest)
{
	guest_put_u32(&f.b, TABLE(table), size);
	guest_put_u32(&f.b, TABLE(table) + 4, nest);
	guest_put_u64(&f.b, TABLE(table) + 48, 0);
	for (uint32_t i = 0; i < (nest ? 1 : size); i++)
		guest_put_u64(&f.b, BUCKET(table, i), 0);
}

/* A hash table at HT whose table 0 has `size` buckets. */
static void start(uint32_t size, uint32_t nest)
{
	walk_fixture_init(&f);
	walk_fixture_containers(&f);
	guest_put_u64(&f.b, HT, TABLE(0));
	put_table(0, size, nest);
	stop_at = 0;
}

/* Objects `from` to `to` - 1 as the chain of the bucket at `bucket`. */
static void put_chain(uint64_t bucket, uint64_t bit, int from, int to, uint64_t end)
{
	guest_put_u64(&f.b, bucket, OBJECT(from) | bit);
	for (int i = from; i < to; i++)
		guest_put_u64(&f.b, OBJECT(i), i + 1 < to ? OBJECT(i + 1) : end);
}

static void expect_objects(uint32_t nr)
{
	ck_assert_uint_eq(nr_objects, nr);
	for (uint32_t i = 0; i < nr; i++)
		ck_assert_uint_eq(objects[i], OBJECT(i));
}

START_TEST(objects_of_all_buckets_are_visited)
{
	start(8, 0);
	put_chain(BUCKET(0, 0), 0, 0, 1, NULLS(BUCKET(0, 0)));
	put_chain(BUCKET(0, 3), 0, 1, 4, NULLS(BUCKET(0, 3)));
	put_chain(BUCKET(0, 7), 0, 4, 6, 0); /* 0 ends a chain too */
	ck_assert_ptr_null(walk_all(99));
	expect_objects(6);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(an_empty_table_has_no_objects)
{
	start(64, 0);
	guest_put_u64(&f.b, BUCKET(0, 5), LOCKED); /* empty, and its lock held */
	ck_assert_ptr_null(walk_all(99));
	ck_assert_uint_eq(nr_objects, 0);
	guest_put_u64(&f.b, HT, 0);
	ck_assert_ptr_null(walk_all(99));
	ck_assert_uint_eq(nr_objects, 0);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(a_buckets_lock_bit_is_no_part_of_the_pointer)
{
	start(4, 0);
	put_chain(BUCKET(0, 1), LOCKED, 0, 3, NULLS(BUCKET(0, 1)));
	ck_assert_ptr_null(walk_all(99));
	expect_objects(3);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(a_resize_in_flight_has_objects_in_both_tables)
{
	start(4, 0);
	put_table(1, 8, 0);
	put_table(2, 16, 0);
	guest_put_u64(&f.b, TABLE(0) + 48, TABLE(1));
	guest_put_u64(&f.b, TABLE(1) + 48, TABLE(2));
	put_chain(BUCKET(0, 3), 0, 0, 2, NULLS(0));
	put_chain(BUCKET(1, 7), 0, 2, 5, NULLS(0));
	put_chain(BUCKET(2, 15), 0, 5, 6, NULLS(0));
	ck_assert_ptr_null(walk_all(99));
	expect_objects(6);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(a_circle_of_tables_ends_and_says_so)
{
	start(4, 0);
	put_chain(BUCKET(0, 3), 0, 0, 1, NULLS(0));
	guest_put_u64(&f.b, TABLE(0) + 48, TABLE(0));
	ck_assert_ptr_nonnull(walk_all(99));
	ck_assert_uint_le(nr_objects, 8);
	walk_fixture_deinit(&f);
}
END_TEST

/* Tables of 512 words below a top of 1 << nest; as nested_bucket_table_alloc() makes them. */
START_TEST(nested_tables_are_followed)
{
	static const struct {
		uint32_t size, nest;
		unsigned levels; /* of pages below the top */
	} cases[] = { { 1024, 1, 1 }, { 262144, 9, 1 }, { 524288, 1, 2 } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t top = TABLE(1), table = top;
		uint32_t last = (1u << cases[i].nest) - 1;

		start(cases[i].size, cases[i].nest);
		guest_put_u64(&f.b, BUCKET(0, 0), top);
		for (uint32_t n = 0; n <= last; n++)
			guest_put_u64(&f.b, top + 8ULL * n, 0);
		for (unsigned l = 1; l <= cases[i].levels; l++, last = 511) {
			uint64_t below = TABLE(1 + l);

			guest_put_u64(&f.b, table + 8ULL * last, below);
			for (int n = 0; n < 512; n++)
				guest_put_u64(&f.b, below + 8ULL * (uint64_t)n, 0);
			table = below;
		}
		put_chain(table, 0, 0, 2, NULLS(0));
		put_chain(table + 511 * 8, LOCKED, 2, 4, NULLS(0));
		ck_assert_ptr_null(walk_all(99));
		expect_objects(4);
		walk_fixture_deinit(&f);
	}
}
END_TEST

START_TEST(a_nested_table_that_cannot_be_read_is_said)
{
	const char *cut;

	start(1024, 1);
	guest_put_u64(&f.b, BUCKET(0, 0), 0); /* no bucket has been used yet */
	ck_assert_ptr_null(walk_all(99));
	guest_put_u64(&f.b, BUCKET(0, 0), UNMAPPED);
	cut = walk_all(99);
	ck_assert_ptr_nonnull(cut);
	ck_assert_ptr_nonnull(strstr(cut, "page not mapped"));
	walk_fixture_deinit(&f);

	start(1024, 1);
	guest_unmap(&f.b, TABLE(0)); /* the header at a page's end, the top pointer behind it */
	walk_fixture_member(&f, M_bucket_table_buckets, PAGE_SIZE, 0);
	guest_put_u32(&f.b, TABLE(0), 1024);
	guest_put_u32(&f.b, TABLE(0) + 4, 1);
	cut = walk_all(99);
	ck_assert_ptr_nonnull(cut);
	ck_assert_ptr_nonnull(strstr(cut, "page not mapped"));
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(a_chain_that_runs_in_a_circle_is_left)
{
	static const struct {
		int tail, circle;
	} cases[] = { { 0, 1 }, { 3, 1 }, { 0, 2 }, { 0, 5 }, { 9, 4 }, { 100, 33 } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int nr = cases[i].tail + cases[i].circle;
		const char *cut;

		start(4, 0);
		put_chain(BUCKET(0, 1), 0, 0, nr, OBJECT(cases[i].tail));
		put_chain(BUCKET(0, 2), 0, 1000, 1001,
			  NULLS(0)); /* the other buckets are still walked */
		cut = walk_all(MAX_OBJECTS);
		ck_assert_ptr_nonnull(cut);
		ck_assert_ptr_nonnull(strstr(cut, "runs in a circle"));
		ck_assert_uint_le(nr_objects, 4 * (uint32_t)nr);
		ck_assert_uint_eq(objects[nr_objects - 1], OBJECT(1000));
		walk_fixture_deinit(&f);
	}
}
END_TEST

START_TEST(an_unreadable_object_ends_its_chain_only)
{
	const char *cut;
	char text[100];

	start(4, 0);
	put_chain(BUCKET(0, 1), 0, 0, 2, UNMAPPED);
	put_chain(BUCKET(0, 2), 0, 2, 3, NULLS(0));
	cut = walk_all(99);
	snprintf(text, sizeof(text), "hash chain broken at 0x%016llx: page not mapped",
		 (unsigned long long)UNMAPPED);
	ck_assert_str_eq(cut, text);
	ck_assert_uint_eq(nr_objects, 4); /* its address is known, so it is visited */
	ck_assert_uint_eq(objects[2], UNMAPPED);
	ck_assert_uint_eq(objects[3], OBJECT(2));
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(broken_tables_are_named)
{
	static const struct {
		uint64_t tbl;
		uint32_t size;
		const char *cut;
	} cases[] = {
		{ UNMAPPED, 0, "page not mapped" },
		{ 8, 0, "NULL pointer" },
		{ TABLE(0), 0xffffffff, "claims 4294967295 buckets" },
		{ TABLE(0), (1u << 20) + 1, "claims 1048577 buckets" },
		{ TABLE(0), 100000, "page not mapped" }, /* buckets that are not there */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *cut;

		start(4, 0);
		guest_put_u64(&f.b, HT, cases[i].tbl);
		guest_put_u32(&f.b, TABLE(0), cases[i].size);
		cut = walk_all(99);
		ck_assert_msg(cut && strstr(cut, cases[i].cut), "case %zu: %s", i,
			      cut ? cut : "not cut");
		walk_fixture_deinit(&f);
	}
}
END_TEST

START_TEST(the_cap_and_the_visitor_stop_the_walk)
{
	start(4, 0);
	put_chain(BUCKET(0, 1), 0, 0, 6, NULLS(0));
	put_chain(BUCKET(0, 2), 0, 6, 10, NULLS(0));
	ck_assert_str_eq(walk_all(9), "cut after 9 objects");
	expect_objects(9);
	ck_assert_ptr_null(walk_all(10));
	expect_objects(10);
	stop_at = 7;
	ck_assert_ptr_null(walk_all(99));
	expect_objects(7);
	walk_fixture_deinit(&f);
}
END_TEST

static const unit_test tests[] = {
	&objects_of_all_buckets_are_visited,
	&an_empty_table_has_no_objects,
	&a_buckets_lock_bit_is_no_part_of_the_pointer,
	&a_resize_in_flight_has_objects_in_both_tables,
	&a_circle_of_tables_ends_and_says_so,
	&nested_tables_are_followed,
	&a_nested_table_that_cannot_be_read_is_said,
	&a_chain_that_runs_in_a_circle_is_left,
	&an_unreadable_object_ends_its_chain_only,
	&broken_tables_are_named,
	&the_cap_and_the_visitor_stop_the_walk,
};

UNIT_MAIN("capture_rhashtable", tests)
