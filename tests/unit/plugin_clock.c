/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plugin_clock.c - how the guest's clocks are held back, on a KVM that is a model
 *
 * Neither a software KVM's TSC nor an old KVM's ways can be had everywhere, so ioctl() is
 * the test's own here: a TSC of 1 GHz with an offset for each vCPU, KVM_VCPU_TSC_OFFSET,
 * MSR_IA32_TSC as kvm_synchronize_tsc() takes it, and kvmclock.  The "guest" of each vCPU
 * reads both clocks all the time, and looks whether any is behind what another vCPU saw.
 */
#include "tests/unit/clock_model.h"

/* The guest's clocks did not see the pause, and it is known what else they saw. */
static void held_back(const struct frozen *frozen, uint32_t ms)
{
	ck_assert_str_eq(frozen->result.clock, "TSC and kvmclock set back");
	ck_assert_uint_ge(frozen->us - frozen->tsc_us, ms * 1000);
	ck_assert_uint_ge(frozen->us - frozen->kvmclock_us, ms * 1000);
	ck_assert_int_ge(frozen->result.guest_clock_us, 0);
	ck_assert_int_le(frozen->result.guest_clock_us, (int64_t)frozen->tsc_us + 1000);
}

/* ---- tests ------------------------------------------------------------------ */

START_TEST(by_offset)
{
	struct frozen frozen;

	setup(&(struct model){ .has_offset = true }, 0);
	for (int i = 0; i < 3; i++) {
		freeze(300, &frozen);
		held_back(&frozen, 300);
		all_in_step();
	}
	printf("by offset: guest saw %ld of %lu us\n", (long)frozen.result.guest_clock_us,
	       frozen.result.frozen_us);
	teardown();
}
END_TEST

START_TEST(short_ones)
{
	struct frozen frozen;

	setup(&(struct model){ .has_offset = true }, 0);
	for (int i = 0; i < 300; i++)
		freeze(0, &frozen);
	all_in_step();
	teardown();
}
END_TEST

/* vCPUs whose TSCs differ keep their distance. */
START_TEST(not_in_step_before)
{
	struct frozen frozen;

	setup(&(struct model){ .has_offset = true }, 7000000);
	freeze(300, &frozen);
	held_back(&frozen, 300);
	for (uint32_t i = 0; i < NR; i++)
		ck_assert_uint_eq(kvm.offset[i], kvm.offset[0] + i * 7000000);
	end(); /* these do see times before others', always */
}
END_TEST

/* Below a second KVM takes a plain write for an attempt to be in step. */
START_TEST(by_msr)
{
	struct frozen frozen;

	setup(&(struct model){ 0 }, 0);
	for (int i = 0; i < 3; i++) {
		freeze(300, &frozen);
		held_back(&frozen, 300);
		all_in_step();
	}
	freeze(1500, &frozen);
	held_back(&frozen, 1500);
	all_in_step();
	teardown();
}
END_TEST

START_TEST(a_tsc_that_does_not_move)
{
	struct frozen frozen;

	setup(&(struct model){ .has_offset = true, .fixed = true }, 0);
	for (int i = 0; i < 2; i++) {
		freeze(100, &frozen);
		ck_assert_str_eq(frozen.result.clock, "kvmclock set back, TSC not moved");
		ck_assert_uint_ge(frozen.us - frozen.kvmclock_us, 100000);
		/* the one that went further: the TSC, by all of it */
		ck_assert_int_ge(frozen.result.guest_clock_us, 100000);
	}
	teardown();
}
END_TEST

static const unit_test tests[] = {
	&by_offset, &short_ones, &not_in_step_before, &by_msr, &a_tsc_that_does_not_move,
};

UNIT_MAIN("plugin_clock", tests)
