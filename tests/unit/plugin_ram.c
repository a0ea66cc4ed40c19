/* SPDX-License-Identifier: BSD-2-Clause */
/* Guest RAM that comes and goes while the plugin runs. */
#include <sys/mman.h>

#include "tests/lib/plugin_run.h"

#define MORE_GPA 0x4000000000ULL
#define MORE_SIZE (2ULL << 20)

static int32_t add(uint64_t gpa, uint64_t size, const void *host)
{
	const struct scxray_plugin_region region = { .gpa = gpa, .size = size, .host = host };

	return plugin.add_region(plugin.self, &region, sizeof(region));
}

static int32_t add_again(size_t i)
{
	return add(half.regions[i].gpa, half.regions[i].size, half.regions[i].host);
}

static int32_t take_away(uint64_t gpa)
{
	return plugin.remove_region(plugin.self, gpa);
}

static void *more_memory(void)
{
	void *more =
		mmap(NULL, MORE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert(more != MAP_FAILED);
	return more;
}

/* The largest region has the kernel. */
static size_t main_region(void)
{
	size_t main = 0;

	for (size_t i = 1; i < half.nr_regions; i++)
		if (half.regions[i].size > half.regions[main].size)
			main = i;
	return main;
}

START_TEST(between_the_two_halves)
{
	void *more = more_memory();

	setup();
	start_quiet(NULL);
	ck_assert_int_eq(early(), SCXRAY_STATUS_OK);
	ck_assert_int_eq(add(MORE_GPA, MORE_SIZE, more), SCXRAY_STATUS_OK);
	guest_fails();
	ck_assert_int_eq(late(), SCXRAY_STATUS_OK);
	ck_assert_int_eq(take_away(MORE_GPA), SCXRAY_STATUS_OK);
	ck_assert(!munmap(more, MORE_SIZE));
	ck_assert_int_eq(finish(), SCXRAY_STATUS_OK);
	/* the early half is that of this failure */
	expect_files("t.scxray.json t.scxray.txt");
	expect_in("t.scxray.txt", "early=present");
	expect_in("t.scxray.json", "\"memory_bytes\":");
	teardown();
}
END_TEST

static bool has_seen_it(void)
{
	return log_has("a scheduler is attached");
}

static bool is_complete(void)
{
	return atomic_load(&told.complete) != 0;
}

START_TEST(while_it_watches)
{
	void *more = more_memory();

	setup();
	start("triggers=poll", "poll_ms=10", NULL);
	ck_assert(wait_until(has_seen_it));
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(add(MORE_GPA, MORE_SIZE, more), SCXRAY_STATUS_OK);
		ck_assert_int_eq(take_away(MORE_GPA), SCXRAY_STATUS_OK);
		/* gone is gone: a read would end this program */
		ck_assert(!mprotect(more, MORE_SIZE, PROT_NONE));
		ck_assert(!mprotect(more, MORE_SIZE, PROT_READ));
	}
	guest_fails();
	ck_assert(wait_until(is_complete));
	ck_assert_int_eq(told.status, SCXRAY_STATUS_OK);
	/* one scheduler, seen once */
	ck_assert_ptr_null(strstr(strstr(log_text, "is attached") + 1, "is attached"));
	munmap(more, MORE_SIZE);
	teardown();
}
END_TEST

START_TEST(the_kernel_comes_later)
{
	struct scxray_live_region last;
	size_t nr, main;

	setup();
	/* all but the one with the kernel, which is put last */
	nr = half.nr_regions;
	main = main_region();
	last = half.regions[main];
	half.regions[main] = half.regions[nr - 1];
	half.regions[nr - 1] = last;
	main = nr - 1;
	half.nr_regions = nr - 1;
	ck_assert_uint_gt(nr, 1);
	start_quiet(NULL);
	half.nr_regions = nr;
	ck_assert_int_eq(early(), SCXRAY_STATUS_NO_KERNEL);
	ck_assert_int_eq(add_again(main), SCXRAY_STATUS_OK);
	ck_assert_int_eq(early(), SCXRAY_STATUS_OK);
	/* and goes: what is read of it from now on would end this program */
	ck_assert_int_eq(take_away(half.regions[main].gpa), SCXRAY_STATUS_OK);
	ck_assert(!mprotect((void *)(uintptr_t)half.regions[main].host, half.regions[main].size,
			    PROT_NONE));
	ck_assert_int_eq(late(), SCXRAY_STATUS_NO_KERNEL);
	ck_assert(!mprotect((void *)(uintptr_t)half.regions[main].host, half.regions[main].size,
			    PROT_READ | PROT_WRITE));
	ck_assert_int_eq(finish(), SCXRAY_STATUS_NO_KERNEL);
	teardown();
}
END_TEST

START_TEST(what_makes_no_sense)
{
	void *more = more_memory();

	setup();
	start_quiet(NULL);
	ck_assert_int_eq(add_again(main_region()), SCXRAY_STATUS_INVALID);
	expect_log("overlapping");
	ck_assert_int_eq(add(MORE_GPA + 1, MORE_SIZE, more), SCXRAY_STATUS_INVALID);
	ck_assert_int_eq(add(MORE_GPA, 0, more), SCXRAY_STATUS_INVALID);
	ck_assert_int_eq(add(MORE_GPA, MORE_SIZE, NULL), SCXRAY_STATUS_INVALID);
	ck_assert_int_eq(take_away(MORE_GPA), SCXRAY_STATUS_INVALID);
	expect_log("no region begins there");
	ck_assert_int_eq(take_away(half.regions[main_region()].gpa + 4096), SCXRAY_STATUS_INVALID);
	/* all is as before */
	ck_assert_int_eq(early(), SCXRAY_STATUS_OK);
	for (size_t i = 0; i + 1 < half.nr_regions; i++)
		ck_assert_int_eq(take_away(half.regions[i].gpa), SCXRAY_STATUS_OK);
	ck_assert_int_eq(take_away(half.regions[half.nr_regions - 1].gpa), SCXRAY_STATUS_INVALID);
	expect_log("there is no other");
	ck_assert_int_eq(finish(), SCXRAY_STATUS_OK);
	ck_assert_int_eq(add(MORE_GPA, MORE_SIZE, more), SCXRAY_STATUS_INVALID);
	munmap(more, MORE_SIZE);
	teardown();
}
END_TEST

static const unit_test tests[] = { &between_the_two_halves, &while_it_watches,
				   &the_kernel_comes_later, &what_makes_no_sense };
UNIT_MAIN("plugin ram", tests)
