/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plugin_freeze_vcpus.c - vCPUs that start, stop and are sampled; what a host may do and forget
 */
#include "tests/unit/freeze_fixture.h"

#define LONG_MS 30000

static void stop_vcpu(struct tiny_vm *tiny, uint32_t index)
{
	tiny->vcpus[index].leave = true;
	while (!tiny->vcpus[index].ended) {
		tiny_vm_interrupt(tiny, index);
		usleep(200);
	}
}

START_TEST(a_stopped_vcpu_counts_with_its_registers)
{
	struct tiny_vm *tiny = two(TINY_RING3, TINY_RING3);
	struct kvm_regs regs;
	struct freeze_result result;
	const struct scxray_live_vcpu *live;

	stop_vcpu(tiny, 1);
	freeze_begin(tiny->vm, LONG_MS, &result);
	ck_assert(result.complete);
	ck_assert_uint_eq(result.nr_parked, 2);
	live = &freeze_vcpus(tiny->vm)[1];
	ck_assert(live->parked);
	ck_assert_int_eq(ioctl(tiny->vcpus[1].fd, KVM_GET_REGS, &regs), 0);
	ck_assert_uint_eq(live->regs.value[SCXRAY_REG_RAX], regs.rax);
	ck_assert_uint_eq(live->regs.value[SCXRAY_REG_RIP], regs.rip);
	freeze_end(tiny->vm, &result);
	moved_on_from_now(tiny);
	tiny_vm_destroy(tiny);
}
END_TEST

static void *leave_soon(void *arg)
{
	struct tiny_vcpu *v = arg;

	usleep(30000);
	v->leave = true;
	v->stuck = false;
	return NULL;
}

/* It is not waited for any longer, from the moment that it stops. */
START_TEST(a_vcpu_stops_during_a_freeze)
{
	struct tiny_vm *tiny = two(TINY_RING3, TINY_PORTS);
	struct freeze_result result;
	pthread_t thread;

	tiny->vcpus[1].stuck = true;
	while (!tiny->vcpus[1].is_stuck)
		usleep(200);
	pthread_create(&thread, NULL, leave_soon, &tiny->vcpus[1]);
	freeze_begin(tiny->vm, LONG_MS, &result);
	ck_assert(result.complete);
	ck_assert_uint_lt(result.park_us, LONG_MS * 1000);
	ck_assert(freeze_vcpus(tiny->vm)[1].parked);
	freeze_end(tiny->vm, &result);
	pthread_join(thread, NULL);
	moved_on_from_now(tiny);
	tiny_vm_destroy(tiny);
}
END_TEST

START_TEST(a_vcpu_starts_during_a_freeze)
{
	struct tiny_vm *tiny = two(TINY_RING3, TINY_RING3);
	struct freeze_result result;
	uint64_t before;

	stop_vcpu(tiny, 1);
	freeze_begin(tiny->vm, LONG_MS, &result);
	ck_assert(result.complete);
	before = tiny_vm_counter(tiny, 1);
	tiny_vm_start_vcpu(tiny, 1);
	usleep(30000);
	ck_assert_uint_eq(tiny_vm_counter(tiny, 1), before);
	freeze_end(tiny->vm, &result);
	while (tiny_vm_counter(tiny, 1) == before)
		usleep(200);
	complete_freeze(tiny);
	tiny_vm_destroy(tiny);
}
END_TEST

static void *start_and_stop(void *arg)
{
	struct tiny_vm *tiny = arg;

	for (int i = 0; i < 200; i++) {
		stop_vcpu(tiny, 1);
		usleep(100);
		tiny_vm_start_vcpu(tiny, 1);
		usleep((useconds_t)(i % 7 * 100));
	}
	return NULL;
}

START_TEST(vcpus_start_and_stop_while_freezes_come)
{
	struct tiny_vm *tiny = two(TINY_PORTS, TINY_RING3);
	_Atomic bool done = false;
	pthread_t thread;

	pthread_create(&thread, NULL, start_and_stop, tiny);
	for (int i = 0; i < 300 && !done; i++) {
		uint64_t frozen[2], later[2];
		struct freeze_result result;

		freeze_begin(tiny->vm, LONG_MS, &result);
		ck_assert(result.complete);
		tiny_vm_counters(tiny, frozen);
		usleep(100);
		tiny_vm_counters(tiny, later);
		freeze_end(tiny->vm, &result);
		ck_assert_uint_eq(frozen[0], later[0]);
		ck_assert_uint_eq(frozen[1], later[1]);
		usleep((useconds_t)(i % 5 * 100));
	}
	pthread_join(thread, NULL);
	moved_on_from_now(tiny);
	ck_assert_uint_eq(tiny_vm_errors(tiny), 0);
	tiny_vm_destroy(tiny);
}
END_TEST

START_TEST(nobody_has_started)
{
	struct tiny_vm *tiny = tiny_vm_create(2, (enum tiny_program[]){ TINY_RING0, TINY_RING0 });
	struct scxray_plugin_host host;
	struct scxray_plugin_vcpu vcpus[TINY_MAX_VCPUS];
	struct scxray_error err;
	struct freeze_result result;
	struct vm *vm;

	tiny->announce = true;
	tiny_vm_describe(tiny, &host, vcpus);
	vm = vm_create(&host, &err);
	ck_assert_ptr_nonnull(vm);
	freeze_begin(vm, LONG_MS, &result);
	ck_assert(result.complete);
	ck_assert_uint_eq(result.nr_parked, 0);
	ck_assert(!freeze_vcpus(vm)[0].parked);
	freeze_end(vm, &result);
	ck_assert_str_eq(result.clock, "not held back: no vCPU ran");
	vm_destroy(vm);
	tiny_vm_destroy(tiny);
}
END_TEST

/* Neither vcpu_start() nor a tid: its first exit shows who runs it. */
START_TEST(a_host_that_forgets_vcpu_start)
{
	struct tiny_vm *tiny = tiny_vm_create(2, (enum tiny_program[]){ TINY_PORTS, TINY_HLT });

	tiny->silent = true;
	tiny_vm_start(tiny, true, 0);
	moved_on_from_now(tiny);
	moved_on_from_now(tiny);
	for (int i = 0; i < 20; i++)
		complete_freeze(tiny);
	ck_assert_uint_eq(tiny_vm_errors(tiny), 0);
	tiny_vm_destroy(tiny);
}
END_TEST

static void *first_exit(void *arg)
{
	vm_vcpu_exit(arg, 1, -EINTR);
	return NULL;
}

/* A thread that nobody has told of comes out of the guest when all others stand. */
START_TEST(first_seen_during_a_freeze)
{
	struct tiny_vm *tiny = tiny_vm_create(2, (enum tiny_program[]){ TINY_RING0, TINY_RING0 });
	struct scxray_plugin_host host;
	struct scxray_plugin_vcpu vcpus[TINY_MAX_VCPUS];
	struct scxray_error err;
	struct freeze_result result;
	struct timespec soon;
	pthread_t thread;
	struct vm *vm;

	tiny->announce = true;
	tiny_vm_describe(tiny, &host, vcpus);
	vm = vm_create(&host, &err);
	ck_assert_ptr_nonnull(vm);
	freeze_begin(vm, LONG_MS, &result);
	ck_assert(result.complete);
	pthread_create(&thread, NULL, first_exit, vm);
	clock_gettime(CLOCK_REALTIME, &soon);
	soon.tv_sec++;
	/* it parks ... */
	ck_assert_int_eq(pthread_timedjoin_np(thread, NULL, &soon), ETIMEDOUT);
	/* ... and it had run until then */
	freeze_end(vm, &result);
	ck_assert(!result.complete);
	ck_assert_ptr_nonnull(strstr(result.failure, "first seen during the freeze"));
	ck_assert_ptr_nonnull(strstr(result.clock, "not held back"));
	pthread_join(thread, NULL);
	vm_vcpu_stop(vm, 1);
	/* from now on it is known */
	freeze_begin(vm, LONG_MS, &result);
	freeze_end(vm, &result);
	ck_assert(result.complete);
	vm_destroy(vm);
	tiny_vm_destroy(tiny);
}
END_TEST

/* Registers while the guest runs: each vCPU's own, and nobody stays behind. */
START_TEST(samples)
{
	static const enum tiny_program programs[] = { TINY_RING3, TINY_PORTS, TINY_HLT, TINY_MMIO };
	struct tiny_vm *tiny = tiny_vm_create(4, programs);
	struct scxray_live_vcpu live[4];

	tiny_vm_start(tiny, true, 0);
	moved_on_from_now(tiny);
	for (int n = 0; n < 200; n++) {
		vm_sample_regs(tiny->vm, live, LONG_MS);
		for (uint32_t i = 0; i < 4; i++) {
			ck_assert(live[i].parked);
			ck_assert_uint_eq(live[i].regs.value[SCXRAY_REG_GS_BASE], 0x2000 + i);
		}
		if (n % 10 == 0)
			complete_freeze(tiny);
	}
	moved_on_from_now(tiny);
	tiny->vcpus[1].stuck = true;
	while (!tiny->vcpus[1].is_stuck)
		usleep(200);
	vm_sample_regs(tiny->vm, live, 50);
	for (uint32_t i = 0; i < 4; i++)
		ck_assert_int_eq(live[i].parked, i != 1);
	ck_assert_uint_eq(tiny_vm_errors(tiny), 0);
	tiny_vm_destroy(tiny);
}
END_TEST

/* What each exit of a guest costs while nobody freezes it: printed, not judged. */
START_TEST(cost_of_an_exit)
{
	struct tiny_vm *tiny = tiny_vm_create(1, (enum tiny_program[]){ TINY_RING3 });
	struct scxray_plugin_host host;
	struct scxray_plugin_vcpu vcpus[TINY_MAX_VCPUS];
	struct scxray_error err;
	const uint32_t calls = 2000000;
	uint32_t handle = 0;
	uint64_t begin;
	struct vm *vm;

	tiny->announce = true;
	tiny_vm_describe(tiny, &host, vcpus);
	vm = vm_create(&host, &err);
	vm_vcpu_start(vm, 0);
	tiny->vcpus[0].run->exit_reason = KVM_EXIT_IO;
	begin = now_ns();
	for (uint32_t i = 0; i < calls; i++)
		handle += vm_vcpu_exit(vm, 0, 0) == SCXRAY_VCPU_HANDLE;
	ck_assert_uint_eq(handle, calls);
	printf("vcpu_exit without a freeze: %.1f ns\n", (double)(now_ns() - begin) / calls);
	vm_destroy(vm);
	tiny_vm_destroy(tiny);
}
END_TEST

static const unit_test tests[] = {
	&first_seen_during_a_freeze,
	&a_stopped_vcpu_counts_with_its_registers,
	&a_vcpu_stops_during_a_freeze,
	&a_vcpu_starts_during_a_freeze,
	&vcpus_start_and_stop_while_freezes_come,
	&nobody_has_started,
	&a_host_that_forgets_vcpu_start,
	&samples,
	&cost_of_an_exit,
};

UNIT_MAIN_KVM("plugin_freeze_vcpus", tests)
