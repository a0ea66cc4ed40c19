/* SPDX-License-Identifier: BSD-2-Clause */
/* guest.c: bytes and strings by virtual address, page by page. */
#include <string.h>

#include "tests/lib/guest_builder.h"
#include "tests/lib/unit.h"

#define RAM_GPA 0x100000ULL
#define RAM_SIZE (64 * PAGE_SIZE)
#define HOLE (GUEST_KVA + 2 * PAGE_SIZE) /* two pages of bytes, and nothing behind them */

static struct guest_builder b;
static uint8_t content[2 * PAGE_SIZE];

/* Two neighbouring pages whose physical pages stand in the other order. */
static void two_pages(void)
{
	guest_init(&b, RAM_GPA, RAM_SIZE, 4);
	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (uint8_t)('a' + i % 23);
	guest_put(&b, GUEST_KVA + PAGE_SIZE, content + PAGE_SIZE, PAGE_SIZE);
	guest_put(&b, GUEST_KVA, content, PAGE_SIZE);
}

START_TEST(a_read_crosses_pages)
{
	uint8_t buf[2 * PAGE_SIZE];

	two_pages();
	ck_assert_int_eq(guest_read(&b.guest, GUEST_KVA, buf, sizeof(buf)), READ_OK);
	ck_assert_mem_eq(buf, content, sizeof(buf));
	ck_assert_int_eq(guest_read(&b.guest, GUEST_KVA + PAGE_SIZE - 3, buf, 8), READ_OK);
	ck_assert_mem_eq(buf, content + PAGE_SIZE - 3, 8);
	guest_deinit(&b);
}
END_TEST

START_TEST(a_read_into_a_hole_gives_the_reason_and_how_far_it_came)
{
	uint8_t buf[64];
	size_t got;

	two_pages();
	ck_assert_int_eq(guest_read(&b.guest, HOLE - 8, buf, 9), READ_NOT_MAPPED);
	ck_assert_int_eq(guest_read_some(&b.guest, HOLE - 8, buf, 64, &got), READ_NOT_MAPPED);
	ck_assert_uint_eq(got, 8);
	ck_assert_mem_eq(buf, content + sizeof(content) - 8, 8);
	ck_assert_int_eq(guest_read_some(&b.guest, HOLE, buf, 64, &got), READ_NOT_MAPPED);
	ck_assert_uint_eq(got, 0);
	ck_assert_int_eq(guest_read_some(&b.guest, HOLE - 64, buf, 64, &got), READ_OK);
	ck_assert_uint_eq(got, 64);
	guest_deinit(&b);
}
END_TEST

START_TEST(the_end_of_the_address_space_does_not_wrap_into_data)
{
	uint8_t buf[16];

	guest_init(&b, RAM_GPA, RAM_SIZE, 4);
	guest_map(&b, 0, guest_page(&b), 1);
	guest_map(&b, 0xfffffffffffff000, guest_page(&b), 1);
	ck_assert_int_eq(guest_read(&b.guest, 0xfffffffffffffff8, buf, 8), READ_OK);
	ck_assert_int_eq(guest_read(&b.guest, 0xfffffffffffffff8, buf, 16), READ_NULL);
	guest_deinit(&b);
}
END_TEST

START_TEST(strings_end_at_their_nul_or_where_they_are_cut)
{
	static const struct {
		uint64_t at; /* of the string's first byte */
		size_t nul;  /* where a NUL is put, from `at`; 0: nowhere */
		size_t size; /* of the buffer */
		enum read_status status;
		size_t len;
	} cases[] = {
		{ GUEST_KVA, 5, 64, READ_OK, 5 },
		{ GUEST_KVA, 63, 64, READ_OK, 63 },
		{ GUEST_KVA, 64, 64, READ_OK, 63 }, /* cut */
		{ GUEST_KVA, 9, 2, READ_OK, 1 },
		{ GUEST_KVA, 9, 1, READ_OK, 0 },
		{ GUEST_KVA + PAGE_SIZE - 64, 99, 64, READ_OK, 63 }, /* the page's rest fills it */
		{ GUEST_KVA + PAGE_SIZE - 10, 20, 64, READ_OK, 20 }, /* over the page's end */
		{ GUEST_KVA + PAGE_SIZE - 10, 10, 64, READ_OK,
		  10 }, /* the NUL opens the next page */
		{ GUEST_KVA + PAGE_SIZE - 10, 9, 64, READ_OK, 9 },
		{ HOLE - 10, 9, 64, READ_OK, 9 }, /* ends right before the hole */
		{ HOLE - 10, 0, 64, READ_NOT_MAPPED, 10 },
		{ HOLE - 10, 0, 11, READ_OK, 10 }, /* cut right before the hole */
		{ HOLE, 0, 64, READ_NOT_MAPPED, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char buf[64];
		size_t len = 99;

		two_pages();
		if (cases[i].nul)
			guest_put(&b, cases[i].at + cases[i].nul, "", 1);
		memset(buf, 0xee, sizeof(buf));
		ck_assert_msg(guest_read_string(&b.guest, cases[i].at, buf, cases[i].size, &len) ==
				      cases[i].status,
			      "case %zu", i);
		ck_assert_msg(len == cases[i].len, "case %zu: %zu bytes", i, len);
		ck_assert_mem_eq(buf, content + (cases[i].at - GUEST_KVA), len);
		ck_assert_int_eq(buf[len], '\0');
		guest_deinit(&b);
	}
}
END_TEST

static const unit_test tests[] = {
	&a_read_crosses_pages,
	&a_read_into_a_hole_gives_the_reason_and_how_far_it_came,
	&the_end_of_the_address_space_does_not_wrap_into_data,
	&strings_end_at_their_nul_or_where_they_are_cut,
};

UNIT_MAIN("capture_guest", tests)
