/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counters of vCPU threads.  Whether there are any depends on the machine, and on a thread that
 * runs no guest they stay at 0; so what is tested is that there is a reason where there is
 * no counter, and no number that was made up.
 */
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <scxray/host.h>

#include "watch/perf.h"

#include "tests/lib/unit.h"

START_TEST(no_thread_no_counters)
{
	struct perf *perf = perf_create(3, NULL);
	const struct scxray_perf *now = perf_read(perf);

	for (int i = 0; i < 3; i++) {
		ck_assert_str_eq(now[i].unavailable, "this vCPU's thread has not started");
		ck_assert_uint_eq(now[i].cycles, 0);
	}
	ck_assert_str_eq(perf_unavailable(now, 3), "this vCPU's thread has not started");
	perf_destroy(perf);
	perf_destroy(NULL);
}
END_TEST

START_TEST(a_thread_that_runs_no_guest)
{
	struct perf *perf = perf_create(2, NULL);
	const struct scxray_perf *now;

	perf_attach(perf, 1, (int32_t)syscall(SYS_gettid));
	perf_attach(perf, 7, (int32_t)syscall(SYS_gettid)); /* no such vCPU */
	now = perf_read(perf);
	if (now[1].unavailable) {
		ck_assert_str_ne(now[1].unavailable, now[0].unavailable);
		ck_assert_uint_eq(now[1].instructions, 0);
		ck_assert_ptr_null(perf_unavailable(now, 2)); /* two vCPUs, two reasons */
	} else {
		ck_assert_uint_le(now[1].time_running_ns, now[1].time_enabled_ns);
	}
	/* again, as a vCPU's next thread does */
	perf_attach(perf, 1, (int32_t)syscall(SYS_gettid));
	perf_read(perf);
	perf_destroy(perf);
}
END_TEST

START_TEST(a_thread_that_is_none)
{
	struct perf *perf = perf_create(1, NULL);
	const struct scxray_perf *now;

	perf_attach(perf, 0, 0x7ffffff0);
	now = perf_read(perf);
	ck_assert_ptr_nonnull(now[0].unavailable);
	ck_assert_ptr_eq(perf_unavailable(now, 1), now[0].unavailable);
	ck_assert_ptr_nonnull(perf_unavailable(now, 0));
	perf_destroy(perf);
}
END_TEST

START_TEST(turned_off)
{
	struct perf *perf = perf_create(2, "because");
	const struct scxray_perf *now;

	perf_attach(perf, 0, (int32_t)syscall(SYS_gettid));
	now = perf_read(perf);
	ck_assert_str_eq(perf_unavailable(now, 2), "because");
	perf_destroy(perf);
}
END_TEST

START_TEST(one_reason_or_several)
{
	struct scxray_perf counters[3] = { { .unavailable = "a" }, { .unavailable = "a" }, { 0 } };

	ck_assert_str_eq(perf_unavailable(counters, 2), "a");
	ck_assert_ptr_null(perf_unavailable(counters, 3));
	counters[1].unavailable = "b";
	ck_assert_ptr_null(perf_unavailable(counters, 2));
}
END_TEST

static const unit_test tests[] = {
	&no_thread_no_counters, &a_thread_that_runs_no_guest, &a_thread_that_is_none, &turned_off,
	&one_reason_or_several,
};
UNIT_MAIN("plugin perf", tests)
