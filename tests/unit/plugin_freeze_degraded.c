/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plugin_freeze_degraded.c - vCPUs that do not come: stuck, dead, standing still; an abort
 */
#include <errno.h>
#include <unistd.h>

#include "tests/lib/freeze_rounds.h"
#include "tests/lib/unit.h"

static const enum tiny_program programs[] = { TINY_RING3, TINY_PORTS, TINY_HLT };
#define NR 3
#define SHORT_MS 100
#define LONG_MS 30000

static struct tiny_vm *started(void)
{
	struct tiny_vm *tiny = tiny_vm_create(NR, programs);
	uint64_t from[NR] = { 0 };

	tiny_vm_start(tiny, true, 0);
	ck_assert(tiny_vm_moved_on(tiny, from));
	return tiny;
}

static void get_stuck(struct tiny_vm *tiny, uint32_t index)
{
	tiny->vcpus[index].stuck = true;
	while (!tiny->vcpus[index].is_stuck)
		usleep(200);
}

/* A freeze without vCPU 1, the others parked. */
static void freeze_without_one(struct tiny_vm *tiny, uint32_t deadline_ms,
			       struct freeze_result *result)
{
	freeze_begin(tiny->vm, deadline_ms, result);
	ck_assert(!result->complete);
	ck_assert_uint_eq(result->nr_vcpus, NR);
	ck_assert_uint_eq(result->nr_parked, NR - 1);
	for (uint32_t i = 0; i < NR; i++)
		ck_assert_int_eq(freeze_vcpus(tiny->vm)[i].parked, i != 1);
}

static void go_on(struct tiny_vm *tiny, struct freeze_result *result)
{
	uint64_t from[NR];

	tiny_vm_counters(tiny, from);
	freeze_end(tiny->vm, result);
	ck_assert_str_eq(result->clock, "not held back: not all vCPUs were parked");
	ck_assert(tiny_vm_moved_on(tiny, from));
}

static void complete_again(struct tiny_vm *tiny)
{
	struct freeze_result result;
	const char *wrong = freeze_once(tiny, &result);

	ck_assert_msg(!wrong, "%s", wrong);
	ck_assert_uint_eq(tiny_vm_errors(tiny), 0);
}

START_TEST(stuck_in_its_exit_handler)
{
	struct tiny_vm *tiny = started();
	struct freeze_result result;

	get_stuck(tiny, 1);
	freeze_without_one(tiny, SHORT_MS, &result);
	ck_assert(!result.aborted);
	ck_assert_uint_ge(result.park_us, SHORT_MS * 1000);
	go_on(tiny, &result);
	ck_assert_uint_ge(result.frozen_us, result.park_us);

	/* still stuck: late for the first is not parked for the second */
	freeze_without_one(tiny, SHORT_MS, &result);
	go_on(tiny, &result);
	tiny->vcpus[1].stuck = false;
	complete_again(tiny);
	tiny_vm_destroy(tiny);
}
END_TEST

START_TEST(late_but_within_the_freeze)
{
	struct tiny_vm *tiny = started();
	struct freeze_result result;
	uint64_t before;

	get_stuck(tiny, 1);
	freeze_without_one(tiny, SHORT_MS, &result);
	tiny->vcpus[1].stuck = false;
	while (tiny->vcpus[1].is_stuck)
		usleep(200);
	usleep(20000);
	/* it has come, and stays; what was reported stays, too */
	before = tiny_vm_counter(tiny, 1);
	usleep(20000);
	ck_assert_uint_eq(tiny_vm_counter(tiny, 1), before);
	ck_assert(!freeze_vcpus(tiny->vm)[1].parked);
	go_on(tiny, &result);
	complete_again(tiny);
	tiny_vm_destroy(tiny);
}
END_TEST

/* Its thread has ended without a word: no deadline has to pass to know that. */
START_TEST(dead_thread)
{
	struct tiny_vm *tiny = started();
	struct freeze_result result;
	uint64_t before;

	tiny->vcpus[1].die = true;
	while (!tiny->vcpus[1].ended)
		tiny_vm_interrupt(tiny, 1);
	pthread_join(tiny->vcpus[1].thread, NULL);
	freeze_without_one(tiny, LONG_MS, &result);
	ck_assert_uint_lt(result.park_us, LONG_MS * 1000);
	go_on(tiny, &result);
	tiny->vcpus[1].die = false;
	before = tiny_vm_counter(tiny, 1);
	tiny_vm_start_vcpu(tiny, 1);
	while (tiny_vm_counter(tiny, 1) == before)
		usleep(200);
	complete_again(tiny);
	tiny_vm_destroy(tiny);
}
END_TEST

/* As by a debugger: the thread exists, and executes nothing of its own. */
START_TEST(thread_that_stands_still)
{
	struct tiny_vm *tiny = started();
	struct freeze_result result;

	tiny_vm_halt_thread(tiny, 1, true);
	usleep(5000);
	freeze_without_one(tiny, SHORT_MS, &result);
	tiny->vcpus[1].stuck = true; /* not to be waited for */
	go_on(tiny, &result);
	tiny->vcpus[1].stuck = false;
	tiny_vm_halt_thread(tiny, 1, false);
	complete_again(tiny);
	tiny_vm_destroy(tiny);
}
END_TEST

/* The thread stands still while it is parked; the others do not wait for it. */
START_TEST(thread_that_stands_still_parked)
{
	struct tiny_vm *tiny = started();
	struct freeze_result result;
	uint64_t from[NR];

	freeze_begin(tiny->vm, LONG_MS, &result);
	ck_assert(result.complete);
	tiny_vm_halt_thread(tiny, 1, true);
	usleep(5000);
	tiny_vm_counters(tiny, from);
	freeze_end(tiny->vm, &result);
	tiny->vcpus[1].stuck = true; /* not to be waited for */
	ck_assert(tiny_vm_moved_on(tiny, from));
	ck_assert_uint_eq(tiny_vm_counter(tiny, 1), from[1]);
	tiny->vcpus[1].stuck = false;
	/* the next freeze comes while it has not even woken from the last */
	freeze_without_one(tiny, SHORT_MS, &result);
	tiny_vm_halt_thread(tiny, 1, false);
	go_on(tiny, &result);
	complete_again(tiny);
	tiny_vm_destroy(tiny);
}
END_TEST

static void *abort_soon(void *arg)
{
	usleep(30000);
	vm_abort(arg);
	return NULL;
}

START_TEST(abort_ends_the_wait)
{
	struct tiny_vm *tiny = started();
	struct freeze_result result;
	pthread_t thread;

	get_stuck(tiny, 1);
	pthread_create(&thread, NULL, abort_soon, tiny->vm);
	freeze_without_one(tiny, LONG_MS, &result);
	ck_assert(result.aborted);
	ck_assert_uint_lt(result.park_us, LONG_MS * 1000);
	pthread_join(thread, NULL);
	go_on(tiny, &result);
	/* and for good, as the VM ends: the next one waits for nobody */
	freeze_begin(tiny->vm, LONG_MS, &result);
	ck_assert(!result.complete);
	ck_assert(result.aborted);
	ck_assert_uint_lt(result.park_us, LONG_MS * 1000);
	go_on(tiny, &result);
	tiny_vm_destroy(tiny);
}
END_TEST

START_TEST(devices_that_do_not_pause)
{
	struct tiny_vm *tiny = started();
	struct freeze_result result;

	tiny->pause_result = -EBUSY;
	freeze_begin(tiny->vm, LONG_MS, &result);
	ck_assert(result.complete);
	ck_assert_str_eq(result.devices, "not paused: the host was busy");
	freeze_end(tiny->vm, &result);
	ck_assert_int_eq(tiny->paused, 1);
	ck_assert_int_eq(tiny->resumed, 0);
	tiny_vm_destroy(tiny);
}
END_TEST

static const unit_test tests[] = {
	&stuck_in_its_exit_handler, &late_but_within_the_freeze,      &dead_thread,
	&thread_that_stands_still,  &thread_that_stands_still_parked, &abort_ends_the_wait,
	&devices_that_do_not_pause,
};

UNIT_MAIN_KVM("plugin_freeze_degraded", tests)
