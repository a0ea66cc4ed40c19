/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render_number_join.c - a member's number says what it stands for where that is sure, and
 * nothing where it is not
 */
#include <scxray/dsq.h>
#include <scxray/task.h>

#include "tests/lib/unit.h"
#include "tests/render/sample.h"
#include "render/value/leaf.h"

static struct sample s;

static void ck_join(const char *member, unsigned bits, uint64_t value, const char *want)
{
	struct scxray_scalar v = { .kind = SCXRAY_SCALAR_UINT, .bits = bits, .lo = value };
	struct strbuf sb;

	strbuf_init(&sb, NULL);
	number_join(&sb, &s.r, member, &v);
	ck_assert_str_eq(strbuf_str(&sb), want);
	strbuf_deinit(&sb);
}

START_TEST(pids_are_tasks_that_there_are)
{
	ck_join("pid", 32, 101, " (stuck0)");
	ck_join("waker_pid", 32, 102, " (stuck1)");
	ck_join("pid", 32, 100000, ""); /* no such task */
	ck_join("pid", 32, 0, "");
	ck_join("pid", 64, 101, ""); /* not the kernel's type */
	ck_join("rapid", 32, 101, "");
	ck_join("nr", 32, 101, "");
}
END_TEST

START_TEST(dsq_ids_are_queues_that_there_are)
{
	ck_join("dsq_id", 64, 0x57a11, " (DSQ 0x57a11)");
	ck_join("last_dsq", 64, 0x200, " (DSQ 0x200)");
	ck_join("dsq_id", 64, 0x57a12, "");
	ck_join("dsq_id", 32, 0x57a11, "");
	ck_join("nr_dsqs", 64, 0x200, "");
}
END_TEST

START_TEST(slices_have_a_unit)
{
	ck_join("slice", 64, 5000000, " (5ms)");
	ck_join("slice_ns", 64, 470200, " (470.2us)");
	ck_join("max_slice", 64, UINT64_MAX, " (SCX_SLICE_INF)");
	ck_join("slice", 64, 0, "");
	ck_join("slice", 32, 5000000, "");
}
END_TEST

START_TEST(jiffies_are_moments_before_the_freeze)
{
	s.r.guest.jiffies = N(5000);
	s.r.guest.hz = N(250);
	ck_join("since_jiffies", 64, 4000, " (4.000s ago)");
	ck_join("jiffies", 64, 5001, ""); /* not yet */
	ck_join("jiffies", 64, 0, "");
	s.r.guest.jiffies = N(UINT64_MAX);
	ck_join("jiffies", 64, 4000, ""); /* years: a number of another kind */
	s.r.guest.jiffies = LOST(0xffff888000001000, "not mapped");
	ck_join("jiffies", 64, 4000, "");
}
END_TEST

static void setup(void)
{
	sample_init(&s);
}

static void teardown(void)
{
	sample_deinit(&s);
}

static const unit_test tests[] = {
	&pids_are_tasks_that_there_are,
	&dsq_ids_are_queues_that_there_are,
	&slices_have_a_unit,
	&jiffies_are_moments_before_the_freeze,
};

UNIT_MAIN_AROUND("render_number_join", tests, setup, teardown)
