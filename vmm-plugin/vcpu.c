/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vcpu.c - the freeze coordinator on a vCPU's thread
 *
 * Here nothing waits for a lock, and nobody waits for this thread without a deadline.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>

#include <linux/kvm.h>

#include <base/array.h>

#include "vmm-plugin/clock.h"
#include "vmm-plugin/futex.h"
#include "vmm-plugin/kick.h"
#include "vmm-plugin/regs.h"
#include "vmm-plugin/vm.h"
#include "vmm-plugin/watchpoint.h"

/*
 * Exits after which nothing of the guest's is half done: KVM has no complete_userspace_io
 * pending, the registers are those between two instructions.  All others, those that are not
 * known yet as well, are first handled by the host; the next KVM_RUN finishes them.
 */
static const bool complete_exit[] = {
	[KVM_EXIT_HLT] = true,	    [KVM_EXIT_DEBUG] = true, [KVM_EXIT_IRQ_WINDOW_OPEN] = true,
	[KVM_EXIT_SHUTDOWN] = true, [KVM_EXIT_INTR] = true,
};

static bool is_complete(const struct kvm_run *run, int result)
{
	/* EAGAIN: an AP that waits for its first SIPI.  In both cases exit_reason is an older one. */
	if (result < 0)
		return result == -EINTR || result == -EAGAIN;
	return run->exit_reason < ARRAY_SIZE(complete_exit) && complete_exit[run->exit_reason];
}

/* Until vm->freeze is no longer `word`.  Returns what it is. */
static uint32_t wait_while(struct vm *vm, uint32_t word)
{
	uint32_t now;

	while ((now = atomic_load(&vm->freeze)) == word)
		futex_wait(&vm->freeze, word, FUTEX_FOREVER);
	return now;
}

/*
 * Parks, if there is a freeze; else it is over and this one was late.  The watcher counts it from
 * the moment that vcpu->park says so.  If the freeze ends in between it is not counted, sees that
 * the word has changed, and goes on.
 */
static void park(struct vm *vm, struct vcpu *vcpu)
{
	uint32_t word = atomic_load(&vm->freeze);

	if (FREEZE_PHASE(word) != FREEZE_PARK || atomic_load(&vcpu->park) == word)
		return;
	clock_park(vm, vcpu);
	regs_read(vcpu->fd, &vcpu->park_regs);
	atomic_store(&vcpu->park, word);
	vm_ack(vm, false);
	wait_while(vm, word);
	clock_go_on(vcpu);
}

static void sample(struct vm *vm, struct vcpu *vcpu)
{
	uint32_t number = atomic_load(&vm->sample);

	/* Once only: the watcher reads what this number announces. */
	if (atomic_load(&vcpu->sampled) == number)
		return;
	regs_read(vcpu->fd, &vcpu->sample_regs);
	atomic_store(&vcpu->sampled, number);
	vm_ack(vm, false);
}

/* The host knows nothing of our own signal; it may have blocked all. */
static void unblock_signal(struct vm *vm, struct vcpu *vcpu)
{
	int sig = atomic_load(&vm->signal);
	sigset_t set;

	if (!vm->own_signal || vcpu->unblocked == sig)
		return;
	sigemptyset(&set);
	sigaddset(&set, sig);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	vcpu->unblocked = sig;
}

static void adopt(struct vm *vm, struct vcpu *vcpu)
{
	vcpu->unblocked = 0; /* it may be another thread than before */
	unblock_signal(vm, vcpu);
	atomic_store(&vcpu->tid, (int)syscall(SYS_gettid));
	atomic_store(&vcpu->thread, THREAD_RUNS);
}

/* All that this vCPU is asked for, until there is nothing left. */
static void attend(struct vm *vm, struct vcpu *vcpu)
{
	for (;;) {
		uint32_t want = atomic_exchange(&vcpu->want, 0);

		if (want & WANT_ADOPT) {
			adopt(vm, vcpu);
			/* a freeze under way has not asked it: it parks all the same */
			atomic_store(&vcpu->seen_in, atomic_load(&vm->freeze));
			want |= WANT_PARK;
		}
		unblock_signal(vm, vcpu);
		if (want & WANT_WATCH)
			watchpoint_update(vm, vcpu);
		else if (want && vcpu->armed)
			watchpoint_check(vm, vcpu);
		if (want & WANT_SAMPLE)
			sample(vm, vcpu);
		if (want & WANT_PARK)
			park(vm, vcpu);
		if (vcpu->hold)
			watchpoint_hold(vm, vcpu);
		if (vcpu->hold)
			continue;
		/* kick_vcpu() sets `want` first: if that is still 0 here, then a thread that asks from now on
		 * also sets immediate_exit from now on. */
		kick_clear(vcpu);
		if (!atomic_load(&vcpu->want))
			return;
	}
}

static int exit_slow(struct vm *vm, struct vcpu *vcpu, int result)
{
	int action = SCXRAY_VCPU_HANDLE;

	/* immediate_exit leaves the reason of the exit before: many hosts look at nothing else, and
	 * would handle that one twice */
	if (result == -EINTR)
		vcpu->run->exit_reason = KVM_EXIT_INTR;
	if (vcpu->armed && result == 0 && vcpu->run->exit_reason == KVM_EXIT_DEBUG)
		action = watchpoint_exit(vm, vcpu);
	if (!is_complete(vcpu->run, result)) {
		if (atomic_load(&vcpu->want))
			kick_self(vcpu);
		return action;
	}
	if (vcpu->armed && --vcpu->check_in == 0)
		watchpoint_check(vm, vcpu);
	if (atomic_load(&vcpu->want) || vcpu->hold || result == -EINTR)
		attend(vm, vcpu);
	return action;
}

int vm_vcpu_exit(struct vm *vm, uint32_t index, int result)
{
	struct vcpu *vcpu;

	if (index >= vm->nr_vcpus)
		return SCXRAY_VCPU_HANDLE;
	vcpu = &vm->vcpus[index];
	/* EINTR: immediate_exit may still be set by a kick that was answered before it came. */
	if (__builtin_expect(!atomic_load(&vcpu->want) && result != -EINTR && !vcpu->armed, 1))
		return SCXRAY_VCPU_HANDLE;
	return exit_slow(vm, vcpu, result);
}

void vm_vcpu_start(struct vm *vm, uint32_t index)
{
	struct vcpu *vcpu;
	uint32_t word, before;

	if (index >= vm->nr_vcpus)
		return;
	vcpu = &vm->vcpus[index];
	before = atomic_load(&vcpu->thread);
	/*
	 * A freeze that begins before this thread is announced does not count it, and this thread
	 * sees that freeze here and waits it out; one that begins later kicks it.  Where both have
	 * seen each other, it steps back, and is not counted either.
	 */
	for (;;) {
		word = atomic_load(&vm->freeze);
		while (FREEZE_PHASE(word) != FREEZE_NONE)
			word = wait_while(vm, word);
		atomic_fetch_and(&vcpu->want, ~WANT_ADOPT);
		adopt(vm, vcpu);
		if (FREEZE_PHASE(atomic_load(&vm->freeze)) == FREEZE_NONE)
			break;
		atomic_store(&vcpu->thread, before);
		vm_ack(vm, true);
	}
	clock_catch_up(vm, vcpu);
	/* Whatever was set while there was no thread to be told. */
	atomic_fetch_or(&vcpu->want, WANT_WATCH);
	attend(vm, vcpu);
}

void vm_vcpu_stop(struct vm *vm, uint32_t index)
{
	struct scxray_live_vcpu regs;
	struct vcpu *vcpu;

	if (index >= vm->nr_vcpus)
		return;
	vcpu = &vm->vcpus[index];
	watchpoint_stop(vm, vcpu);
	regs_read(vcpu->fd, &regs);
	pthread_mutex_lock(&vcpu->stop_lock);
	vcpu->stop_regs = regs;
	pthread_mutex_unlock(&vcpu->stop_lock);
	atomic_store(&vcpu->tid, 0);
	atomic_store(&vcpu->thread, THREAD_STOPPED);
	kick_clear(vcpu);
	vm_ack(vm, true);
}
