/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * freeze.c - the watcher's side: asks all vCPUs, and waits with a deadline
 */
#include <errno.h>
#include <string.h>

#include "vmm-plugin/clock.h"
#include "vmm-plugin/futex.h"
#include "vmm-plugin/kick.h"
#include "watch/now.h"
#include "vmm-plugin/vm.h"

/* A kick can be lost on a thread that was about to sleep somewhere in the host: again, rarer
 * and rarer, as each waits in the queue of a thread that does not run. */
#define REKICK_FIRST_NS (2 * NS_PER_MS)
#define REKICK_MAX_NS (64 * NS_PER_MS)

/* ---- waiting for vCPUs ------------------------------------------------------ */

struct waiting {
	uint32_t want; /* what they are kicked for */
	bool (*answered)(const struct vcpu *vcpu, uint32_t number);
	uint32_t number;
	uint64_t deadline_ns; /* a time, not a duration */
	bool despite_abort;
};

static bool has_parked(const struct vcpu *vcpu, uint32_t number)
{
	return atomic_load(&vcpu->park) == FREEZE_WORD(number, FREEZE_PARK);
}

static bool has_sampled(const struct vcpu *vcpu, uint32_t number)
{
	return atomic_load(&vcpu->sampled) == number;
}

static bool has_disarmed(const struct vcpu *vcpu, uint32_t number)
{
	(void)number;
	return !atomic_load(&vcpu->armed);
}

/* How many run and have not answered; `dead` of them have no thread any more. */
static uint32_t count_missing(struct vm *vm, const struct waiting *waiting, uint32_t *dead)
{
	uint32_t missing = 0;

	*dead = 0;
	for (uint32_t i = 0; i < vm->nr_vcpus; i++) {
		struct vcpu *vcpu = &vm->vcpus[i];

		if (atomic_load(&vcpu->thread) != THREAD_RUNS ||
		    waiting->answered(vcpu, waiting->number))
			continue;
		missing++;
		*dead += vcpu->dead;
	}
	return missing;
}

static void kick_missing(struct vm *vm, const struct waiting *waiting)
{
	for (uint32_t i = 0; i < vm->nr_vcpus; i++) {
		struct vcpu *vcpu = &vm->vcpus[i];

		if (atomic_load(&vcpu->thread) == THREAD_RUNS &&
		    !waiting->answered(vcpu, waiting->number))
			vcpu->dead = kick_vcpu(vm, vcpu, waiting->want) == -ESRCH;
	}
}

/* Returns how many have not answered: 0, or some at the deadline, at an abort, or if all are dead. */
static uint32_t wait_for(struct vm *vm, const struct waiting *waiting)
{
	uint64_t interval = REKICK_FIRST_NS;
	uint64_t next = now_ns() + interval;

	/* until the first look below has said how many there are */
	atomic_store(&vm->goal, atomic_load(&vm->acks) + vm->nr_vcpus);
	kick_missing(vm, waiting);
	for (;;) {
		uint32_t dead, acks = atomic_load(&vm->acks);
		uint32_t missing = count_missing(vm, waiting, &dead);
		uint64_t now = now_ns(), until;

		if (!missing || missing == dead || now >= waiting->deadline_ns ||
		    (!waiting->despite_abort && atomic_load(&vm->aborted)))
			return missing;
		if (now >= next) {
			kick_missing(vm, waiting);
			interval = interval < REKICK_MAX_NS ? interval * 2 : interval;
			next = now + interval;
			continue;
		}
		atomic_store(&vm->goal, acks + missing);
		until = next < waiting->deadline_ns ? next : waiting->deadline_ns;
		/* An ack that was counted by the former goal has changed the word. */
		futex_wait(&vm->acks, acks, until - now);
	}
}

/* ---- begin ------------------------------------------------------------------ */

static void pause_devices(struct vm *vm, struct freeze_result *result)
{
	int r;

	if (!vm->pause_devices)
		return;
	r = vm->pause_devices(vm->context);
	vm->paused = r == 0;
	result->devices = vm->paused	    ? "paused"
			  : r == -ENOTSUP   ? "not paused: the host can not"
			  : r == -EBUSY	    ? "not paused: the host was busy"
			  : r == -ETIMEDOUT ? "not paused: the host waited for too long"
					    : "not paused: the host failed";
}

/* A stopped vCPU's registers; unless its thread is just writing them. */
static void copy_stopped(struct vcpu *vcpu, struct scxray_live_vcpu *to)
{
	if (pthread_mutex_trylock(&vcpu->stop_lock))
		return;
	*to = vcpu->stop_regs;
	pthread_mutex_unlock(&vcpu->stop_lock);
}

/* A vCPU that parks later than this writes what nobody reads. */
static void collect(struct vm *vm, uint32_t number, struct freeze_result *result, uint64_t *last)
{
	for (uint32_t i = 0; i < vm->nr_vcpus; i++) {
		struct vcpu *vcpu = &vm->vcpus[i];
		struct scxray_live_vcpu *to = &vm->frozen[i];
		uint32_t thread = atomic_load(&vcpu->thread);

		memset(to, 0, sizeof(*to));
		if (thread == THREAD_RUNS && has_parked(vcpu, number)) {
			*to = vcpu->park_regs;
			result->nr_parked++;
			if (vcpu->mark.ns > *last)
				*last = vcpu->mark.ns;
		} else if (thread == THREAD_STOPPED) {
			copy_stopped(vcpu, to);
			result->nr_parked++;
		}
	}
}

void freeze_begin(struct vm *vm, uint32_t deadline_ms, struct freeze_result *result)
{
	uint32_t number = FREEZE_NUMBER(atomic_load(&vm->freeze)) + 1;
	struct waiting parked = {
		.want = WANT_PARK,
		.answered = has_parked,
		.number = number,
	};
	uint64_t last;
	uint32_t missing;

	memset(result, 0, sizeof(*result));
	result->nr_vcpus = vm->nr_vcpus;
	result->guest_clock_us = -1;
	pause_devices(vm, result);

	vm->begin_ns = last = now_ns();
	parked.deadline_ns = vm->begin_ns + deadline_ms * NS_PER_MS;
	atomic_store(&vm->freeze, FREEZE_WORD(number, FREEZE_PARK));
	missing = wait_for(vm, &parked);

	result->complete = missing == 0;
	result->aborted = missing && atomic_load(&vm->aborted);
	collect(vm, number, result, &last);
	if (missing)
		last = now_ns();
	result->park_us = (last - vm->begin_ns) / NS_PER_US;
}

const struct scxray_live_vcpu *freeze_vcpus(const struct vm *vm)
{
	return vm->frozen;
}

/* ---- end -------------------------------------------------------------------- */

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

/*
 * Returns when the last was let go.  Waking is counted by this thread's own CPU time: those that
 * are awake may take the CPU from it before it can look at the clock, and by then they run.
 */
static uint64_t let_go(struct vm *vm, uint32_t number)
{
	uint64_t now, cpu = cpu_ns();

	now = now_ns();
	atomic_store(&vm->freeze, FREEZE_WORD(number, FREEZE_NONE));
	futex_wake_all(&vm->freeze);
	return now + (cpu_ns() - cpu);
}

/* A thread of which nobody had told came out of the guest after all others had parked. */
static bool ran_unseen(const struct vm *vm, uint32_t number)
{
	for (uint32_t i = 0; i < vm->nr_vcpus; i++)
		if (!vm->frozen[i].parked &&
		    atomic_load(&vm->vcpus[i].seen_in) == FREEZE_WORD(number, FREEZE_PARK))
			return true;
	return false;
}

void freeze_end(struct vm *vm, struct freeze_result *result)
{
	uint32_t number = FREEZE_NUMBER(atomic_load(&vm->freeze));
	uint64_t begin = now_ns(), end;

	if (result->complete && ran_unseen(vm, number)) {
		result->complete = false;
		result->failure = "a vCPU that the host had not told of was first seen during the "
				  "freeze, and had run until then";
	}
	/* A vCPU that has run through the freeze has seen its time: none must go back then. */
	if (result->complete)
		clock_thaw(vm, result);
	else
		result->clock = "not held back: not all vCPUs were parked";
	end = let_go(vm, number);
	result->thaw_us = (end - begin) / NS_PER_US;
	result->frozen_us = (end - vm->begin_ns) / NS_PER_US;
	if (vm->paused)
		vm->resume_devices(vm->context);
	vm->paused = false;
	kick_say_lost(vm);
}

void vm_abort(struct vm *vm)
{
	atomic_store(&vm->aborted, true);
	vm_ack(vm, true);
	/* Those that hold at the watchpoint go on as well. */
	for (uint32_t i = 0; i < vm->nr_vcpus; i++)
		if (atomic_load(&vm->vcpus[i].thread) == THREAD_RUNS)
			kick_vcpu(vm, &vm->vcpus[i], WANT_WATCH);
}

/* ---- registers while the guest runs ----------------------------------------- */

void vm_sample_regs(struct vm *vm, struct scxray_live_vcpu *vcpus, uint32_t deadline_ms)
{
	struct waiting sampled = {
		.want = WANT_SAMPLE,
		.answered = has_sampled,
		.number = atomic_fetch_add(&vm->sample, 1) + 1,
		.deadline_ns = now_ns() + deadline_ms * NS_PER_MS,
	};

	wait_for(vm, &sampled);
	kick_say_lost(vm);
	for (uint32_t i = 0; i < vm->nr_vcpus; i++) {
		struct vcpu *vcpu = &vm->vcpus[i];

		memset(&vcpus[i], 0, sizeof(vcpus[i]));
		if (has_sampled(vcpu, sampled.number))
			vcpus[i] = vcpu->sample_regs;
		else if (atomic_load(&vcpu->thread) == THREAD_STOPPED)
			copy_stopped(vcpu, &vcpus[i]);
	}
}

bool watchpoint_gone(struct vm *vm, uint32_t deadline_ms)
{
	struct waiting gone = {
		.want = WANT_WATCH,
		.answered = has_disarmed,
		.deadline_ns = now_ns() + deadline_ms * NS_PER_MS,
		.despite_abort = true,
	};

	return wait_for(vm, &gone) == 0;
}
