// SPDX-License-Identifier: BSD-2-Clause
/*
 * kvm_probe - is this /dev/kvm able to do what the live tests ask of it?
 *
 * A guest of some bytes in real mode.  One line for each thing, "NAME ok ..." or
 * "NAME no: why"; status 0 if all are ok.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kvm.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define RAM_SIZE 0x10000
#define CODE 0x1000
#define WATCHED 0x2000
#define KVMCLOCK 0x3000
#define MSR_KVM_SYSTEM_TIME_NEW 0x4b564d01
#define PAUSE_US 200000

struct probe {
	int kvm, vm, vcpu;
	struct kvm_run *run;
	uint8_t *ram;
	const char *why; /* the call that failed last */
};

static bool call(struct probe *p, const char *what, int result)
{
	if (result < 0)
		p->why = what;
	return result >= 0;
}

#define CALL(p, fd, request, arg) call(p, #request, ioctl(fd, request, arg))

static bool open_all(struct probe *p)
{
	struct kvm_userspace_memory_region slot = { .memory_size = RAM_SIZE };
	long run_size;

	p->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (!call(p, "/dev/kvm", p->kvm))
		return false;
	p->vm = ioctl(p->kvm, KVM_CREATE_VM, 0);
	if (!call(p, "KVM_CREATE_VM", p->vm))
		return false;
	p->ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	slot.userspace_addr = (uintptr_t)p->ram;
	if (!CALL(p, p->vm, KVM_SET_TSS_ADDR, 0xfffbd000UL) ||
	    !CALL(p, p->vm, KVM_CREATE_IRQCHIP, 0) ||
	    !CALL(p, p->vm, KVM_SET_USER_MEMORY_REGION, &slot))
		return false;
	p->vcpu = ioctl(p->vm, KVM_CREATE_VCPU, 0);
	run_size = ioctl(p->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (!call(p, "KVM_CREATE_VCPU", p->vcpu) ||
	    !call(p, "KVM_GET_VCPU_MMAP_SIZE", (int)run_size))
		return false;
	p->run = mmap(NULL, (size_t)run_size, PROT_READ | PROT_WRITE, MAP_SHARED, p->vcpu, 0);
	return true;
}

static bool start_at(struct probe *p, const uint8_t *code, size_t size)
{
	struct kvm_regs regs = { .rip = CODE, .rflags = 2 };
	struct kvm_sregs sregs;

	memcpy(p->ram + CODE, code, size);
	if (!CALL(p, p->vcpu, KVM_GET_SREGS, &sregs))
		return false;
	sregs.cs.selector = 0;
	sregs.cs.base = 0;
	return CALL(p, p->vcpu, KVM_SET_SREGS, &sregs) && CALL(p, p->vcpu, KVM_SET_REGS, &regs);
}

static int no(const char *name, const struct probe *p)
{
	printf("%s no: %s: %s\n", name, p->why, strerror(errno));
	return 1;
}

/* A store to the watched word stops the vCPU behind it, and nothing else does. */
static int watchpoint(struct probe *p)
{
	/* mov $0x1234,%ax; mov %ax,0x2004; mov %ax,0x2000; out %al,$0x10 */
	static const uint8_t code[] = { 0xb8, 0x34, 0x12, 0xa3, 0x04, 0x20,
					0xa3, 0x00, 0x20, 0xe6, 0x10 };
	struct kvm_guest_debug debug = {
		.control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_HW_BP,
		.arch.debugreg = { [0] = WATCHED, [7] = 0xd0402 }, /* 4 bytes, on writes, G0 */
	};
	struct kvm_guest_debug off = { 0 };
	uint64_t pc = 0;
	uint32_t reason;

	if (!start_at(p, code, sizeof(code)) || !CALL(p, p->vcpu, KVM_SET_GUEST_DEBUG, &debug) ||
	    !CALL(p, p->vcpu, KVM_RUN, 0))
		return no("watchpoint", p);
	reason = p->run->exit_reason;
	if (reason == KVM_EXIT_DEBUG)
		pc = p->run->debug.arch.pc;
	if (!CALL(p, p->vcpu, KVM_SET_GUEST_DEBUG, &off))
		return no("watchpoint", p);
	if (reason != KVM_EXIT_DEBUG || pc != CODE + 9) {
		printf("watchpoint no: exit reason %u at %#" PRIx64 "\n", reason, pc);
		return 1;
	}
	printf("watchpoint ok: dr6 %#llx\n", (unsigned long long)p->run->debug.arch.dr6);
	return 0;
}

/* KVM_SET_CLOCK puts the guest's clock back to where a pause began. */
static int vm_clock(struct probe *p)
{
	struct kvm_clock_data before, after, set = { 0 };

	if (!CALL(p, p->vm, KVM_GET_CLOCK, &before))
		return no("clock", p);
	usleep(PAUSE_US);
	set.clock = before.clock;
	if (!CALL(p, p->vm, KVM_SET_CLOCK, &set) || !CALL(p, p->vm, KVM_GET_CLOCK, &after))
		return no("clock", p);
	if (after.clock < before.clock || after.clock - before.clock > PAUSE_US * 1000ULL / 2) {
		printf("clock no: %llu ns after a pause of %d us that was taken back\n",
		       (unsigned long long)(after.clock - before.clock), PAUSE_US);
		return 1;
	}
	printf("clock ok: flags %#x\n", before.flags);
	return 0;
}

static bool guest_tsc(struct probe *p, uint64_t *tsc)
{
	static const uint8_t code[] = { 0x0f, 0x31, 0xe6, 0x10 }; /* rdtsc; out %al,$0x10 */
	struct kvm_regs regs;

	if (!start_at(p, code, sizeof(code)) || !CALL(p, p->vcpu, KVM_RUN, 0) ||
	    !CALL(p, p->vcpu, KVM_GET_REGS, &regs))
		return false;
	*tsc = regs.rdx << 32 | (regs.rax & 0xffffffff);
	return true;
}

/* The guest's TSC moves with KVM_VCPU_TSC_OFFSET. */
static int tsc_offset(struct probe *p)
{
	uint64_t offset = 0, moved, before, after;
	struct kvm_device_attr attr = {
		.group = KVM_VCPU_TSC_CTRL,
		.attr = KVM_VCPU_TSC_OFFSET,
		.addr = (uintptr_t)&offset,
	};

	if (!CALL(p, p->vcpu, KVM_HAS_DEVICE_ATTR, &attr) ||
	    !CALL(p, p->vcpu, KVM_GET_DEVICE_ATTR, &attr) || !guest_tsc(p, &before))
		return no("tsc_offset", p);
	offset += 1ULL << 40;
	if (!CALL(p, p->vcpu, KVM_SET_DEVICE_ATTR, &attr) || !guest_tsc(p, &after))
		return no("tsc_offset", p);
	moved = after - before;
	if (moved < 1ULL << 40 || moved > 3ULL << 39) {
		printf("tsc_offset no: moved by %#" PRIx64 " instead of 2^40\n", moved);
		return 1;
	}
	printf("tsc_offset ok\n");
	return 0;
}

/* With a kvmclock, which the guest itself would ask for, KVM_KVMCLOCK_CTRL flags its pause. */
static int kvmclock_ctrl(struct probe *p)
{
	uint64_t room[(sizeof(struct kvm_msrs) + sizeof(struct kvm_msr_entry)) / 8] = { 0 };
	struct kvm_msrs *msrs = (struct kvm_msrs *)room;
	const uint8_t *flags = p->ram + KVMCLOCK + 29; /* struct pvclock_vcpu_time_info */
	uint64_t tsc;

	msrs->nmsrs = 1;
	msrs->entries[0] = (struct kvm_msr_entry){
		.index = MSR_KVM_SYSTEM_TIME_NEW,
		.data = KVMCLOCK | 1,
	};
	if (!CALL(p, p->vcpu, KVM_SET_MSRS, msrs) || !CALL(p, p->vcpu, KVM_KVMCLOCK_CTRL, 0) ||
	    !guest_tsc(p, &tsc))
		return no("kvmclock_ctrl", p);
	if (!(*flags & 2)) {
		printf("kvmclock_ctrl no: flags %#x, without the guest-stopped one\n", *flags);
		return 1;
	}
	printf("kvmclock_ctrl ok: flags %#x\n", *flags);
	return 0;
}

int main(void)
{
	struct probe p = { 0 };

	if (!open_all(&p))
		return no("vm", &p);
	return watchpoint(&p) | vm_clock(&p) | tsc_offset(&p) | kvmclock_ctrl(&p);
}
