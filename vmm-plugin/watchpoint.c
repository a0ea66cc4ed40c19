/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watchpoint.c - a data watchpoint in each vCPU's debug registers
 *
 * KVM_SET_GUEST_DEBUG with KVM_GUESTDBG_USE_HW_BP puts our DR0 to DR3 and DR7 into the hardware; the
 * guest's own stay in vcpu->arch.db and dr7 and have no effect meanwhile (kvm_update_dr7()).
 * So a guest that uses them gets them back: on all vCPUs, because a task that is debugged
 * moves between them.
 *
 * The other price is that all #DB of the guest now exit to us, a single step of its own as
 * well: that one goes back to it.  A KVM_EXIT_DEBUG whose DR7 is not ours is the host's.
 *
 * vm->watchpoint is passed on by a sequence count: setters have a lock among themselves, vCPU threads
 * take none.
 */
#include "vmm-plugin/watchpoint.h"

#include <string.h>
#include <sys/ioctl.h>

#include <linux/kvm.h>

#include "vmm-plugin/futex.h"
#include "vmm-plugin/kick.h"
#include "watch/now.h"
#include "vmm-plugin/vm.h"

#define DB_VECTOR 1
#define DR6_HITS 0xfULL
#define DR6_TRAPS (7ULL << 13) /* BD, BS, BT: not of a breakpoint */
#define DR7_ENABLES 0xffULL    /* L0 to G3 */
#define DR7_FIXED (1ULL << 10)
#define DR7_G0 (1ULL << 1)	/* of the next slot two bits further */
#define DR7_WRITE0 (1ULL << 16) /* four bits further */
#define DR7_LEN0_SHIFT 18

#define CHECK_EVERY 1024 /* exits */
#define HOLD_NS (10 * NS_PER_SEC)

/* DR7 for writes to the words, one in each slot from 0 on; 0: there is no such size. */
static uint64_t dr7_of(const struct watchpoint_words *words)
{
	static const uint8_t length[] = { [1] = 0, [2] = 1, [4] = 3, [8] = 2 };
	uint32_t size = words->size;
	uint64_t dr7 = DR7_FIXED;

	if (size != 1 && size != 2 && size != 4 && size != 8)
		return 0;
	for (uint32_t i = 0; i < words->nr; i++)
		dr7 |= DR7_G0 << 2 * i | (DR7_WRITE0 | (uint64_t)length[size] << DR7_LEN0_SHIFT)
						 << 4 * i;
	return dr7;
}

static bool are_aligned(const struct watchpoint_words *words)
{
	for (uint32_t i = 0; i < words->nr; i++)
		if (words->kva[i] % words->size)
			return false;
	return true;
}

static uint32_t words_read(struct vm *vm, struct watchpoint_words *words)
{
	struct watchpoint *watchpoint = &vm->watchpoint;
	uint32_t seq;

	do {
		seq = atomic_load(&watchpoint->seq);
		for (size_t i = 0; i < WATCHPOINT_MAX_WORDS; i++)
			words->kva[i] = atomic_load(&watchpoint->kva[i]);
		words->nr = atomic_load(&watchpoint->nr);
		words->size = atomic_load(&watchpoint->size);
	} while ((seq & 1) || seq != atomic_load(&watchpoint->seq));
	return seq;
}

static void debug_registers(struct kvm_guest_debug *debug, const struct watchpoint_words *words,
			    uint64_t dr7)
{
	for (uint32_t i = 0; i < words->nr; i++)
		debug->arch.debugreg[i] = words->kva[i];
	debug->arch.debugreg[7] = dr7;
}

/* ---- a vCPU's thread -------------------------------------------------------- */

static bool arm(struct vcpu *vcpu, const struct watchpoint_words *words)
{
	struct kvm_guest_debug debug = {
		.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP,
	};
	uint64_t dr7 = dr7_of(words);

	debug_registers(&debug, words, dr7);
	if (ioctl(vcpu->fd, KVM_SET_GUEST_DEBUG, &debug))
		return false;
	vcpu->armed = true;
	vcpu->armed_words = *words;
	vcpu->armed_dr7 = dr7;
	vcpu->check_in = CHECK_EVERY;
	return true;
}

static void disarm(struct vm *vm, struct vcpu *vcpu)
{
	struct kvm_guest_debug off = { 0 };

	if (!vcpu->armed)
		return;
	(void)ioctl(vcpu->fd, KVM_SET_GUEST_DEBUG, &off);
	vcpu->armed = false;
	vm_ack(vm, false);
}

static bool guest_uses(const struct vcpu *vcpu)
{
	struct kvm_debugregs regs;

	return ioctl(vcpu->fd, KVM_GET_DEBUGREGS, &regs) == 0 && (regs.dr7 & DR7_ENABLES);
}

static void tell_others(struct vm *vm, const struct vcpu *me)
{
	for (uint32_t i = 0; i < vm->nr_vcpus; i++)
		if (&vm->vcpus[i] != me && atomic_load(&vm->vcpus[i].thread) == THREAD_RUNS)
			kick_vcpu(vm, &vm->vcpus[i], WANT_WATCH);
}

static void give_back(struct vm *vm, struct vcpu *vcpu, uint32_t seq)
{
	disarm(vm, vcpu);
	if (atomic_exchange(&vm->watchpoint.given_back, seq) != seq)
		tell_others(vm, vcpu);
}

void watchpoint_update(struct vm *vm, struct vcpu *vcpu)
{
	struct watchpoint_words words;
	uint32_t seq = words_read(vm, &words);

	if (vcpu->armed_seq != seq)
		vcpu->hold = false; /* what it has hit is no longer asked for */
	vcpu->armed_seq = seq;
	if (!words.nr || atomic_load(&vm->watchpoint.refused) == seq ||
	    atomic_load(&vm->watchpoint.given_back) == seq)
		disarm(vm, vcpu);
	else if (guest_uses(vcpu))
		give_back(vm, vcpu, seq);
	else if (!arm(vcpu, &words))
		atomic_store(&vm->watchpoint.refused, seq);
}

void watchpoint_check(struct vm *vm, struct vcpu *vcpu)
{
	vcpu->check_in = CHECK_EVERY;
	if (vcpu->armed && guest_uses(vcpu))
		give_back(vm, vcpu, vcpu->armed_seq);
}

void watchpoint_stop(struct vm *vm, struct vcpu *vcpu)
{
	disarm(vm, vcpu);
	vcpu->hold = false;
}

/* A #DB that the guest made itself, by TF or INT1: it arrives as if we were not there. */
static void inject(const struct vcpu *vcpu, uint64_t dr6)
{
	struct kvm_guest_debug debug = {
		.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP | KVM_GUESTDBG_INJECT_DB,
	};
	struct kvm_debugregs regs;

	debug_registers(&debug, &vcpu->armed_words, vcpu->armed_dr7);

	/* INJECT_DB queues the exception only; what DR6 says of it is for us to set. */
	if (ioctl(vcpu->fd, KVM_GET_DEBUGREGS, &regs) == 0) {
		regs.dr6 = (regs.dr6 & ~DR6_HITS) | (dr6 & DR6_TRAPS);
		(void)ioctl(vcpu->fd, KVM_SET_DEBUGREGS, &regs);
	}
	(void)ioctl(vcpu->fd, KVM_SET_GUEST_DEBUG, &debug);
}

int watchpoint_exit(struct vm *vm, struct vcpu *vcpu)
{
	const struct kvm_debug_exit_arch *debug = &vcpu->run->debug.arch;
	/* a bit of DR6 for each slot that was hit */
	bool hit = debug->dr6 & ((1ULL << vcpu->armed_words.nr) - 1);

	if (debug->exception != DB_VECTOR || (!hit && debug->dr7 != vcpu->armed_dr7))
		return SCXRAY_VCPU_HANDLE;
	if (!hit || (debug->dr6 & DR6_TRAPS))
		inject(vcpu, debug->dr6);
	if (!hit)
		return SCXRAY_VCPU_CONSUMED;
	vcpu->hold = true;
	/* One that is under way may have begun for something else. */
	vcpu->hold_until_freeze = FREEZE_NUMBER(atomic_load(&vm->freeze)) + 1;
	vcpu->hold_until_ns = now_ns() + HOLD_NS;
	atomic_store(&vm->watchpoint.hit, (uint64_t)vcpu->armed_seq << 32 | vcpu->index);
	if (vm->machine.wake)
		vm->machine.wake(vm->machine.wake_arg);
	return SCXRAY_VCPU_CONSUMED;
}

void watchpoint_hold(struct vm *vm, struct vcpu *vcpu)
{
	uint64_t now = now_ns();
	uint32_t last = atomic_load(&vcpu->park);

	/* It has parked for that freeze, or a later one.  Numbers wrap. */
	if (last && (int32_t)((last - FREEZE_WORD(vcpu->hold_until_freeze, 0))) > 0)
		vcpu->hold = false;
	if (now >= vcpu->hold_until_ns || atomic_load(&vm->aborted))
		vcpu->hold = false; /* nobody comes: the guest is not to hang for that */
	if (vcpu->hold)
		futex_wait(&vcpu->want, 0, vcpu->hold_until_ns - now);
}

/* ---- the watcher ------------------------------------------------------------ */

void watchpoint_set(struct vm *vm, const struct watchpoint_words *words)
{
	static const struct watchpoint_words none;
	struct watchpoint *watchpoint = &vm->watchpoint;
	bool possible;
	uint32_t seq;

	if (!words || !words->nr)
		words = &none;
	possible = !words->nr ||
		   (words->nr <= WATCHPOINT_MAX_WORDS && dr7_of(words) && are_aligned(words) &&
		    ioctl(vm->fd, KVM_CHECK_EXTENSION, KVM_CAP_SET_GUEST_DEBUG) != 0);

	pthread_mutex_lock(&watchpoint->set_lock);
	seq = atomic_fetch_add(&watchpoint->seq, 1) + 2;
	for (size_t i = 0; i < WATCHPOINT_MAX_WORDS; i++)
		atomic_store(&watchpoint->kva[i], words->kva[i]);
	atomic_store(&watchpoint->nr, words->nr);
	atomic_store(&watchpoint->size, words->size);
	if (!possible)
		atomic_store(&watchpoint->refused, seq);
	atomic_fetch_add(&watchpoint->seq, 1);
	pthread_mutex_unlock(&watchpoint->set_lock);
	/* A vCPU without a thread finds it in vcpu_start(). */
	tell_others(vm, NULL);
}

enum watchpoint_state watchpoint_state(struct vm *vm)
{
	struct watchpoint_words words;
	uint32_t seq = words_read(vm, &words);

	if (!words.nr)
		return WATCHPOINT_OFF;
	if (atomic_load(&vm->watchpoint.refused) == seq)
		return WATCHPOINT_UNSUPPORTED;
	if (atomic_load(&vm->watchpoint.given_back) == seq)
		return WATCHPOINT_GUEST_USES;
	return WATCHPOINT_ARMED;
}

bool watchpoint_hit(struct vm *vm, uint32_t *vcpu)
{
	uint64_t hit = atomic_load(&vm->watchpoint.hit);
	struct watchpoint_words words;

	if (!hit || (uint32_t)(hit >> 32) != words_read(vm, &words))
		return false;
	*vcpu = (uint32_t)hit;
	return true;
}
