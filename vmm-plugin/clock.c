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
 * Who sets it: KVM_VCPU_TSC_OFFSET (5.16, kvm_arch_tsc_set_attr()) sets it as it is; where all
 * vCPUs write the same offset, KVM counts them as matched, and keeps its master clock.  Without
 * it, a write to MSR_IA32_TSC.  kvm_synchronize_tsc() takes a write within one second of what
 * the last one would be by now as an attempt to be in step, and leaves the offset as it was: so
 * the first vCPU writes a value four seconds off, then the right one, of which neither can be
 * taken for the other; and the others' writes, which are within that second, then get precisely
 * the first one's offset.  Some KVMs accept all of this and do nothing (a TSC that is passed
 * through, software KVMs): so the leader reads it back, and what is said is what was seen.
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

#include "vmm-plugin/futex.h"
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

bool clock_end_prepare(struct vm *vm)
{
	uint32_t number = FREEZE_NUMBER(atomic_load(&vm->freeze));
	bool any = false;

	vm->clock.begin_ns = vm->begin_ns;
	atomic_store(&vm->clock.tsc_seen_ns, -1);
	atomic_store(&vm->clock.leader, 0);
	atomic_store(&vm->clock.delta, 0);
	atomic_store(&vm->clock.failures, 0);
	for (uint32_t i = 0; i < vm->nr_vcpus; i++) {
		const struct vcpu *vcpu = &vm->vcpus[i];

		/* not one that stopped, whose mark is of some earlier freeze */
		if (atomic_load(&vcpu->thread) != THREAD_RUNS ||
		    atomic_load(&vcpu->park) != FREEZE_WORD(number, FREEZE_PARK))
			continue;
		if (!any || vcpu->mark.ns > vm->clock.last.ns)
			vm->clock.last = vcpu->mark;
		any = true;
	}
	return any;
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
	switch ((enum tsc_method)atomic_load(&vm->clock.method)) {
	case TSC_BY_OFFSET:
		return move_offset(vcpu, delta);
	case TSC_BY_MSR:
		return move_msr(vcpu, delta, step);
	default:
		return false;
	}
}

/* ---- the leader: finds the delta, tries whether it works -------------------- */

/* 0: KVM does not say. */
static uint64_t tsc_khz(const struct vcpu *vcpu)
{
	int khz = ioctl(vcpu->fd, KVM_GET_TSC_KHZ, 0);

	return khz > 0 ? (uint64_t)khz : 0;
}

static uint64_t ns_to_ticks(uint64_t ns, uint64_t khz)
{
	return (uint64_t)((unsigned __int128)ns * khz / NS_PER_MS);
}

static uint64_t ticks_to_ns(uint64_t ticks, uint64_t khz)
{
	return (uint64_t)((unsigned __int128)ticks * NS_PER_MS / khz);
}

/*
 * What the TSCs go back by: since this vCPU parked, less the time until the last one did.  That
 * part is converted from the host's clock, so some more is taken off (1/1000, and 1 us).
 */
static uint64_t delta_of(const struct vm *vm, const struct vcpu *vcpu, uint64_t tsc, uint64_t khz)
{
	uint64_t spread = vm->clock.last.ns - vcpu->mark.ns;
	uint64_t off = ns_to_ticks(spread + spread / 1000 + NS_PER_US, khz);
	uint64_t parked = tsc - vcpu->mark.tsc;

	if (tsc < vcpu->mark.tsc || parked < off)
		return 0; /* somebody else has set it back: not ours to add to */
	return parked - off;
}

/* Sets the leader's TSC back; whether it went, and by which method, it finds out the first time. */
static uint64_t lead_move(struct vm *vm, struct vcpu *vcpu, uint64_t delta, uint64_t khz)
{
	uint32_t method = atomic_load(&vm->clock.method);
	uint64_t before, after;

	if (method == TSC_UNKNOWN) {
		method = has_offset(vcpu) ? TSC_BY_OFFSET : TSC_BY_MSR;
		atomic_store(&vm->clock.method, method);
	}
	if (method == TSC_FIXED || !delta || !regs_get_msr(vcpu->fd, MSR_IA32_TSC, &before))
		return 0;
	if (move(vm, vcpu, delta, khz * 1000 * STEP_SECONDS) &&
	    regs_get_msr(vcpu->fd, MSR_IA32_TSC, &after) && (int64_t)(after - before) < 0)
		return delta;
	/* Whether a tiny step back shows, is luck: no verdict from that. */
	if (ticks_to_ns(delta, khz) > NS_PER_MS)
		atomic_store(&vm->clock.method, TSC_FIXED);
	if (method == TSC_BY_OFFSET)
		move_offset(vcpu, -delta); /* as it was */
	return 0;
}

bool clock_lead(struct vm *vm, struct vcpu *vcpu, uint32_t word)
{
	struct clock_state *clock = &vm->clock;
	uint64_t khz, tsc, delta = 0;
	uint32_t nobody = 0;

	if (!atomic_compare_exchange_strong(&clock->leader, &nobody, vcpu->index + 1))
		return false;
	khz = tsc_khz(vcpu);
	if (khz && vcpu->mark.have_tsc && regs_get_msr(vcpu->fd, MSR_IA32_TSC, &tsc)) {
		delta = lead_move(vm, vcpu, delta_of(vm, vcpu, tsc, khz), khz);
		atomic_store(&clock->lead_ns, now_ns());
		if (regs_get_msr(vcpu->fd, MSR_IA32_TSC, &tsc)) {
			uint64_t ticks = tsc > vcpu->mark.tsc ? tsc - vcpu->mark.tsc : 0;

			atomic_store(&clock->tsc_seen_ns,
				     (int64_t)(vcpu->mark.ns - clock->begin_ns) +
					     (int64_t)ticks_to_ns(ticks, khz));
		}
	}
	vcpu->tsc_delta += delta;
	atomic_store(&clock->delta, delta);
	atomic_fetch_add(&clock->total, delta);
	if (!atomic_compare_exchange_strong(&vm->freeze, &word,
					    FREEZE_WORD(FREEZE_NUMBER(word), FREEZE_FOLLOW))) {
		/* Stood still for so long that the watcher has gone on without.  The others run
		 * with their TSCs as they were; so shall this one. */
		atomic_fetch_sub(&clock->total, delta);
		clock_catch_up(vm, vcpu);
		return true;
	}
	futex_wake_all(&vm->freeze);
	return true;
}

void clock_catch_up(struct vm *vm, struct vcpu *vcpu)
{
	uint64_t total = atomic_load(&vm->clock.total);

	if (total != vcpu->tsc_delta && !move(vm, vcpu, total - vcpu->tsc_delta, 0))
		atomic_fetch_add(&vm->clock.failures, 1);
	vcpu->tsc_delta = total;
}

/* ---- the watcher ------------------------------------------------------------ */

static const char *const outcome[2][2] = {
	/* [TSC moved][kvmclock moved] */
	{ "not held back: KVM moves neither TSC nor kvmclock", "kvmclock set back, TSC not moved" },
	{ "TSC set back, kvmclock not: KVM refuses", "TSC and kvmclock set back" },
};

static bool set_kvmclock(const struct vm *vm, bool tsc_moved)
{
	struct kvm_clock_data data = { .clock = vm->clock.last.kvmclock };

	if (!vm->clock.last.have_kvmclock)
		return false;
	if (tsc_moved)
		data.clock += now_ns() - atomic_load(&vm->clock.lead_ns);
	return ioctl(vm->fd, KVM_SET_CLOCK, &data) == 0;
}

void clock_end(struct vm *vm, uint32_t left, struct freeze_result *result)
{
	const struct clock_state *clock = &vm->clock;
	bool led = atomic_load(&clock->leader) &&
		   FREEZE_PHASE(atomic_load(&vm->freeze)) == FREEZE_FOLLOW;
	bool moved = led && atomic_load(&clock->delta);
	bool set = set_kvmclock(vm, moved);
	int64_t seen = -1;
	uint64_t kvmclock;

	/* What the guest's clocks show since the first kick; of the two the one that went further. */
	if (led && atomic_load(&clock->tsc_seen_ns) >= 0)
		seen = atomic_load(&clock->tsc_seen_ns) +
		       (int64_t)(now_ns() - atomic_load(&clock->lead_ns));
	if (clock->last.have_kvmclock && read_kvmclock(vm, &kvmclock)) {
		int64_t kv = (int64_t)(clock->last.ns - clock->begin_ns) +
			     (int64_t)(kvmclock - clock->last.kvmclock);

		if (kv > seen)
			seen = kv;
	}
	result->guest_clock_us = seen < 0 ? -1 : seen / (int64_t)NS_PER_US;
	result->clock = outcome[moved][set];
	if (moved && (left || atomic_load(&clock->failures)))
		result->clock = "TSC set back on some vCPUs only, the others could not be";
}

void clock_go_on(struct vcpu *vcpu)
{
	/* EINVAL where the guest has no kvmclock.  Guests forgive a watchdog that is late then. */
	(void)ioctl(vcpu->fd, KVM_KVMCLOCK_CTRL, 0);
}
