/* SPDX-License-Identifier: BSD-2-Clause */
/* phys.c: regions, reads across them, what was touched, the budget. */
#include <stdio.h>
#include <string.h>

#include "capture/memory/phys.h"
#include "tests/lib/unit.h"

#define NR_BYTES (16 * PAGE_SIZE)

static uint8_t bytes[NR_BYTES]; /* each byte differs from its neighbours */

static void fill(void)
{
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + (i >> PAGE_SHIFT));
}

START_TEST(regions_are_sorted_whatever_order_they_come_in)
{
	struct phys phys = { 0 };
	static const uint64_t order[] = { 0x8000, 0x2000, 0xa000, 0, 0x5000 };

	for (size_t i = 0; i < ARRAY_SIZE(order); i++)
		ck_assert_int_eq(phys_add_region(&phys, order[i], PAGE_SIZE, bytes), 0);
	ck_assert_uint_eq(phys.nr_regions, ARRAY_SIZE(order));
	for (size_t i = 1; i < phys.nr_regions; i++)
		ck_assert_uint_lt(phys.regions[i - 1].gpa, phys.regions[i].gpa);
	ck_assert_uint_eq(phys_size(&phys), ARRAY_SIZE(order) * PAGE_SIZE);
	phys_deinit(&phys);
}
END_TEST

START_TEST(bad_regions_are_refused)
{
	static const struct {
		uint64_t gpa, size;
		int result;
	} cases[] = {
		{ 0x4000, 0x2000, -1 },		    /* the same again */
		{ 0x3000, 0x1001, -1 },		    /* its last byte overlaps */
		{ 0x5000, 0x4000, -1 },		    /* its first page overlaps */
		{ 0x0000, 0x10000, -1 },	    /* covers it */
		{ 0x5000, 0x10, -1 },		    /* within */
		{ 0x8000, 0, -1 },		    /* empty */
		{ 0x8010, 0x1000, -1 },		    /* not aligned */
		{ 0xfffffffffffff000, 0x1000, -1 }, /* wraps */
		{ 0x3000, 0x1000, 0 },		    /* right before */
		{ 0x6000, 0x1001, 0 },		    /* right behind */
		{ 0x7000, 0x1000, -1 },		    /* and one byte of this is in that */
	};
	struct phys phys = { 0 };

	ck_assert_int_eq(phys_add_region(&phys, 0x4000, 0x2000, bytes), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		ck_assert_msg(phys_add_region(&phys, cases[i].gpa, cases[i].size, bytes) ==
				      cases[i].result,
			      "case %zu", i);
	ck_assert_uint_eq(phys.nr_regions, 3);
	phys_deinit(&phys);
}
END_TEST

START_TEST(reads_give_the_bytes_at_the_address)
{
	/* two regions that touch each other, but not in host memory; a gap; a third */
	static const struct {
		uint64_t gpa;
		size_t len;
		enum read_status status;
	} cases[] = {
		{ 0x1000, 1, READ_OK },
		{ 0x1fff, 2, READ_OK },
		{ 0x1ff0, 0x2020, READ_OK },
		{ 0x2fff, 2, READ_OK }, /* from one region to the next */
		{ 0x1000, 0x4000, READ_OK },
		{ 0x4fff, 1, READ_OK },
		{ 0x4fff, 2, READ_NO_RAM },
		{ 0x1000, 0x4001, READ_NO_RAM },
		{ 0x0fff, 1, READ_NO_RAM },
		{ 0x0fff, 2, READ_NO_RAM },
		{ 0x6000, 1, READ_NO_RAM },
		{ 0x8000, 16, READ_OK },
		{ UINT64_MAX, 1, READ_NO_RAM },
		{ UINT64_MAX, 0x2000, READ_NO_RAM },
		{ 0x6000, 0, READ_OK }, /* nothing asked, nothing to fail */
	};
	struct phys phys = { 0 };
	uint8_t buf[0x5000];

	fill();
	ck_assert_int_eq(phys_add_region(&phys, 0x3000, 0x2000, bytes), 0);
	ck_assert_int_eq(phys_add_region(&phys, 0x1000, 0x2000, bytes + 0x5000), 0);
	ck_assert_int_eq(phys_add_region(&phys, 0x8000, 0x1000, bytes + 0x9000), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		memset(buf, 0xee, sizeof(buf));
		ck_assert_msg(phys_read(&phys, cases[i].gpa, buf, cases[i].len) == cases[i].status,
			      "case %zu", i);
		for (size_t b = 0; cases[i].status == READ_OK && b < cases[i].len; b++) {
			uint64_t gpa = cases[i].gpa + b;
			const uint8_t *from = gpa >= 0x8000   ? bytes + 0x9000 + (gpa - 0x8000)
					      : gpa >= 0x3000 ? bytes + (gpa - 0x3000)
							      : bytes + 0x5000 + (gpa - 0x1000);

			ck_assert_msg(buf[b] == *from, "case %zu, byte %zu", i, b);
		}
	}
	phys_deinit(&phys);
}
END_TEST

START_TEST(a_partial_last_page_ends_where_it_ends)
{
	struct phys phys = { .recording = true };
	uint64_t cursor = 0, gpa;
	const uint8_t *host;
	uint8_t buf[0x100];
	size_t len;

	fill();
	ck_assert_int_eq(phys_add_region(&phys, 0x10000, PAGE_SIZE + 0x80, bytes), 0);
	ck_assert_int_eq(phys_read(&phys, 0x11000, buf, 0x80), READ_OK);
	ck_assert_mem_eq(buf, bytes + PAGE_SIZE, 0x80);
	ck_assert_int_eq(phys_read(&phys, 0x11000, buf, 0x81), READ_NO_RAM);
	ck_assert_int_eq(phys_read(&phys, 0x11080, buf, 1), READ_NO_RAM);
	ck_assert_int_eq(phys_page_at(&phys, 0x11070, &host, &len), READ_OK);
	ck_assert_uint_eq(len, 0x10);
	ck_assert_ptr_eq(host, bytes + PAGE_SIZE + 0x70);
	ck_assert(phys_next_touched(&phys, &cursor, &gpa));
	ck_assert_uint_eq(gpa, 0x11000);
	ck_assert(!phys_next_touched(&phys, &cursor, &gpa));
	phys_deinit(&phys);
}
END_TEST

START_TEST(a_page_that_the_core_lacks_is_unreadable_and_says_so)
{
	static const uint64_t held[] = { 0x1000, 0x3000, 0x4000, 0x9000 };
	struct phys phys = { 0 };
	struct phys_page *pages = calloc(ARRAY_SIZE(held), sizeof(*pages));
	uint8_t buf[0x2000];

	fill();
	ck_assert_ptr_nonnull(pages);
	for (size_t i = 0; i < ARRAY_SIZE(held); i++)
		pages[i] = (struct phys_page){ .gpa = held[i], .host = bytes + i * PAGE_SIZE };
	ck_assert_int_eq(phys_add_region(&phys, 0, 0x8000, NULL), 0);
	phys_set_pages(&phys, pages, ARRAY_SIZE(held));

	for (uint64_t gpa = 0; gpa < 0x8000; gpa += PAGE_SIZE) {
		size_t i = 0;

		while (i < ARRAY_SIZE(held) && held[i] != gpa)
			i++;
		ck_assert_int_eq(phys_read(&phys, gpa + 8, buf, 8),
				 i < ARRAY_SIZE(held) ? READ_OK : READ_NOT_IN_CORE);
		if (i < ARRAY_SIZE(held))
			ck_assert_mem_eq(buf, bytes + i * PAGE_SIZE + 8, 8);
	}
	ck_assert_int_eq(phys_read(&phys, 0x3800, buf, 0x1000), READ_OK);
	ck_assert_mem_eq(buf, bytes + PAGE_SIZE + 0x800, 0x1000);
	ck_assert_int_eq(phys_read(&phys, 0x1800, buf, 0x1000), READ_NOT_IN_CORE);
	/* a page outside of all regions is no RAM, whatever the core holds */
	ck_assert_int_eq(phys_read(&phys, 0x9000, buf, 8), READ_NO_RAM);
	phys_deinit(&phys);
}
END_TEST

START_TEST(touched_pages_come_in_order_once_each)
{
	static const uint64_t reads[] = { 0x105000, 0x3000,  0x3ff8,  0x0,	0x105010, 0x7f000,
					  0x100000, 0x40000, 0x3f000, 0x1bf000, 0x140000 };
	static const uint64_t expected[] = { 0x0,     0x3000,	0x4000,	  0x3f000,  0x40000,
					     0x7f000, 0x100000, 0x105000, 0x140000, 0x1bf000 };
	static uint8_t low[0x80000], high[0xc0000]; /* more than 64 pages: several bitmap words */
	struct phys phys = { .recording = true };
	uint64_t cursor = 0, gpa;
	uint8_t buf[16];

	ck_assert_int_eq(phys_add_region(&phys, 0x100000, sizeof(high), high), 0);
	ck_assert_int_eq(phys_add_region(&phys, 0, sizeof(low), low), 0);
	for (size_t i = 0; i < ARRAY_SIZE(reads); i++)
		ck_assert_int_eq(phys_read(&phys, reads[i], buf, sizeof(buf)), READ_OK);
	ck_assert_uint_eq(phys.nr_touched, ARRAY_SIZE(expected));
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		ck_assert(phys_next_touched(&phys, &cursor, &gpa));
		ck_assert_uint_eq(gpa, expected[i]);
	}
	ck_assert(!phys_next_touched(&phys, &cursor, &gpa));
	ck_assert(!phys_next_touched(&phys, &cursor, &gpa)); /* and stays at the end */

	phys_reset_touched(&phys);
	cursor = 0;
	ck_assert_uint_eq(phys.nr_touched, 0);
	ck_assert(!phys_next_touched(&phys, &cursor, &gpa));
	phys_deinit(&phys);
}
END_TEST

static uint64_t resident_bytes(void)
{
	unsigned long size = 0, resident = 0;
	FILE *statm = fopen("/proc/self/statm", "r");

	ck_assert_ptr_nonnull(statm);
	ck_assert_int_eq(fscanf(statm, "%lu %lu", &size, &resident), 2);
	fclose(statm);
	return resident * PAGE_SIZE;
}

START_TEST(a_core_that_claims_terabytes_costs_no_memory)
{
	struct phys phys = { .recording = true };
	uint64_t cursor = 0, gpa, before = resident_bytes();
	uint8_t byte;

	ck_assert_int_eq(phys_add_region(&phys, 0, 1ULL << 45, NULL), 0);
	for (int round = 0; round < 2; round++) {
		phys_reset_touched(&phys);
		ck_assert_int_eq(phys_read(&phys, 1ULL << 44, &byte, 1), READ_NOT_IN_CORE);
		cursor = (1ULL << 44) - PAGE_SIZE;
		ck_assert(phys_next_touched(&phys, &cursor, &gpa));
		ck_assert_uint_eq(gpa, 1ULL << 44);
	}
	ck_assert_uint_lt(resident_bytes() - before, 256u << 20);
	phys_deinit(&phys);
}
END_TEST

START_TEST(nothing_is_touched_while_not_recording)
{
	struct phys phys = { .max_touched = 1 };
	uint64_t cursor = 0, gpa;
	uint8_t buf[8];

	ck_assert_int_eq(phys_add_region(&phys, 0, NR_BYTES, bytes), 0);
	for (uint64_t at = 0; at < NR_BYTES; at += PAGE_SIZE) /* nor counts the budget */
		ck_assert_int_eq(phys_read(&phys, at, buf, sizeof(buf)), READ_OK);
	ck_assert_uint_eq(phys.nr_touched, 0);
	ck_assert(!phys_next_touched(&phys, &cursor, &gpa));
	phys_deinit(&phys);
}
END_TEST

START_TEST(the_budget_cuts_new_pages_not_old_ones)
{
	struct phys phys = { .recording = true, .max_touched = 3 };
	uint8_t buf[2 * PAGE_SIZE];

	ck_assert_int_eq(phys_add_region(&phys, 0, NR_BYTES, bytes), 0);
	ck_assert_int_eq(phys_read(&phys, 0x0000, buf, 8), READ_OK);
	ck_assert_int_eq(phys_read(&phys, 0x2000, buf, 0x2000), READ_OK);
	ck_assert_int_eq(phys_read(&phys, 0x4000, buf, 1), READ_BUDGET);
	ck_assert_int_eq(phys_read(&phys, 0x3ff8, buf, 16), READ_BUDGET);
	ck_assert_int_eq(phys_read(&phys, 0x2ff8, buf, 16), READ_OK);
	ck_assert_int_eq(phys_read(&phys, 0x0ff8, buf, 8), READ_OK);
	ck_assert_uint_eq(phys.nr_touched, 3);
	phys_reset_touched(&phys);
	ck_assert_int_eq(phys_read(&phys, 0x4000, buf, 1), READ_OK);
	phys_deinit(&phys);
}
END_TEST

START_TEST(every_status_has_a_phrase_of_its_own)
{
	for (int a = 0; a < READ_NR; a++) {
		ck_assert_ptr_nonnull(read_status_text((enum read_status)a));
		for (int b = 0; b < a; b++)
			ck_assert_str_ne(read_status_text((enum read_status)a),
					 read_status_text((enum read_status)b));
	}
	ck_assert_str_eq(read_status_text(READ_NR), "unknown");
}
END_TEST

static const unit_test tests[] = {
	&regions_are_sorted_whatever_order_they_come_in,
	&bad_regions_are_refused,
	&reads_give_the_bytes_at_the_address,
	&a_partial_last_page_ends_where_it_ends,
	&a_page_that_the_core_lacks_is_unreadable_and_says_so,
	&touched_pages_come_in_order_once_each,
	&a_core_that_claims_terabytes_costs_no_memory,
	&nothing_is_touched_while_not_recording,
	&the_budget_cuts_new_pages_not_old_ones,
	&every_status_has_a_phrase_of_its_own,
};

UNIT_MAIN("capture_phys", tests)
