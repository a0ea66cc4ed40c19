/* SPDX-License-Identifier: BSD-2-Clause */
/* What a sequence of looks asks for: each test is a table of looks and what has to follow. */
#include <stdio.h>
#include <string.h>

#include "watch/decide.h"

#include "tests/lib/unit.h"

#define ROOT 0xffff888001234000ULL
#define OTHER 0xffff888005678000ULL
#define TIMEOUT 2000 /* jiffies; HZ is 250 */
#define NO_AGE INT64_MIN

enum {	       /* what a look asks for */
	A = 1, /* attached */
	L = 2, /* left */
	F = 4, /* false hit */
	EARLY = 8,
	LATE = 16,
};

struct step {
	uint64_t root;
	uint64_t exit_kind;
	uint64_t exit_info_kind;
	int64_t age;	  /* greatest runnable age; NO_AGE: nobody is runnable */
	int64_t watchdog; /* the timestamp's age */
	bool hit;
	int last_word; /* -1: not known */
	unsigned wants;
	const char *why;
};

#define RUN(a, w, want)                                 \
	{                                               \
		ROOT, 0, 0, a, w, false, -1, want, NULL \
	}
#define EXIT(kind, info, want, text)                                \
	{                                                           \
		ROOT, kind, info, NO_AGE, 10, false, -1, want, text \
	}
#define HIT(kind, info, want, text)                                \
	{                                                          \
		ROOT, kind, info, NO_AGE, 10, true, -1, want, text \
	}
#define GONE(word, want, text)                               \
	{                                                    \
		0, 0, 0, NO_AGE, 10, false, word, want, text \
	}

static struct scxray_num number(uint64_t value)
{
	return (struct scxray_num){ .value = value, .state = SCXRAY_PRESENT };
}

static struct scxray_look look_of(const struct step *step)
{
	struct scxray_look look = {
		.hz = number(250),
		.scx_root = number(step->root),
		.watchdog_timeout = number(TIMEOUT),
		.watchdog_age = number((uint64_t)step->watchdog),
		.latch = "not_triggered",
	};

	if (!step->root)
		look.scx_root.state = SCXRAY_NONE;
	if (step->age != NO_AGE)
		look.max_runnable_age = number((uint64_t)step->age);
	if (step->root) {
		look.exit_kind = number(step->exit_kind);
		look.exit_info_kind = number(step->exit_info_kind);
	}
	return look;
}

static const struct decide_config usual = { .early = true, .poll = true };
static struct decide d;

static void go(const struct step *steps, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		struct scxray_look look = look_of(&steps[i]);
		struct decide_witness witness = {
			.hit = steps[i].hit,
			.vcpu = 3,
			.has_last_word = steps[i].last_word >= 0,
			.last_word = (uint32_t)steps[i].last_word,
		};
		struct decision got;
		unsigned asks;

		decide_look(&d, &look, &witness, &got);
		asks = (got.attached ? A : 0) | (got.left ? L : 0) | (got.false_hit ? F : 0) |
		       (got.early ? EARLY : 0) | (got.late ? LATE : 0);
		ck_assert_msg(asks == steps[i].wants, "look %zu asks for %u, not %u", i, asks,
			      steps[i].wants);
		if (steps[i].why)
			ck_assert_str_eq(got.why, steps[i].why);
	}
}

#define GO(config, ...)                                      \
	do {                                                 \
		const struct step steps[] = { __VA_ARGS__ }; \
		decide_init(&d, &(config));                  \
		go(steps, ARRAY_SIZE(steps));                \
	} while (0)

static const char *skipped(void)
{
	static char buf[256];

	decide_skipped_reason(&d, buf, sizeof(buf));
	return buf;
}

START_TEST(a_stall_is_seen_early_and_late)
{
	GO(usual, GONE(-1, 0, NULL), RUN(NO_AGE, 10, A), RUN(5, 20, 0), RUN(998, 30, 0),
	   RUN(999, 40, 0), RUN(1000, 50, 0),
	   { ROOT, 0, 0, 1003, 60, false, -1, EARLY,
	     "half-way: a task runnable for 1003 of 2000 jiffies" },
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
	     "half-way: the watchdog's work not run for 1502 of 2000 jiffies" },
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

START_TEST(one_scheduler_after_another)
{
	GO(usual, RUN(5, 10, A), EXIT(1026, 0, L | LATE, NULL), GONE(1, 0, NULL),
	   /* the next at the same address, with its own early and late */
	   RUN(5, 10, A), RUN(1200, 10, 0), RUN(1200, 10, EARLY), EXIT(64, 0, L, NULL),
	   /* a third before anybody saw the second go: an exit kind that is 0 again */
	   RUN(5, 10, A), RUN(1200, 10, 0), RUN(1200, 10, EARLY),
	   /* a fourth elsewhere, and the third's word tells how it ended */
	   { OTHER, 0, 0, 5, 10, false, 1024, L | LATE, NULL },
	   { OTHER, 0, 0, 5, 10, false, -1, A, NULL },
	   { OTHER, 1025, 0, 5, 10, false, -1, L | LATE, NULL });
	ck_assert_uint_eq(d.instance, 4);
	/* one that was already ending when it was first seen */
	GO(usual, EXIT(1026, 0, A | L | LATE, NULL));
	ck_assert_str_eq(skipped(),
			 "scan prerequisites unavailable: the scheduler was first seen at "
			 "its end");
}
END_TEST

/* The root goes on, so the next look meets it as one that has come. */
START_TEST(a_sub_scheduler_ends)
{
	static const struct {
		uint64_t kind, kva;
		int64_t age;
		unsigned wants;
	} steps[] = {
		{ 0, 0, 1, A },
		{ 0, 0, TIMEOUT / 2, 0 },
		{ 0, 0, TIMEOUT / 2, EARLY },
		{ SCX_EXIT_ERROR_STALL, 0x5000, TIMEOUT, LATE | L },
		/* it takes a while to go; its tasks' ages are no second half-way */
		{ SCX_EXIT_ERROR_STALL, 0x5000, TIMEOUT, A },
		{ SCX_EXIT_ERROR_STALL, 0x5000, TIMEOUT, 0 },
		{ SCX_EXIT_ERROR_STALL, 0x5000, TIMEOUT, 0 },
		{ 0, 0, 1, 0 },
		/* unloaded, or ended with its parent: nothing to tell */
		{ 64, 0x5000, 1, 0 },
		{ 0xffff, 0x5000, 1, 0 },
		{ 0, 0, TIMEOUT / 2, 0 },
		{ 0, 0, TIMEOUT / 2, EARLY },
		/* another one that may have the first one's place in memory */
		{ SCX_EXIT_ERROR_STALL, 0x5000, TIMEOUT, LATE | L },
		{ 0, 0, 1, A },
	};

	decide_init(&d, &usual);
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct step step = RUN(steps[i].age, 10, 0);
		struct scxray_look look = look_of(&step);
		struct decide_witness witness = { 0 };
		struct decision got;
		unsigned asks;

		if (steps[i].kind) {
			look.sub_exit_kind = number(steps[i].kind);
			look.sub_exit_kva = number(steps[i].kva);
		}
		decide_look(&d, &look, &witness, &got);
		asks = (got.attached ? A : 0) | (got.left ? L : 0) | (got.early ? EARLY : 0) |
		       (got.late ? LATE : 0);
		ck_assert_msg(asks == steps[i].wants, "look %zu asks for %u, not %u", i, asks,
			      steps[i].wants);
		if (got.late)
			ck_assert_str_eq(got.why, "poll of a sub-scheduler's exit_kind");
	}
}
END_TEST

/* Where it stood on its watchpoint that says more, and is believed without a poll. */
START_TEST(a_sub_scheduler_ends_on_its_watchpoint)
{
	const struct decide_config no_poll = { .early = true };
	struct step step = RUN(1, 10, 0);
	struct scxray_look look = look_of(&step);
	struct decide_witness witness = { 0 };
	struct decision got;

	decide_init(&d, &no_poll);
	decide_look(&d, &look, &witness, &got);
	ck_assert(got.attached);
	/* by an orderly exit: nobody is to be kept for that */
	look.sub_exit_kind = number(64);
	look.sub_exit_kva = number(0x5000);
	witness.hit = true;
	witness.vcpu = 2;
	decide_look(&d, &look, &witness, &got);
	ck_assert(got.false_hit && !got.late);
	look.sub_exit_kind = number(SCX_EXIT_ERROR_STALL);
	witness.hit = false;
	decide_look(&d, &look, &witness, &got);
	ck_assert(!got.late && !got.false_hit);
	witness.hit = true;
	decide_look(&d, &look, &witness, &got);
	ck_assert(got.late && got.left && !got.false_hit);
	ck_assert_str_eq(got.why, "watchpoint on a sub-scheduler's exit_kind (vCPU 2)");
}
END_TEST

START_TEST(a_reboot_is_another_scheduler)
{
	const struct step before[] = { RUN(5, 10, A) };
	const struct step after[] = { GONE(1026, 0, NULL), RUN(5, 10, A) };

	decide_init(&d, &usual);
	go(before, 1);
	decide_forget(&d);
	go(after, 2);
	ck_assert_uint_eq(d.instance, 2);
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

START_TEST(a_former_schedulers_record)
{
	struct step first = RUN(17, 10, 0);
	struct scxray_look look = look_of(&first);
	struct decide_witness witness = { 0 };
	struct decision got;

	decide_init(&d, &usual);
	/* what was left of the one before, until the record of this one is found */
	look.latch = "triggered";
	decide_look(&d, &look, &witness, &got);
	ck_assert(got.attached && !got.left && !got.late);
	decide_look(&d, &look, &witness, &got);
	ck_assert(!got.left && !got.late);
	look.latch = "not_triggered";
	decide_look(&d, &look, &witness, &got);
	ck_assert(!got.left && !got.late);
	look.latch = "triggered";
	decide_look(&d, &look, &witness, &got);
	ck_assert(got.left && got.late);
	/* and the next one's begins anew */
	look.scx_root = number(OTHER);
	decide_look(&d, &look, &witness, &got);
	ck_assert(got.attached && !got.late);
	decide_look(&d, &look, &witness, &got);
	ck_assert(!got.left && !got.late);
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
	&one_scheduler_after_another,
	&a_sub_scheduler_ends,
	&a_sub_scheduler_ends_on_its_watchpoint,
	&a_reboot_is_another_scheduler,
	&what_can_not_be_read_changes_nothing,
	&a_former_schedulers_record,
	&why_there_is_no_early_half,
	&a_timeout_that_the_host_gives,
};
UNIT_MAIN("plugin decide", tests)
