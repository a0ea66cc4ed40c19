/* SPDX-License-Identifier: BSD-2-Clause */
/* What the host is told at once: a failure was captured, its report is complete. */
#include "tests/lib/plugin_run.h"

static bool is_complete(void)
{
	return atomic_load(&told.complete) != 0;
}

static bool has_prefix(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

START_TEST(without_finish)
{
	setup();
	start("triggers=poll", NULL, NULL);
	guest_fails();
	/* nobody calls finish(): the files are there all the same */
	ck_assert(wait_until(is_complete));
	ck_assert_uint_eq(atomic_load(&told.captured), 1);
	ck_assert_msg(has_prefix(told.why, "poll of exit_kind"), "%s", told.why);
	ck_assert_int_eq(told.status, SCXRAY_STATUS_OK);
	ck_assert_uint_eq(told.nr_paths, 2);
	ck_assert(told.files_there);
	ck_assert_msg(strstr(told.first_path, "/t.scxray.txt") != NULL, "%s", told.first_path);
	ck_assert_msg(strstr(told.finding, "cause: DSQ 0x57a11 is never consumed: ") != NULL, "%s",
		      told.finding);
	expect_files("t.scxray.json t.scxray.txt");
	teardown();
}
END_TEST

START_TEST(before_trigger_returns)
{
	setup();
	start_quiet(NULL);
	ck_assert_int_eq(early(), SCXRAY_STATUS_OK);
	ck_assert_uint_eq(atomic_load(&told.captured), 0);
	guest_fails();
	ck_assert_int_eq(late(), SCXRAY_STATUS_OK);
	ck_assert_uint_eq(atomic_load(&told.captured), 1);
	ck_assert_str_eq(told.why, "a test's word");
	ck_assert_int_eq(late(), SCXRAY_STATUS_BUSY);
	ck_assert_int_eq(finish(), SCXRAY_STATUS_OK);
	ck_assert_uint_eq(told.captured, 1);
	ck_assert_uint_eq(told.complete, 1);
	ck_assert_str_eq(result.first_finding, told.finding);
	ck_assert_msg(strstr(told.finding, "cause: DSQ 0x57a11 is never consumed: ") != NULL, "%s",
		      told.finding);
	teardown();
}
END_TEST

START_TEST(a_degraded_one)
{
	setup();
	start_quiet("park_deadline_ms=50");
	ck_assert_int_eq(early(), SCXRAY_STATUS_OK);
	guest_fails();
	fake_vm.nr_silent = 1;
	ck_assert_int_eq(late(), SCXRAY_STATUS_DEGRADED);
	ck_assert_int_eq(finish(), SCXRAY_STATUS_DEGRADED);
	ck_assert_uint_eq(told.complete, 1);
	ck_assert_int_eq(told.status, SCXRAY_STATUS_DEGRADED);
	ck_assert_uint_eq(told.nr_paths, 2);
	ck_assert_uint_eq(result.nr_paths, 4); /* with its early half, alone */
	ck_assert(told.files_there);
	ck_assert_ptr_nonnull(result.first_finding);
	teardown();
}
END_TEST

START_TEST(one_that_is_not_written)
{
	setup();
	guest_fails();
	start_quiet(NULL);
	ck_assert_int_eq(rmdir(folder), 0);
	ck_assert_int_eq(late(), SCXRAY_STATUS_OK);
	ck_assert_int_eq(finish(), SCXRAY_STATUS_WRITE_FAILED);
	ck_assert_uint_eq(told.complete, 1);
	ck_assert_int_eq(told.status, SCXRAY_STATUS_WRITE_FAILED);
	ck_assert_uint_eq(told.nr_paths, 0);
	teardown();
}
END_TEST

START_TEST(nothing_to_tell)
{
	setup();
	start_quiet(NULL);
	ck_assert_int_eq(early(), SCXRAY_STATUS_OK);
	ck_assert_int_eq(finish(), SCXRAY_STATUS_OK);
	ck_assert_uint_eq(result.nr_paths, 2);
	ck_assert_uint_eq(told.captured, 0); /* an early half alone is no failure */
	ck_assert_uint_eq(told.complete, 0);
	teardown();
	setup();
	start_quiet(NULL);
	ck_assert_int_eq(finish(), SCXRAY_STATUS_NO_FAILURE);
	ck_assert_ptr_null(result.first_finding);
	teardown();
}
END_TEST

static bool has_seen_it(void)
{
	return log_has("a scheduler is attached");
}

/* The kernel sets scx_root before it sets the timeout: what is not known yet is not said. */
START_TEST(a_timeout_that_is_not_set_yet)
{
	const uint32_t none[2] = { 0 }; /* guest_writes() copies words */

	setup_guest(CORE("6.18.15-vtime-half"), CORE("6.18.15-vtime-error"));
	guest_writes(live_lab_at(&half, live_lab_symbol(&half, "scx_watchdog_timeout")), none,
		     sizeof(none));
	start("triggers=none", NULL, NULL);
	ck_assert(wait_until(has_seen_it));
	ck_assert_int_eq(finish(), SCXRAY_STATUS_NO_FAILURE);
	ck_assert_msg(strstr(log_text, "0 jiffies") == NULL, "%s", log_text);
	expect_log("2 a scheduler is attached\n");
	teardown();
}
END_TEST

static const unit_test tests[] = { &without_finish,  &before_trigger_returns,
				   &a_degraded_one,  &one_that_is_not_written,
				   &nothing_to_tell, &a_timeout_that_is_not_set_yet };
UNIT_MAIN("plugin told", tests)
