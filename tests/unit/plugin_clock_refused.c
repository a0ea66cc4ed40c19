/* SPDX-License-Identifier: BSD-2-Clause */
/* plugin_clock_refused.c - clocks that KVM does not let go back, and vCPUs that were not there */
#include "tests/unit/clock_model.h"

START_TEST(kvm_refuses)
{
	struct frozen frozen;

	setup(&(struct model){ .has_offset = true, .refuses_clock = true }, 0);
	freeze(100, &frozen);
	ck_assert_str_eq(frozen.result.clock, "TSC set back, kvmclock not: KVM refuses");
	ck_assert_int_ge(frozen.result.guest_clock_us, 100000);
	kvm.fixed = true;
	freeze(100, &frozen);
	ck_assert_str_eq(frozen.result.clock, "not held back: KVM moves neither TSC nor kvmclock");
	teardown();
}
END_TEST

/* One vCPU's TSC cannot be set: better all as they were than out of step. */
START_TEST(kvm_refuses_one)
{
	struct frozen frozen;

	setup(&(struct model){ .has_offset = true, .refuses_at = 3 }, 0);
	freeze(100, &frozen);
	ck_assert_str_eq(frozen.result.clock, "kvmclock set back, TSC not moved");
	all_in_step();
	teardown();
}
END_TEST

/* One that has stopped is not touched, and is in step again before it runs again. */
START_TEST(a_stopped_vcpu_catches_up)
{
	struct frozen frozen;
	uint64_t before;

	setup(&(struct model){ .has_offset = true }, 0);
	guest.stop_one[2] = true;
	pthread_join(guest.thread[2], NULL);
	before = kvm.offset[2];
	freeze(100, &frozen);
	freeze(100, &frozen);
	ck_assert_uint_eq(kvm.offset[2], before);
	ck_assert_uint_ne(kvm.offset[0], before);
	start_one(2);
	before = guest.rounds[2];
	while (guest.rounds[2] == before)
		usleep(100);
	all_in_step();
	teardown();
}
END_TEST

/* A vCPU that ran through the freeze has seen its time: nobody's goes back. */
START_TEST(degraded)
{
	struct freeze_result result;
	uint64_t before = 0, kvmclock;

	setup(&(struct model){ .has_offset = true }, 0);
	before = kvm.offset[0];
	kvmclock = kvm.kvmclock;
	guest.stuck[1] = true;
	freeze_begin(guest.vm, 100, &result);
	ck_assert(!result.complete);
	freeze_end(guest.vm, &result);
	guest.stuck[1] = false;
	ck_assert_uint_eq(kvm.offset[0], before);
	ck_assert_uint_eq(kvm.kvmclock, kvmclock);
	ck_assert_int_eq(result.guest_clock_us, -1);
	all_in_step();
	teardown();
}
END_TEST

static const unit_test tests[] = {
	&kvm_refuses,
	&kvm_refuses_one,
	&degraded,
	&a_stopped_vcpu_catches_up,
};

UNIT_MAIN("plugin_clock_refused", tests)
