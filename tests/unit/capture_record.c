/* SPDX-License-Identifier: BSD-2-Clause */
/* record.c: what is read twice is read from the copy; budget, deadline, constant pages. */
#include <string.h>

#include "capture/base/clock.h"
#include "capture/memory/guest.h"
#include "capture/memory/recorder.h"
#include "tests/lib/unit.h"

#define NR_PAGES 16
#define LOW 0x100000
#define HIGH 0x40000000

static uint8_t ram[NR_PAGES * PAGE_SIZE];
static uint8_t more[2 * PAGE_SIZE];
static struct phys phys;
static struct recorder rec;

static void start(uint64_t max_pages)
{
	memset(ram, 'a', sizeof(ram));
	memset(more, 'z', sizeof(more));
	phys = (struct phys){ .recording = true, .recorder = &rec };
	ck_assert(!phys_add_region(&phys, HIGH, PAGE_SIZE + 100, more));
	ck_assert(!phys_add_region(&phys, LOW, sizeof(ram), ram));
	ck_assert_uint_eq(phys_nr_pages(&phys), NR_PAGES + 2);
	rec = (struct recorder){ .to = page_store_create(NR_PAGES + 2, 1000),
				 .max_pages = max_pages,
				 .start = clock_us() };
	ck_assert_ptr_nonnull(rec.to);
	ck_assert_uint_eq(rec.to->max, NR_PAGES + 2); /* more than RAM has is never needed */
}

static void stop(void)
{
	page_store_put(rec.to);
	phys_deinit(&phys);
}

static enum read_status read_byte(uint64_t gpa, uint8_t *byte)
{
	return phys_read(&phys, gpa, byte, 1);
}

START_TEST(a_page_is_what_it_was_when_first_read)
{
	const uint8_t *host;
	uint8_t byte;
	size_t len;

	start(100);
	ck_assert_int_eq(phys_page_at(&phys, LOW + 5, &host, &len), READ_OK);
	ck_assert_ptr_eq(host, rec.to->bytes + 5); /* the copy, from the first time on */
	ck_assert_uint_eq(len, PAGE_SIZE - 5);
	ck_assert_int_eq(read_byte(LOW + 5, &byte), READ_OK);
	ck_assert_uint_eq(byte, 'a');
	memset(ram, 'b', sizeof(ram));
	ck_assert_int_eq(read_byte(LOW + 5, &byte), READ_OK);
	ck_assert_uint_eq(byte, 'a');
	ck_assert_int_eq(read_byte(LOW + 4095, &byte), READ_OK);
	ck_assert_uint_eq(byte, 'a');
	ck_assert_int_eq(read_byte(LOW + 4096, &byte), READ_OK);
	ck_assert_uint_eq(byte, 'b');
	ck_assert_uint_eq(rec.to->nr, 2);
	/* what is not recorded is read as it is */
	phys.recording = false;
	ck_assert_int_eq(read_byte(LOW + 5, &byte), READ_OK);
	ck_assert_uint_eq(byte, 'b');
	ck_assert_uint_eq(rec.to->nr, 2);
	/* and the next recording begins with nothing */
	page_store_reset(rec.to);
	phys.recording = true;
	ck_assert_int_eq(read_byte(LOW + 5, &byte), READ_OK);
	ck_assert_uint_eq(byte, 'b');
	ck_assert_uint_eq(rec.to->nr, 1);
	stop();
}
END_TEST

START_TEST(a_region_may_end_within_a_page)
{
	uint8_t byte, page[PAGE_SIZE];

	start(100);
	memset(rec.to->bytes, 'x', 4 * PAGE_SIZE); /* of an earlier recording */
	ck_assert_int_eq(read_byte(HIGH + PAGE_SIZE + 99, &byte), READ_OK);
	ck_assert_uint_eq(byte, 'z');
	ck_assert_int_eq(read_byte(HIGH + PAGE_SIZE + 100, &byte), READ_NO_RAM);
	ck_assert_int_eq(phys_read(&phys, HIGH + PAGE_SIZE, page, 101), READ_NO_RAM);
	ck_assert_uint_eq(rec.to->nr, 1);
	ck_assert_uint_eq(rec.to->gpa[0], HIGH + PAGE_SIZE);
	ck_assert_uint_eq(rec.to->number[0], NR_PAGES + 1);
	ck_assert_uint_eq(rec.to->bytes[99], 'z');
	ck_assert_uint_eq(rec.to->bytes[100], 0);
	ck_assert_uint_eq(rec.to->bytes[PAGE_SIZE - 1], 0);
	stop();
}
END_TEST

START_TEST(the_budget_stops_new_pages_only)
{
	uint8_t byte;

	start(3);
	for (uint64_t i = 0; i < 5; i++)
		ck_assert_int_eq(read_byte(LOW + i * PAGE_SIZE, &byte),
				 i < 3 ? READ_OK : READ_BUDGET);
	ck_assert(rec.full && !rec.late);
	ck_assert_int_eq(read_byte(LOW + 2 * PAGE_SIZE, &byte), READ_OK);
	ck_assert_uint_eq(rec.to->nr, 3);
	stop();
}
END_TEST

START_TEST(behind_the_deadline_nothing_is_read)
{
	uint8_t byte;

	start(100);
	ck_assert_int_eq(read_byte(LOW, &byte), READ_OK);
	rec.deadline = clock_us() - 1;
	rec.start = rec.deadline - 10;
	ck_assert_int_eq(read_byte(LOW + PAGE_SIZE, &byte), READ_DEADLINE);
	ck_assert(rec.late && !rec.full);
	ck_assert_uint_ge(rec.late_us, 10);
	ck_assert_int_eq(read_byte(LOW, &byte), READ_DEADLINE);
	ck_assert_uint_eq(rec.to->nr, 1);
	stop();
}
END_TEST

/* A walk in a circle touches no new page, and must end as well. */
START_TEST(pages_that_are_held_do_not_outrun_the_deadline)
{
	uint8_t byte;
	int reads = 0;

	start(100);
	ck_assert_int_eq(read_byte(LOW, &byte), READ_OK);
	rec.deadline = clock_us() - 1;
	while (read_byte(LOW, &byte) == READ_OK)
		ck_assert_int_le(++reads, RECORDER_CLOCK_EVERY);
	ck_assert(rec.late);
	rec.late = false;
	for (reads = 0; recorder_again(&rec); reads++)
		ck_assert_int_le(reads, RECORDER_CLOCK_EVERY);
	ck_assert_int_eq(read_byte(LOW, &byte), READ_DEADLINE);
	stop();
}
END_TEST

START_TEST(a_touch_of_a_garbage_size_ends_with_the_budget)
{
	struct guest g = { .phys = &phys };

	/* page tables of nothing but zeros: each page of the range costs a look-up */
	start(100);
	memset(ram, 0, sizeof(ram));
	rec.max_lookups = 10000;
	paging_set_root(&g.paging, &phys, LOW, 4);
	guest_touch(&g, 0x1000, UINT64_MAX);
	ck_assert(rec.late);
	ck_assert_uint_le(rec.lookups, 10000 + 2 * RECORDER_CLOCK_EVERY);
	stop();
}
END_TEST

START_TEST(constant_pages_are_not_copied_again)
{
	struct page_store *base;
	uint8_t byte;

	start(100);
	read_byte(LOW, &byte);
	read_byte(LOW + PAGE_SIZE, &byte);
	base = rec.to;
	base->constant[0] = 1;
	rec.to = page_store_create(NR_PAGES + 2, 1000);
	rec.base = base;
	memset(ram, 'c', sizeof(ram));
	ck_assert_int_eq(read_byte(LOW, &byte), READ_OK);
	ck_assert_uint_eq(byte, 'a');
	ck_assert_int_eq(read_byte(LOW + PAGE_SIZE, &byte), READ_OK);
	ck_assert_uint_eq(byte, 'c');
	ck_assert_uint_eq(rec.to->nr, 1);
	page_store_put(base);
	stop();
}
END_TEST

START_TEST(stores_are_shared_reset_and_released)
{
	struct page_store *again;
	uint8_t byte;

	start(100);
	page_store_populate(rec.to, 1 << 20);
	again = page_store_get(rec.to);
	read_byte(LOW + 3 * PAGE_SIZE, &byte);
	page_store_put(rec.to);
	ck_assert_ptr_nonnull(page_store_find(again, 3));
	ck_assert_ptr_null(page_store_find(again, 4));
	page_store_populate(again, 1 << 20); /* keeps what is there */
	ck_assert_uint_eq(page_store_find(again, 3)[7], 'a');
	page_store_release(again);
	ck_assert_ptr_null(page_store_find(again, 3));
	ck_assert_uint_eq(again->nr, 0);
	page_store_put(NULL);
	stop();
}
END_TEST

static const unit_test tests[] = {
	&a_page_is_what_it_was_when_first_read,
	&a_region_may_end_within_a_page,
	&the_budget_stops_new_pages_only,
	&behind_the_deadline_nothing_is_read,
	&pages_that_are_held_do_not_outrun_the_deadline,
	&a_touch_of_a_garbage_size_ends_with_the_budget,
	&constant_pages_are_not_copied_again,
	&stores_are_shared_reset_and_released,
};

UNIT_MAIN("capture_record", tests)
