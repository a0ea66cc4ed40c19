/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * regs.c - a vCPU's registers, by KVM's ioctls
 */
#include "vmm-plugin/regs.h"

#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/kvm.h>

#include <base/array.h>

#define MSR_LSTAR 0xc0000082u
#define MSR_KERNEL_GS_BASE 0xc0000102u

/* Where each register is in what an ioctl fills. */
struct place {
	enum scxray_reg reg;
	size_t offset;
	size_t size;
};

#define PLACE(REG, type, member)                                    \
	{                                                           \
		SCXRAY_REG_##REG, offsetof(struct type, member),    \
			sizeof(((const struct type *)NULL)->member) \
	}

static const struct place general[] = {
	PLACE(RIP, kvm_regs, rip), PLACE(RSP, kvm_regs, rsp), PLACE(RFLAGS, kvm_regs, rflags),
	PLACE(RAX, kvm_regs, rax), PLACE(RBX, kvm_regs, rbx), PLACE(RCX, kvm_regs, rcx),
	PLACE(RDX, kvm_regs, rdx), PLACE(RSI, kvm_regs, rsi), PLACE(RDI, kvm_regs, rdi),
	PLACE(RBP, kvm_regs, rbp), PLACE(R8, kvm_regs, r8),   PLACE(R9, kvm_regs, r9),
	PLACE(R10, kvm_regs, r10), PLACE(R11, kvm_regs, r11), PLACE(R12, kvm_regs, r12),
	PLACE(R13, kvm_regs, r13), PLACE(R14, kvm_regs, r14), PLACE(R15, kvm_regs, r15),
};

static const struct place special[] = {
	PLACE(CR0, kvm_sregs, cr0),	    PLACE(CR2, kvm_sregs, cr2),
	PLACE(CR3, kvm_sregs, cr3),	    PLACE(CR4, kvm_sregs, cr4),
	PLACE(EFER, kvm_sregs, efer),	    PLACE(CS, kvm_sregs, cs.selector),
	PLACE(SS, kvm_sregs, ss.selector),  PLACE(FS_BASE, kvm_sregs, fs.base),
	PLACE(GS_BASE, kvm_sregs, gs.base), PLACE(IDT_BASE, kvm_sregs, idt.base),
};

static const struct {
	enum scxray_reg reg;
	uint32_t msr;
} msrs[] = {
	{ SCXRAY_REG_LSTAR, MSR_LSTAR },
	{ SCXRAY_REG_KERNEL_GS_BASE, MSR_KERNEL_GS_BASE },
};

_Static_assert(ARRAY_SIZE(general) + ARRAY_SIZE(special) + ARRAY_SIZE(msrs) == SCXRAY_NR_REGS,
	       "each register is read from one place");

static void set(struct scxray_regs *regs, enum scxray_reg reg, uint64_t value)
{
	regs->value[reg] = value;
	regs->known |= 1ULL << reg;
}

static void take(struct scxray_regs *regs, const struct place *places, size_t nr, const void *from)
{
	for (size_t i = 0; i < nr; i++) {
		uint64_t value = 0;

		/* little-endian, as x86 is */
		memcpy(&value, (const char *)from + places[i].offset, places[i].size);
		set(regs, places[i].reg, value);
	}
}

/* Room for one entry after the head. */
union one_msr {
	struct kvm_msrs msrs;
	char room[sizeof(struct kvm_msrs) + sizeof(struct kvm_msr_entry)];
};

bool regs_get_msr(int vcpu_fd, uint32_t msr, uint64_t *value)
{
	union one_msr one = { .msrs.nmsrs = 1 };

	one.msrs.entries[0] = (struct kvm_msr_entry){ .index = msr };
	if (ioctl(vcpu_fd, KVM_GET_MSRS, &one) != 1)
		return false;
	*value = one.msrs.entries[0].data;
	return true;
}

bool regs_set_msr(int vcpu_fd, uint32_t msr, uint64_t value)
{
	union one_msr one = { .msrs.nmsrs = 1 };

	one.msrs.entries[0] = (struct kvm_msr_entry){ .index = msr, .data = value };
	return ioctl(vcpu_fd, KVM_SET_MSRS, &one) == 1;
}

void regs_read(int vcpu_fd, struct scxray_live_vcpu *vcpu)
{
	struct kvm_regs regs;
	struct kvm_sregs sregs;

	memset(vcpu, 0, sizeof(*vcpu));
	if (ioctl(vcpu_fd, KVM_GET_REGS, &regs) == 0)
		take(&vcpu->regs, general, ARRAY_SIZE(general), &regs);
	if (ioctl(vcpu_fd, KVM_GET_SREGS, &sregs) == 0)
		take(&vcpu->regs, special, ARRAY_SIZE(special), &sregs);
	for (size_t i = 0; i < ARRAY_SIZE(msrs); i++) {
		uint64_t value;

		if (regs_get_msr(vcpu_fd, msrs[i].msr, &value))
			set(&vcpu->regs, msrs[i].reg, value);
	}
	vcpu->parked = vcpu->regs.known != 0;
}
