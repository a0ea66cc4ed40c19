/* SPDX-License-Identifier: BSD-2-Clause */
/* plugin_decide_schedulers.c - several schedulers, one after the other and one below the other */
#include "tests/unit/decide_fixture.h"

#define OTHER 0xffff888005678000ULL

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

static const unit_test tests[] = {
	&one_scheduler_after_another,
	&a_sub_scheduler_ends,
	&a_sub_scheduler_ends_on_its_watchpoint,
	&a_reboot_is_another_scheduler,
	&a_former_schedulers_record,
};

UNIT_MAIN("plugin_decide_schedulers", tests)
