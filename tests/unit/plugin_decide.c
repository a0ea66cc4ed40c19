/* SPDX-License-Identifier: BSD-2-Clause */
/* What a sequence of looks asks for: each test is a table of looks and what has to follow. */
#include "tests/unit/decide_fixture.h"

#define HIT(kind, info, want, text)                                \
	{                                                          \
		ROOT, kind, info, NO_AGE, 10, true, -1, want, text \
	}

START_TEST(a_stall_is_seen_early_and_late)
{
	GO(usual, GONE(-1, 0, NULL), RUN(NO_AGE, 10, A), RUN(5, 20, 0), RUN(998, 30, 0),
	   RUN(999, 40, 0), RUN(1000, 50, 0),
	   { ROOT, 0, 0, 1003, 60, false, -1, EARLY,
	     "half-way: a task runnable for 4.012s of 8.000s" },
	   RUN(1500, 500, 0), RUN(2000, 999, 0), EXIT(1026, 0, L | LATE, "poll of exit_kind"),
	   EXIT(1, 1026, 0, NULL), GONE(1, 0, NULL));
	ck_assert_uint_eq(d.instance, 1);
	ck_assert_uint_eq(d.threshold, 1000);
	ck_assert_uint_eq(d.peak, 2000);
}
END_TEST

/* What a host demands while there is no scheduler is not the end of one. */
START_TEST(no_scheduler_is_said)
{
	static const char none[] = "scan prerequisites unavailable: no scheduler is attached";

	GO(usual, GONE(-1, 0, NULL));
	ck_assert_str_eq(skipped(), none);
	GO(usual, RUN(5, 10, A), RUN(5, 20, 0), EXIT(64, 0, L, NULL), GONE(64, 0, NULL));
	ck_assert_str_eq(skipped(), none);
	GO(usual, RUN(5, 10, A), GONE(1024, L | LATE, NULL));
	ck_assert_str_eq(skipped(),
			 "scan prerequisites unavailable: the scheduler was first seen at its end");
}
END_TEST

START_TEST(one_racy_look_is_not_believed)
{
	GO(usual, RUN(5, 10, A), RUN(1900, 20, 0), RUN(5, 30, 0), RUN(1900, 40, 0), RUN(5, 50, 0),
	   /* garbage at all times: more than a day, negative */
	   RUN(1LL << 40, 60, 0), RUN(1LL << 40, 70, 0), RUN(1LL << 40, 80, 0), RUN(-5, 90, 0),
	   RUN(-5, 90, 0));
	ck_assert_uint_eq(d.peak, 1900);
}
END_TEST

START_TEST(a_watchdog_that_does_not_run_counts_from_three_quarters)
{
	/* its work runs each timeout/2: an age up to there is how it should be */
	GO(usual, RUN(5, 10, A), RUN(5, 999, 0), RUN(5, 1050, 0), RUN(5, 1499, 0), RUN(5, 1500, 0),
	   { ROOT, 0, 0, 5, 1502, false, -1, EARLY,
	     "half-way: the watchdog's work not run for 6.008s of 8.000s" },
	   RUN(5, 1999, 0));
	/* a former scheduler's timestamp, which stands there until this one's is set */
	GO(usual, RUN(5, 90000, A), RUN(5, 90001, 0), RUN(5, 90002, 0), RUN(5, 1, 0),
	   RUN(5, 400, 0), RUN(5, 1600, 0), RUN(5, 1601, EARLY));
	/* jiffies were read before the timestamp was written */
	GO(usual, RUN(5, -1, A), RUN(5, -1, 0), RUN(5, -1, 0));
	ck_assert_uint_eq(d.peak, 5);
}
END_TEST

START_TEST(each_kind_of_exit)
{
	static const struct {
		uint64_t kind;
		bool failure;
	} kinds[] = {
		{ 64, false },	/* UNREG: the scheduler's program has closed its link */
		{ 65, false },	/* UNREG_BPF: scx_bpf_exit() */
		{ 66, false },	/* UNREG_KERN: a hot-plugged CPU, for one */
		{ 67, false },	/* SYSRQ: SysRq-S */
		{ 1024, true }, /* ERROR */
		{ 1025, true }, /* ERROR_BPF: scx_bpf_error() */
		{ 1026, true }, /* ERROR_STALL */
		{ 1030, true }, /* whatever comes */
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		unsigned wants = kinds[i].failure ? L | LATE : L;

		GO(usual, RUN(5, 10, A), EXIT(kinds[i].kind, 0, wants, NULL), GONE(1, 0, NULL));
		/* a poll mostly comes when the kind has been moved to exit_info */
		GO(usual, RUN(5, 10, A), EXIT(1, 0, 0, NULL), EXIT(1, kinds[i].kind, wants, NULL));
		/* or when all has gone, and the freed word still stands there */
		GO(usual, RUN(5, 10, A), GONE((int)kinds[i].kind, wants, NULL));
		GO(usual, RUN(5, 10, A), HIT(kinds[i].kind, 0, wants, NULL));
		ck_assert_uint_eq(d.exit_kind, kinds[i].kind);
	}
	/* gone without a trace, or with garbage where the word was */
	GO(usual, RUN(5, 10, A), GONE(-1, L, NULL), GONE(-1, 0, NULL));
	GO(usual, RUN(5, 10, A), GONE(0x6b6b6b6b, L, NULL));
	GO(usual, RUN(5, 10, A),
	   GONE(1026, L | LATE, "poll of exit_kind, when the scheduler had gone"));
}
END_TEST

START_TEST(the_watchpoint)
{
	GO(usual, RUN(5, 10, A), HIT(1026, 0, L | LATE, "watchpoint on exit_kind (vCPU 3)"));
	/* a write that changed nothing, and one that was not the exit: let go, go on */
	GO(usual, RUN(5, 10, A), HIT(0, 0, F, NULL), RUN(6, 10, 0), HIT(1025, 0, L | LATE, NULL));
	GO(usual, RUN(5, 10, A), { 0, 0, 0, NO_AGE, 0, true, -1, L, NULL },
	   { 0, 0, 0, NO_AGE, 0, true, -1, F, NULL });
	/* already reported: only let go */
	GO(usual, RUN(5, 10, A), EXIT(1026, 0, L | LATE, NULL), HIT(1026, 0, F, NULL));
}
END_TEST

START_TEST(only_what_is_a_trigger)
{
	static const struct decide_config no_early = { .poll = true };
	static const struct decide_config no_poll = { .early = true };
	static const struct decide_config none = { 0 };

	GO(no_early, RUN(5, 10, A), RUN(1500, 10, 0), RUN(1500, 10, 0),
	   EXIT(1026, 0, L | LATE, NULL));
	ck_assert_str_eq(skipped(), "scan prerequisites unavailable: early is not a trigger");
	GO(no_poll, RUN(5, 10, A), EXIT(1026, 0, 0, NULL), HIT(1026, 0, L | LATE, NULL));
	GO(no_poll, RUN(5, 10, A), EXIT(1026, 0, 0, NULL), GONE(1026, L, NULL));
	GO(none, RUN(5, 10, A), RUN(1500, 10, 0), RUN(1500, 10, 0), EXIT(1026, 0, 0, NULL),
	   GONE(1, L, NULL));
}
END_TEST

START_TEST(what_can_not_be_read_changes_nothing)
{
	struct step step = RUN(5, 10, 0);
	struct decide_witness witness = { 0 };
	struct decision got;
	struct scxray_look look;

	GO(usual, RUN(5, 10, A));
	look = look_of(&step);
	look.scx_root = (struct scxray_num){ .state = SCXRAY_UNREADABLE };
	decide_look(&d, &look, &witness, &got);
	ck_assert(!got.left && !got.late);
	ck_assert_uint_eq(d.root, ROOT);
	look = look_of(&step);
	look.exit_kind = (struct scxray_num){ .value = 1026, .state = SCXRAY_UNREADABLE };
	decide_look(&d, &look, &witness, &got);
	ck_assert(!got.left && !got.late);
	/* the kind that DONE hides is not known: no verdict */
	look = look_of(&step);
	look.exit_kind = number(1);
	look.exit_info_kind = (struct scxray_num){ .state = SCXRAY_MISSING };
	decide_look(&d, &look, &witness, &got);
	ck_assert(!got.left && !got.late);
	/* but the scheduler's own record of its exit may be */
	look.latch = "triggered";
	decide_look(&d, &look, &witness, &got);
	ck_assert(got.left && got.late);
	ck_assert_str_eq(got.why, "user-exit record in the scheduler's .bss");
}
END_TEST

/* One look after another with the same change to each. */
static void repeat(const struct decide_config *config, const struct scxray_look *look, int times)
{
	struct decide_witness witness = { 0 };
	struct decision got;

	decide_init(&d, config);
	for (int i = 0; i < times; i++)
		decide_look(&d, look, &witness, &got);
}

START_TEST(why_there_is_no_early_half)
{
	struct step step = RUN(17, 10, 0);
	struct scxray_look look = look_of(&step);

	repeat(&usual, &look, 5);
	ck_assert_str_eq(skipped(), "max_age never crossed threshold (peak=17j, threshold=1000j)");
	look.watchdog_timeout = (struct scxray_num){ .state = SCXRAY_MISSING,
						     .reason = "scx_sched.watchdog_timeout" };
	repeat(&usual, &look, 5);
	ck_assert_str_eq(skipped(), "scan prerequisites unavailable: scx_sched.watchdog_timeout");
	look = look_of(&step);
	look.max_runnable_age = (struct scxray_num){ .state = SCXRAY_MISSING };
	look.runnable_unavailable = "task_struct.scx.runnable_at";
	repeat(&usual, &look, 5);
	ck_assert_str_eq(skipped(), "scan prerequisites unavailable: task_struct.scx.runnable_at");
	GO(usual, RUN(NO_AGE, 10, A), RUN(NO_AGE, 10, 0), EXIT(1026, 0, L | LATE, NULL));
	ck_assert_str_eq(skipped(), "scx_tick stall — no per-task runnable_at data");
	GO(usual, RUN(NO_AGE, 10, A), RUN(NO_AGE, 10, 0), EXIT(1025, 0, L | LATE, NULL));
	ck_assert_str_eq(skipped(), "max_age never crossed threshold (peak=0j, threshold=1000j)");
	GO(usual, RUN(NO_AGE, 10, A), RUN(1800, 10, 0), EXIT(1026, 0, L | LATE, NULL));
	ck_assert_str_eq(skipped(), "scan prerequisites unavailable: too few looks at the guest "
				    "(peak=1800j, threshold=1000j)");
}
END_TEST

START_TEST(a_timeout_that_the_host_gives)
{
	static const struct decide_config two_seconds = { .early = true, .watchdog_ms = 2000 };
	struct step step = RUN(260, 10, 0);
	struct scxray_look look = look_of(&step);

	look.watchdog_timeout = (struct scxray_num){ .state = SCXRAY_MISSING };
	repeat(&two_seconds, &look, 3);
	ck_assert_uint_eq(d.threshold, 250);
	ck_assert(d.early_done);
	look.hz = (struct scxray_num){ .state = SCXRAY_MISSING, .reason = "CONFIG_HZ" };
	repeat(&two_seconds, &look, 3);
	ck_assert(!d.early_done);
	ck_assert_str_eq(skipped(), "scan prerequisites unavailable: CONFIG_HZ");
}
END_TEST

static const unit_test tests[] = {
	&a_stall_is_seen_early_and_late,
	&no_scheduler_is_said,
	&one_racy_look_is_not_believed,
	&a_watchdog_that_does_not_run_counts_from_three_quarters,
	&each_kind_of_exit,
	&the_watchpoint,
	&only_what_is_a_trigger,
	&what_can_not_be_read_changes_nothing,
	&why_there_is_no_early_half,
	&a_timeout_that_the_host_gives,
};

UNIT_MAIN("plugin_decide", tests)
