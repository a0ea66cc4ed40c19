/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plugin_watchpoint.c - the watchpoint's states, who holds and who goes on
 *
 * A software KVM accepts KVM_SET_GUEST_DEBUG and then never stops at a write: here the exits
 * are made by hand.  Real hits are shown where a true KVM runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/lib/freeze_rounds.h"
#include "tests/lib/unit.h"
#include "watch/now.h"

#define KVA 0xffffffff82345678ULL
#define LONG_MS 30000
#define DR7_OF_4 0x000d0402u /* G0, writes, 4 bytes */
#define DR6_B0 1u
#define DR6_BS (1u << 14)

static void watch_word(struct vm *vm, uint64_t kva, uint32_t size)
{
	const struct watchpoint_words words = { .kva = { kva }, .nr = kva != 0, .size = size };

	watchpoint_set(vm, &words);
}

/* ---- with threads ----------------------------------------------------------- */

static _Atomic int woken;

static void wake(void *arg)
{
	(void)arg;
	woken++;
}

static struct tiny_vm *started(void)
{
	struct tiny_vm *tiny = tiny_vm_create(2, (enum tiny_program[]){ TINY_RING3, TINY_RING3 });
	uint64_t from[2] = { 0 };

	tiny_vm_start(tiny, true, 0);
	vm_machine(tiny->vm)->wake = wake;
	ck_assert(tiny_vm_moved_on(tiny, from));
	return tiny;
}

/* vCPU 1 hits it: the watcher is woken, that vCPU stands, the other does not. */
static void hit(struct tiny_vm *tiny)
{
	uint64_t before, other;
	uint32_t vcpu = 99;
	int count = woken;

	ck_assert_int_eq(watchpoint_state(tiny->vm), WATCHPOINT_ARMED);
	tiny->vcpus[1].fake_hit = true;
	while (woken == count) {
		tiny_vm_interrupt(tiny, 1);
		usleep(500);
	}
	ck_assert(watchpoint_hit(tiny->vm, &vcpu));
	ck_assert_uint_eq(vcpu, 1);
	before = tiny_vm_counter(tiny, 1);
	other = tiny_vm_counter(tiny, 0);
	usleep(20000);
	ck_assert_uint_eq(tiny_vm_counter(tiny, 1), before);
	while (tiny_vm_counter(tiny, 0) == other)
		usleep(200);
}

/* Both move, and the exit was the plugin's own. */
static void moves_again(struct tiny_vm *tiny)
{
	uint64_t from[2];

	tiny_vm_counters(tiny, from);
	ck_assert(tiny_vm_moved_on(tiny, from));
	while (tiny->vcpus[1].consumed != 1)
		usleep(200);
	ck_assert_uint_eq(tiny_vm_errors(tiny), 0);
}

/* Set, and known to be in the debug registers of both. */
static void set(struct tiny_vm *tiny, uint64_t kva)
{
	struct scxray_live_vcpu live[2];

	watch_word(tiny->vm, kva, 4);
	vm_sample_regs(tiny->vm, live, LONG_MS);
	ck_assert(live[0].parked && live[1].parked);
}

START_TEST(a_hit_holds_until_the_freeze_has_ended)
{
	struct tiny_vm *tiny = started();
	struct freeze_result result;
	uint64_t before;

	set(tiny, KVA);
	hit(tiny);
	before = tiny_vm_counter(tiny, 1);
	freeze_begin(tiny->vm, LONG_MS, &result);
	ck_assert(result.complete);
	ck_assert(freeze_vcpus(tiny->vm)[1].parked);
	ck_assert_uint_eq(tiny_vm_counter(tiny, 1), before);
	freeze_end(tiny->vm, &result);
	moves_again(tiny);
	tiny_vm_destroy(tiny);
}
END_TEST

START_TEST(a_hit_is_let_go_when_the_watchpoint_is_taken_away)
{
	struct tiny_vm *tiny = started();
	uint32_t vcpu;

	set(tiny, KVA);
	hit(tiny);
	set(tiny, 0);
	moves_again(tiny);
	ck_assert_int_eq(watchpoint_state(tiny->vm), WATCHPOINT_OFF);
	ck_assert(!watchpoint_hit(tiny->vm, &vcpu));
	tiny_vm_destroy(tiny);
}
END_TEST

START_TEST(a_hit_is_let_go_when_it_is_set_anew)
{
	struct tiny_vm *tiny = started();
	uint32_t vcpu;

	set(tiny, KVA);
	hit(tiny);
	set(tiny, KVA);
	moves_again(tiny);
	ck_assert_int_eq(watchpoint_state(tiny->vm), WATCHPOINT_ARMED);
	ck_assert(!watchpoint_hit(tiny->vm, &vcpu));
	tiny_vm_destroy(tiny);
}
END_TEST

/* While it holds it can be asked for its registers, and still holds. */
START_TEST(a_sample_does_not_let_go)
{
	struct tiny_vm *tiny = started();
	struct scxray_live_vcpu live[2];
	uint64_t before;

	set(tiny, KVA);
	hit(tiny);
	before = tiny_vm_counter(tiny, 1);
	vm_sample_regs(tiny->vm, live, LONG_MS);
	ck_assert(live[1].parked);
	usleep(20000);
	ck_assert_uint_eq(tiny_vm_counter(tiny, 1), before);
	vm_abort(tiny->vm);
	moves_again(tiny);
	tiny_vm_destroy(tiny);
}
END_TEST

/* Nobody comes: after ten seconds the guest goes on by itself. */
START_TEST(a_lost_watcher_does_not_hang_the_guest)
{
	struct tiny_vm *tiny = started();
	uint64_t begin;

	set(tiny, KVA);
	begin = now_ns();
	hit(tiny);
	while (tiny->vcpus[1].consumed != 1)
		usleep(1000);
	ck_assert_uint_ge(now_ns() - begin, 9 * NS_PER_SEC);
	moves_again(tiny);
	tiny_vm_destroy(tiny);
}
END_TEST

/* Before the plugin is unloaded: also after an abort, and not for ever. */
START_TEST(out_of_all_debug_registers)
{
	struct tiny_vm *tiny = started();

	set(tiny, KVA);
	ck_assert(!watchpoint_gone(tiny->vm, 20));
	vm_abort(tiny->vm);
	watchpoint_set(tiny->vm, NULL);
	ck_assert(watchpoint_gone(tiny->vm, LONG_MS));
	/* no hit can come any more: such an exit is the host's */
	tiny->vcpus[1].fake_hit = true;
	while (!tiny->vcpus[1].unexpected) {
		tiny_vm_interrupt(tiny, 1);
		usleep(500);
	}
	ck_assert_uint_eq(tiny->vcpus[1].consumed, 0);
	tiny_vm_destroy(tiny);
}
END_TEST

/* ---- on the test's own thread ----------------------------------------------- */

struct alone {
	struct tiny_vm *tiny;
	struct vm *vm;
	struct kvm_run *run;
};

static void alone_init(struct alone *a, int vcpu_fd)
{
	struct scxray_plugin_host host;
	struct scxray_plugin_vcpu vcpus[TINY_MAX_VCPUS];
	struct scxray_error err;

	a->tiny = tiny_vm_create(1, (enum tiny_program[]){ TINY_RING3 });
	a->tiny->announce = true;
	tiny_vm_describe(a->tiny, &host, vcpus);
	if (vcpu_fd >= 0)
		vcpus[0].fd = vcpu_fd;
	a->vm = vm_create(&host, &err);
	ck_assert_ptr_nonnull(a->vm);
	a->run = a->tiny->vcpus[0].run;
	vm_vcpu_start(a->vm, 0);
}

static void alone_deinit(struct alone *a)
{
	vm_vcpu_stop(a->vm, 0);
	vm_destroy(a->vm);
	tiny_vm_destroy(a->tiny);
}

static int debug_exit(struct alone *a, uint32_t exception, uint64_t dr6, uint64_t dr7)
{
	a->run->exit_reason = KVM_EXIT_DEBUG;
	a->run->debug.arch.exception = exception;
	a->run->debug.arch.dr6 = 0xffff0ff0u | dr6;
	a->run->debug.arch.dr7 = dr7;
	return vm_vcpu_exit(a->vm, 0, 0);
}

START_TEST(a_debug_exit_of_the_hosts_own)
{
	struct alone a;
	uint32_t vcpu;

	alone_init(&a, -1);
	ck_assert_int_eq(watchpoint_state(a.vm), WATCHPOINT_OFF);
	ck_assert_int_eq(debug_exit(&a, 1, DR6_B0, DR7_OF_4), SCXRAY_VCPU_HANDLE);
	watch_word(a.vm, KVA, 4);
	ck_assert_int_eq(vm_vcpu_exit(a.vm, 0, -EINTR), SCXRAY_VCPU_HANDLE);
	ck_assert_int_eq(watchpoint_state(a.vm), WATCHPOINT_ARMED);
	/* a breakpoint instruction; a single step with another DR7 than ours */
	ck_assert_int_eq(debug_exit(&a, 3, 0, 0), SCXRAY_VCPU_HANDLE);
	ck_assert_int_eq(debug_exit(&a, 1, DR6_BS, 0x400), SCXRAY_VCPU_HANDLE);
	ck_assert(!watchpoint_hit(a.vm, &vcpu));
	alone_deinit(&a);
}
END_TEST

/* The guest steps itself: with our DR7 in force that #DB comes here, and goes back to it. */
START_TEST(a_trap_of_the_guests_own)
{
	struct alone a;
	struct kvm_debugregs regs;
	uint32_t vcpu;

	alone_init(&a, -1);
	watch_word(a.vm, KVA, 4);
	vm_vcpu_exit(a.vm, 0, -EINTR);
	ck_assert_int_eq(debug_exit(&a, 1, DR6_BS, DR7_OF_4), SCXRAY_VCPU_CONSUMED);
	ck_assert(!watchpoint_hit(a.vm, &vcpu));
	ck_assert_int_eq(ioctl(a.tiny->vcpus[0].fd, KVM_GET_DEBUGREGS, &regs), 0);
	ck_assert_uint_eq(regs.dr6 & (DR6_BS | DR6_B0), DR6_BS);
	alone_deinit(&a);
}
END_TEST

/* The root's exit kind and those of two sub-schedulers: a slot each. */
START_TEST(each_of_several_words)
{
	const struct watchpoint_words words = { .kva = { KVA, KVA + 8, KVA + 64 },
						.nr = 3,
						.size = 4 };
	const struct watchpoint_words odd = { .kva = { KVA, KVA + 2 }, .nr = 2, .size = 4 };
	/* G0 to G2, and 0xd for each: writes, 4 bytes */
	const uint64_t dr7 = 0x0ddd042a;
	struct alone a;
	uint32_t vcpu;

	for (unsigned slot = 0; slot < 4; slot++) {
		alone_init(&a, -1);
		watchpoint_set(a.vm, &words);
		vm_vcpu_exit(a.vm, 0, -EINTR);
		ck_assert_int_eq(watchpoint_state(a.vm), WATCHPOINT_ARMED);
		ck_assert_int_eq(debug_exit(&a, 1, 1u << slot, dr7), SCXRAY_VCPU_CONSUMED);
		ck_assert(watchpoint_hit(a.vm, &vcpu) == (slot < 3));
		watchpoint_set(a.vm, &odd);
		ck_assert_int_eq(watchpoint_state(a.vm), WATCHPOINT_UNSUPPORTED);
		alone_deinit(&a);
	}
}
END_TEST

static void guest_takes_dr7(struct alone *a, uint64_t dr7)
{
	struct kvm_debugregs regs;

	ck_assert_int_eq(ioctl(a->tiny->vcpus[0].fd, KVM_GET_DEBUGREGS, &regs), 0);
	regs.dr7 = dr7;
	ck_assert_int_eq(ioctl(a->tiny->vcpus[0].fd, KVM_SET_DEBUGREGS, &regs), 0);
}

START_TEST(the_guest_uses_its_debug_registers)
{
	struct alone a;

	alone_init(&a, -1);
	guest_takes_dr7(&a, 0x402);
	watch_word(a.vm, KVA, 4);
	vm_vcpu_exit(a.vm, 0, -EINTR);
	ck_assert_int_eq(watchpoint_state(a.vm), WATCHPOINT_GUEST_USES);
	ck_assert_int_eq(debug_exit(&a, 1, DR6_B0, 0x402), SCXRAY_VCPU_HANDLE);

	/* it has let them go: asked for anew, they are to be had */
	guest_takes_dr7(&a, 0x400);
	watch_word(a.vm, KVA, 4);
	vm_vcpu_exit(a.vm, 0, -EINTR);
	ck_assert_int_eq(watchpoint_state(a.vm), WATCHPOINT_ARMED);

	/* it takes them later: found out after some exits */
	guest_takes_dr7(&a, 0x401);
	a.run->exit_reason = KVM_EXIT_HLT;
	for (int i = 0; i < 1024; i++)
		ck_assert_int_eq(vm_vcpu_exit(a.vm, 0, 0), SCXRAY_VCPU_HANDLE);
	ck_assert_int_eq(watchpoint_state(a.vm), WATCHPOINT_GUEST_USES);
	alone_deinit(&a);
}
END_TEST

START_TEST(what_cannot_be_watched)
{
	struct alone a;
	int null = open("/dev/null", O_RDWR);

	alone_init(&a, -1);
	watch_word(a.vm, KVA + 1, 4);
	ck_assert_int_eq(watchpoint_state(a.vm), WATCHPOINT_UNSUPPORTED);
	watch_word(a.vm, KVA, 3);
	ck_assert_int_eq(watchpoint_state(a.vm), WATCHPOINT_UNSUPPORTED);
	watch_word(a.vm, KVA, 8);
	vm_vcpu_exit(a.vm, 0, -EINTR);
	ck_assert_int_eq(watchpoint_state(a.vm), WATCHPOINT_ARMED);
	watchpoint_set(a.vm, NULL);
	ck_assert_int_eq(watchpoint_state(a.vm), WATCHPOINT_OFF);
	alone_deinit(&a);

	/* a vCPU that refuses KVM_SET_GUEST_DEBUG */
	alone_init(&a, null);
	watch_word(a.vm, KVA, 4);
	ck_assert_int_eq(watchpoint_state(a.vm), WATCHPOINT_ARMED);
	vm_vcpu_exit(a.vm, 0, -EINTR);
	ck_assert_int_eq(watchpoint_state(a.vm), WATCHPOINT_UNSUPPORTED);
	alone_deinit(&a);
	close(null);
}
END_TEST

static const unit_test tests[] = {
	&a_hit_holds_until_the_freeze_has_ended,
	&a_hit_is_let_go_when_the_watchpoint_is_taken_away,
	&a_hit_is_let_go_when_it_is_set_anew,
	&a_sample_does_not_let_go,
	&a_lost_watcher_does_not_hang_the_guest,
	&out_of_all_debug_registers,
	&a_debug_exit_of_the_hosts_own,
	&a_trap_of_the_guests_own,
	&the_guest_uses_its_debug_registers,
	&what_cannot_be_watched,
	&each_of_several_words,
};

UNIT_MAIN_KVM("plugin_watchpoint", tests)
