/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock.c - the guest's clocks stand still while it is frozen
 *
 * Or else an early freeze could itself make the guest's watchdog fire: jiffies catch up with
 * the clock source at the first tick after the thaw.
 *
 * One delta for all TSCs of the VM: how long its *last* vCPU to park was parked, in its own
 * ticks.  vCPUs park one after the other, and a task on the last may have seen later times than
 * one on the first; with the time of an earlier one the last would see time go back.  With one
 * delta TSCs that were in step stay in step, and those that were not keep their distance:
 * vCPU i shows f_i(t) - delta, and as delta <= f_i(thaw) - f_i(last park) that is never less than
 * what any guest code on i saw.  Rounding and delays go one way: the guest sees some time too much.
 *
 * It is the watcher that sets them, one after the other while all are parked, and lets the first
 * go on after the last: so TSCs in step are never seen out of step.  On the vCPUs' own threads
 * (which KVM's documentation advises for speed) each would have to be scheduled twice before
 * the guest may go on: on a busy host of 2 CPUs that took 11 ms for 8 vCPUs, and without end
 * where a thread was stopped meanwhile.  A parked vCPU is outside KVM_RUN: no ioctl waits.
 *
 * How it is set: KVM_VCPU_TSC_OFFSET (5.16, kvm_arch_tsc_set_attr()) sets it as it is; where all
 * vCPUs write the same offset, KVM counts them as matched, and keeps its master clock.  Without
 * it, a write to MSR_IA32_TSC.  kvm_synchronize_tsc() takes a write within one second of what
 * the last one would be by now as an attempt to be in step, and leaves the offset as it was: so
 * the first vCPU writes a value four seconds off, then the right one, of which neither can be
 * taken for the other; and the others' writes, which are within that second, then get precisely
 * the first one's offset.  Some KVMs accept all of this and do nothing (a TSC that is passed
 * through, software KVMs): so it is read back, and what is said is what was seen.
 *
 * kvmclock: KVM_SET_CLOCK with the value of the last park, plus what has passed since the TSCs
 * were set, for the two to stay in step; after the TSCs, because KVM_SET_CLOCK takes a new
 * master clock (pvclock_update_vm_gtod_copy()).  Its flags are 0: with KVM_CLOCK_REALTIME KVM
 * itself would add the pause again.
 *
 * Timers in the kernel run on the host's clock and are not touched:
 *   - local APIC, TSC deadline or one-shot: its hrtimer was set by the old offset, and fires
 *     early by at most delta; once, as apic_timer_expired() keeps one pending.  Linux finds that
 *     nothing has expired, and sets it again.  __wait_lapic_expire() waits timer_advance_ns at
 *     most, adjust_lapic_timer_advance() ignores spikes.  No timer is ever late by this.
 *   - local APIC, periodic: ticks of the pause are one pending tick.
 *   - PIT: in its "reinject" mode it counts the missed ticks (pit_timer_fn()) and delivers them
 *     after the thaw.  A guest of today only uses it before its local APIC timer is calibrated.
 */
#include "vmm-plugin/clock.h"

#include <sys/ioctl.h>

#include <linux/kvm.h>

#include "watch/now.h"
#include "vmm-plugin/regs.h"
#include "vmm-plugin/vm.h"

#define MSR_IA32_TSC 0x10u
#define STEP_SECONDS 4 /* beyond kvm_synchronize_tsc()'s one */

enum tsc_method {
	TSC_UNKNOWN,
	TSC_BY_OFFSET,
	TSC_BY_MSR,
	TSC_FIXED, /* nothing moves it here */
};

static bool read_kvmclock(const struct vm *vm, uint64_t *ns)
{
	struct kvm_clock_data data = { 0 };

	if (ioctl(vm->fd, KVM_GET_CLOCK, &data))
		return false;
	*ns = data.clock;
	return true;
}

void clock_park(struct vm *vm, struct vcpu *vcpu)
{
	struct clock_mark *mark = &vcpu->mark;

	/* In this order: the last vCPU by `ns` has read its clocks after all others had stopped. */
	mark->ns = now_ns();
	mark->have_tsc = regs_get_msr(vcpu->fd, MSR_IA32_TSC, &mark->tsc);
	mark->have_kvmclock = read_kvmclock(vm, &mark->kvmclock);
}

/* ---- one vCPU's TSC --------------------------------------------------------- */

static struct kvm_device_attr offset_attr(uint64_t *offset)
{
	return (struct kvm_device_attr){
		.group = KVM_VCPU_TSC_CTRL,
		.attr = KVM_VCPU_TSC_OFFSET,
		.addr = (uintptr_t)offset,
	};
}

static bool has_offset(const struct vcpu *vcpu)
{
	struct kvm_device_attr attr = offset_attr(NULL);

	return ioctl(vcpu->fd, KVM_HAS_DEVICE_ATTR, &attr) == 0;
}

static bool move_offset(const struct vcpu *vcpu, uint64_t delta)
{
	uint64_t offset = 0;
	struct kvm_device_attr attr = offset_attr(&offset);

	if (ioctl(vcpu->fd, KVM_GET_DEVICE_ATTR, &attr))
		return false;
	offset -= delta; /* modulo 2^64, as the offset is */
	return ioctl(vcpu->fd, KVM_SET_DEVICE_ATTR, &attr) == 0;
}

/* `step`: ticks of a first write that is far off; 0: only the right one. */
static bool move_msr(const struct vcpu *vcpu, uint64_t delta, uint64_t step)
{
	uint64_t tsc;

	if (!regs_get_msr(vcpu->fd, MSR_IA32_TSC, &tsc))
		return false;
	tsc -= delta;
	if (step && !regs_set_msr(vcpu->fd, MSR_IA32_TSC, tsc + step))
		return false;
	/* 0 would mean "as the others": no tick of it is worth that */
	return regs_set_msr(vcpu->fd, MSR_IA32_TSC, tsc ? tsc : 1);
}

static bool move(const struct vm *vm, const struct vcpu *vcpu, uint64_t delta, uint64_t step)
{
	switch ((enum tsc_method)vm->clock.method) {
	case TSC_BY_OFFSET:
		return move_offset(vcpu, delta);
	case TSC_BY_MSR:
		return move_msr(vcpu, delta, step);
	default:
		return false;
	}
}

void clock_catch_up(struct vm *vm, struct vcpu *vcpu)
{
	if (vm->clock.total != vcpu->tsc_delta)
		move(vm, vcpu, vm->clock.total - vcpu->tsc_delta, 0);
	vcpu->tsc_delta = vm->clock.total;
}

void clock_go_on(struct vcpu *vcpu)
{
	/* EINVAL where the guest has no kvmclock.  Guests forgive a watchdog that is late then. */
	(void)ioctl(vcpu->fd, KVM_KVMCLOCK_CTRL, 0);
}

/* ---- the watcher ------------------------------------------------------------ */

static bool is_parked(const struct vm *vm, const struct vcpu *vcpu)
{
	return atomic_load(&vcpu->thread) == THREAD_RUNS &&
	       atomic_load(&vcpu->park) == atomic_load(&vm->freeze);
}

/* NULL: none is parked; all have stopped. */
static struct vcpu *last_to_park(struct vm *vm)
{
	struct vcpu *last = NULL;

	for (uint32_t i = 0; i < vm->nr_vcpus; i++) {
		struct vcpu *vcpu = &vm->vcpus[i];

		if (is_parked(vm, vcpu) && (!last || vcpu->mark.ns > last->mark.ns))
			last = vcpu;
	}
	return last;
}

/* 0: KVM does not say. */
static uint64_t tsc_khz(const struct vcpu *vcpu)
{
	int khz = ioctl(vcpu->fd, KVM_GET_TSC_KHZ, 0);

	return khz > 0 ? (uint64_t)khz : 0;
}

/* Sets one TSC back, and looks whether it went.  Which way works is found out the first time. */
static bool try_move(struct vm *vm, const struct vcpu *vcpu, uint64_t delta, uint64_t khz)
{
	enum tsc_method method = vm->clock.method;
	uint64_t before, after;

	if (method == TSC_UNKNOWN)
		vm->clock.method = method = has_offset(vcpu) ? TSC_BY_OFFSET : TSC_BY_MSR;
	if (method == TSC_FIXED || !delta || !regs_get_msr(vcpu->fd, MSR_IA32_TSC, &before))
		return false;
	if (move(vm, vcpu, delta, khz * 1000 * STEP_SECONDS) &&
	    regs_get_msr(vcpu->fd, MSR_IA32_TSC, &after) && (int64_t)(after - before) < 0)
		return true;
	if (method == TSC_BY_OFFSET)
		move_offset(vcpu, -delta); /* as it was */
	/* Whether a tiny step back shows is luck: no verdict from that. */
	if (delta > khz)
		vm->clock.method = TSC_FIXED;
	return false;
}

/* All of them, or none: one that KVM refuses takes the others back to where they were. */
static bool move_all(struct vm *vm, const struct vcpu *last, uint64_t delta, uint64_t khz)
{
	uint32_t i;

	if (!try_move(vm, last, delta, khz))
		return false;
	for (i = 0; i < vm->nr_vcpus; i++)
		if (&vm->vcpus[i] != last && is_parked(vm, &vm->vcpus[i]) &&
		    !move(vm, &vm->vcpus[i], delta, 0))
			break;
	if (i < vm->nr_vcpus) {
		move(vm, last, -delta, khz * 1000 * STEP_SECONDS);
		while (i-- > 0)
			if (&vm->vcpus[i] != last && is_parked(vm, &vm->vcpus[i]))
				move(vm, &vm->vcpus[i], -delta, 0);
		vm->clock.method = TSC_FIXED;
		return false;
	}
	vm->clock.total += delta;
	for (i = 0; i < vm->nr_vcpus; i++)
		if (is_parked(vm, &vm->vcpus[i]))
			vm->vcpus[i].tsc_delta += delta;
	return true;
}

struct tsc_result {
	bool moved;
	uint64_t ns;	 /* the host's time at which the TSCs were as at the last park */
	int64_t seen_ns; /* what they had moved on since then, at seen_at; -1: not known */
	uint64_t seen_at;
};

static struct tsc_result set_tscs(struct vm *vm, const struct vcpu *last)
{
	struct tsc_result result = { .seen_ns = -1 };
	uint64_t khz = tsc_khz(last), tsc, delta;

	if (!khz || !last->mark.have_tsc || !regs_get_msr(last->fd, MSR_IA32_TSC, &tsc))
		return result;
	result.ns = now_ns();
	/* less than it was: somebody else has set it back meanwhile */
	delta = tsc > last->mark.tsc ? tsc - last->mark.tsc : 0;
	result.moved = move_all(vm, last, delta, khz);
	if (regs_get_msr(last->fd, MSR_IA32_TSC, &tsc)) {
		delta = tsc > last->mark.tsc ? tsc - last->mark.tsc : 0;
		result.seen_ns = (int64_t)((unsigned __int128)delta * NS_PER_MS / khz);
		result.seen_at = now_ns();
	}
	return result;
}

static bool set_kvmclock(const struct vm *vm, const struct vcpu *last, const struct tsc_result *tsc)
{
	struct kvm_clock_data data = { .clock = last->mark.kvmclock };

	if (!last->mark.have_kvmclock)
		return false;
	if (tsc->moved)
		data.clock += now_ns() - tsc->ns;
	return ioctl(vm->fd, KVM_SET_CLOCK, &data) == 0;
}

/* What the guest's clocks show since the first kick; of the two the one that went further. */
static int64_t guest_clock_ns(const struct vm *vm, const struct vcpu *last,
			      const struct tsc_result *tsc)
{
	int64_t ran = (int64_t)(last->mark.ns - vm->begin_ns); /* some vCPU did, until then */
	int64_t seen = -1;
	uint64_t kvmclock;

	if (tsc->seen_ns >= 0)
		seen = ran + tsc->seen_ns + (int64_t)(now_ns() - tsc->seen_at);
	if (last->mark.have_kvmclock && read_kvmclock(vm, &kvmclock)) {
		int64_t by_kvmclock = ran + (int64_t)(kvmclock - last->mark.kvmclock);

		if (by_kvmclock > seen)
			seen = by_kvmclock;
	}
	return seen;
}

static const char *const outcome[2][2] = {
	/* [TSC moved][kvmclock moved] */
	{ "not held back: KVM moves neither TSC nor kvmclock", "kvmclock set back, TSC not moved" },
	{ "TSC set back, kvmclock not: KVM refuses", "TSC and kvmclock set back" },
};

void clock_thaw(struct vm *vm, struct freeze_result *result)
{
	struct vcpu *last = last_to_park(vm);
	struct tsc_result tsc;
	int64_t ns;
	bool set;

	if (!last) {
		result->clock = "not held back: no vCPU ran";
		return;
	}
	tsc = set_tscs(vm, last);
	set = set_kvmclock(vm, last, &tsc);
	ns = guest_clock_ns(vm, last, &tsc);
	result->guest_clock_us = ns < 0 ? -1 : ns / (int64_t)NS_PER_US;
	result->clock = outcome[tsc.moved][set];
}
