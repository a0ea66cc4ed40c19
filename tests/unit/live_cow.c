/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live_cow.c - guest RAM that is written to while it is recorded: the recording is of one instant
 *
 * Threads stand for vCPUs: each counts in its own pages, one store a page and tick, as fast as it can.
 */
#include "tests/unit/cow_fixture.h"

/* ---- one instant ---------------------------------------------------------------- */

static void one_instant(enum kind kind, const char *name)
{
	struct scxray_cow_result result;

	if (!start(kind, UINT64_MAX)) {
		printf("no memory of the kind %s here: %s\n", name, strerror(errno));
		return;
	}
	for (int round = 0; round < 3; round++) {
		struct recorder rec = recorder(true);

		page_store_reset(vm.pages);
		wait_for_ticks();
		freeze();
		ck_assert_ptr_null(cow_begin(vm.cow, 0, LONG_US));
		thaw();
		/* some while they are about to be written, and some after that */
		ck_assert_uint_eq(record(&rec, 0, NR_PAGES / 2), 0);
		wait_for_ticks();
		ck_assert_uint_eq(record(&rec, NR_PAGES / 2, NR_PAGES), 0);
		cow_end(vm.cow);
		cow_result(vm.cow, &result);
		ck_assert_uint_eq(result.saved, NR_PAGES);
		ck_assert(!result.full && !rec.late);
		wait_for_ticks(); /* nothing holds them any more */
	}
	stop();
}

START_TEST(small_pages_are_of_one_instant)
{
	one_instant(SMALL, "small pages");
}
END_TEST

START_TEST(transparent_huge_pages_are_of_one_instant)
{
	one_instant(THP, "transparent huge pages");
}
END_TEST

START_TEST(pages_of_a_memfd_are_of_one_instant)
{
	one_instant(MEMFD, "memfd");
}
END_TEST

START_TEST(pages_of_hugetlbfs_are_of_one_instant)
{
	one_instant(HUGETLB, "hugetlbfs");
}
END_TEST

static const unit_test tests[] = {
	&small_pages_are_of_one_instant,
	&transparent_huge_pages_are_of_one_instant,
	&pages_of_a_memfd_are_of_one_instant,
	&pages_of_hugetlbfs_are_of_one_instant,
};

int main(void)
{
	return cow_is_forbidden() ?: unit_run("live_cow", tests, ARRAY_SIZE(tests), NULL, NULL);
}
