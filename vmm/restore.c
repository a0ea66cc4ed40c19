/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * restore.c - a guest out of an image file: its RAM, and what the image has of its registers
 *
 * An image has the registers that a report needs, not all that a CPU has.  What is missing
 * gets the value that it has in a running Linux wherever that is one fixed value, else that of
 * a reset: good enough for code that was interrupted to run on, and for anything that
 * only looks.  A restored guest is no migrated one: it has no devices, timers or interrupts.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include <base/array.h>
#include <scxray/image.h>
#include <scxray/vcpu.h>

#include "message.h"
#include "restore.h"

#define EFER_SCE (1ULL << 0)
#define EFER_LME (1ULL << 8)
#define EFER_LMA (1ULL << 10)
#define EFER_NX (1ULL << 11)
#define CR0_PE (1ULL << 0)
#define CR0_PG (1ULL << 31)
#define CR4_PAE (1ULL << 5)

/* Linux: arch/x86/include/asm/segment.h */
#define USER32_CS 0x23

#define MSR_LSTAR 0xc0000082
#define MSR_KERNEL_GS_BASE 0xc0000102

/* Without these there is no address space to run in. */
static const struct {
	enum scxray_reg reg;
	const char *name;
} needed[] = {
	{ SCXRAY_REG_RIP, "RIP" }, { SCXRAY_REG_CR0, "CR0" }, { SCXRAY_REG_CR3, "CR3" },
	{ SCXRAY_REG_CR4, "CR4" }, { SCXRAY_REG_CS, "CS" },
};

static const char *const cr4_names[64] = {
	[0] = "VME",	     [1] = "PVI",    [2] = "TSD",      [3] = "DE",     [4] = "PSE",
	[5] = "PAE",	     [6] = "MCE",    [7] = "PGE",      [8] = "PCE",    [9] = "OSFXSR",
	[10] = "OSXMMEXCPT", [11] = "UMIP",  [12] = "LA57",    [13] = "VMXE",  [14] = "SMXE",
	[16] = "FSGSBASE",   [17] = "PCIDE", [18] = "OSXSAVE", [20] = "SMEP",  [21] = "SMAP",
	[22] = "PKE",	     [23] = "CET",   [24] = "PKS",     [25] = "UINTR", [28] = "LAM_SUP",
};

static bool known(const struct scxray_regs *regs, enum scxray_reg reg)
{
	return regs->known & (1ULL << reg);
}

/* The register, or 0 where it is missing in the image. */
static uint64_t value(const struct scxray_regs *regs, enum scxray_reg reg)
{
	return known(regs, reg) ? regs->value[reg] : 0;
}

/* ---- memory ----------------------------------------------------------------- */

/* Copies what the image has of a region; pages that are missing in it stay zero.  Bytes copied. */
static uint64_t fill_region(struct machine *machine, struct scxray_source *source, uint64_t gpa,
			    uint64_t size)
{
	uint8_t *host = memory_at(machine, gpa, size);
	uint64_t copied = 0;

	for (uint64_t at = 0; host && at < size; at += PAGE) {
		const uint8_t *bytes;
		size_t len = scxray_source_page(source, gpa + at, &bytes);

		if (len)
			memcpy(host + at, bytes, len);
		copied += len;
	}
	return copied;
}

/* RAM, and how much of it the image really has. */
struct amount {
	uint64_t bytes, copied;
};

static int restore_memory(struct machine *machine, struct scxray_source *source,
			  struct amount *amount, struct scxray_error *err)
{
	uint64_t gpa, size;

	for (size_t i = 0; scxray_source_region(source, i, &gpa, &size); i++) {
		/* the image's last page of a region may be a part of one */
		uint64_t rounded = (size + PAGE - 1) & ~(PAGE - 1);

		if (memory_add(machine, gpa, rounded, err))
			return -1;
		amount->bytes += size;
		amount->copied += fill_region(machine, source, gpa, rounded);
	}
	return 0;
}

/* ---- registers -------------------------------------------------------------- */

static int check_regs(const struct scxray_source *source, struct scxray_error *err)
{
	size_t nr = scxray_source_nr_vcpus(source);

	if (!nr)
		return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
				   "no vCPU's registers in it; take it with dump-guest-memory, or "
				   "with scxray's --save-core");
	for (size_t i = 0; i < nr; i++) {
		const struct scxray_regs *regs = scxray_source_regs(source, i);

		if (!regs)
			return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
					   "no registers of vCPU %zu: it had not parked", i);
		for (size_t k = 0; k < ARRAY_SIZE(needed); k++)
			if (!known(regs, needed[k].reg))
				return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
						   "vCPU %zu has no %s in it (a kdump has none); "
						   "take it with dump-guest-memory",
						   i, needed[k].name);
		if (!(regs->value[SCXRAY_REG_CR0] & CR0_PG) ||
		    !(regs->value[SCXRAY_REG_CR4] & CR4_PAE))
			return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
					   "vCPU %zu was not in 64-bit mode: only that is restored",
					   i);
	}
	return 0;
}

/* A flat segment as Linux has it: `type` 11 is code, 3 is data. */
static struct kvm_segment flat(uint16_t selector, unsigned cpl, uint8_t type)
{
	return (struct kvm_segment){
		.selector = selector,
		.limit = 0xffffffff,
		.type = type,
		.present = 1,
		.dpl = (uint8_t)cpl,
		.s = 1,
		.g = 1,
		.db = type != 11,
	};
}

static struct kvm_segment empty(uint64_t base)
{
	return (struct kvm_segment){ .base = base, .unusable = 1 };
}

static void set_segments(struct kvm_sregs *sregs, const struct scxray_regs *regs)
{
	uint16_t cs = (uint16_t)value(regs, SCXRAY_REG_CS);
	uint16_t ss = (uint16_t)value(regs, SCXRAY_REG_SS);
	unsigned cpl = cs & 3;

	sregs->cs = flat(cs, cpl, 11);
	sregs->cs.l = cs != USER32_CS;
	sregs->cs.db = cs == USER32_CS;
	sregs->ss = flat(ss, cpl, 3);
	if (!(ss & ~3)) { /* the kernel may have loaded the null selector */
		sregs->ss = empty(0);
		sregs->ss.selector = ss;
		sregs->ss.dpl = (uint8_t)cpl;
	}
	sregs->ds = sregs->es = empty(0);
	sregs->fs = empty(value(regs, SCXRAY_REG_FS_BASE));
	sregs->gs = empty(value(regs, SCXRAY_REG_GS_BASE));
	sregs->ldt = empty(0);
	sregs->tr = (struct kvm_segment){ .limit = 0x67, .type = 11, .present = 1 };
	sregs->gdt = (struct kvm_dtable){ 0 };
	sregs->idt =
		(struct kvm_dtable){ .base = value(regs, SCXRAY_REG_IDT_BASE), .limit = 0xfff };
}

/* Bits of CR4 that this KVM refuses, as text: tried one by one. */
static void refused_bits(int vcpu_fd, struct kvm_sregs sregs, char *text, size_t size)
{
	uint64_t cr4 = sregs.cr4;
	size_t at = 0;

	text[0] = '\0';
	for (unsigned bit = 0; bit < 64; bit++) {
		if (!(cr4 >> bit & 1) || 1ULL << bit == CR4_PAE)
			continue;
		sregs.cr4 = CR4_PAE | 1ULL << bit;
		if (!ioctl(vcpu_fd, KVM_SET_SREGS, &sregs) || at >= size)
			continue;
		at += (size_t)(cr4_names[bit]
				       ? snprintf(text + at, size - at, " %s", cr4_names[bit])
				       : snprintf(text + at, size - at, " bit %u", bit));
	}
}

static int set_sregs(const struct vcpu *vcpu, const struct scxray_regs *regs,
		     struct scxray_error *err)
{
	struct kvm_sregs sregs;
	char refused[128];
	int error;

	if (ioctl(vcpu->fd, KVM_GET_SREGS, &sregs))
		return scxray_fail(err, SCXRAY_ERR_IO, 0, "vCPU %u: KVM_GET_SREGS: %s", vcpu->index,
				   strerror(errno));
	set_segments(&sregs, regs);
	sregs.cr0 = value(regs, SCXRAY_REG_CR0);
	sregs.cr2 = value(regs, SCXRAY_REG_CR2);
	sregs.cr3 = value(regs, SCXRAY_REG_CR3);
	sregs.cr4 = value(regs, SCXRAY_REG_CR4);
	sregs.efer = known(regs, SCXRAY_REG_EFER) ? regs->value[SCXRAY_REG_EFER]
						  : EFER_SCE | EFER_LME | EFER_LMA | EFER_NX;
	memset(sregs.interrupt_bitmap, 0, sizeof(sregs.interrupt_bitmap));
	if (!ioctl(vcpu->fd, KVM_SET_SREGS, &sregs))
		return 0;
	error = errno;
	refused_bits(vcpu->fd, sregs, refused, sizeof(refused));
	if (refused[0])
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
				   "vCPU %u: this KVM refuses CR4 with%s: restore it on a CPU "
				   "that has that",
				   vcpu->index, refused);
	return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
			   "vCPU %u: this KVM refuses its control registers or segments "
			   "(CR0 0x%llx, CR4 0x%llx): %s",
			   vcpu->index, (unsigned long long)sregs.cr0,
			   (unsigned long long)sregs.cr4, strerror(error));
}

static int set_regs(const struct vcpu *vcpu, const struct scxray_regs *regs,
		    struct scxray_error *err)
{
	struct kvm_regs to = {
		.rax = value(regs, SCXRAY_REG_RAX),
		.rbx = value(regs, SCXRAY_REG_RBX),
		.rcx = value(regs, SCXRAY_REG_RCX),
		.rdx = value(regs, SCXRAY_REG_RDX),
		.rsi = value(regs, SCXRAY_REG_RSI),
		.rdi = value(regs, SCXRAY_REG_RDI),
		.rsp = value(regs, SCXRAY_REG_RSP),
		.rbp = value(regs, SCXRAY_REG_RBP),
		.r8 = value(regs, SCXRAY_REG_R8),
		.r9 = value(regs, SCXRAY_REG_R9),
		.r10 = value(regs, SCXRAY_REG_R10),
		.r11 = value(regs, SCXRAY_REG_R11),
		.r12 = value(regs, SCXRAY_REG_R12),
		.r13 = value(regs, SCXRAY_REG_R13),
		.r14 = value(regs, SCXRAY_REG_R14),
		.r15 = value(regs, SCXRAY_REG_R15),
		.rip = value(regs, SCXRAY_REG_RIP),
		.rflags = value(regs, SCXRAY_REG_RFLAGS) | 2, /* that bit is always set */
	};

	if (ioctl(vcpu->fd, KVM_SET_REGS, &to))
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0, "vCPU %u: KVM_SET_REGS: %s",
				   vcpu->index, strerror(errno));
	return 0;
}

/* An MSR that the image does not have keeps its value of a reset. */
static int set_msrs(const struct vcpu *vcpu, const struct scxray_regs *regs,
		    struct scxray_error *err)
{
	static const struct {
		enum scxray_reg reg;
		uint32_t msr;
		const char *name;
	} table[] = {
		{ SCXRAY_REG_KERNEL_GS_BASE, MSR_KERNEL_GS_BASE, "KERNEL_GS_BASE" },
		{ SCXRAY_REG_LSTAR, MSR_LSTAR, "LSTAR" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		uint64_t data = value(regs, table[i].reg);

		if (!known(regs, table[i].reg))
			continue;
		if (vcpu_set_msr(vcpu, table[i].msr, data))
			return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
					   "vCPU %u: this KVM refuses %s 0x%llx", vcpu->index,
					   table[i].name, (unsigned long long)data);
	}
	return 0;
}

/* Whether the vCPU is just after a HLT of the kernel: images do not say that it was halted. */
static bool is_in_hlt(const struct machine *machine, const struct vcpu *vcpu,
		      const struct scxray_regs *regs)
{
	struct kvm_translation before = { .linear_address = value(regs, SCXRAY_REG_RIP) - 1 };
	const uint8_t *code;

	if ((value(regs, SCXRAY_REG_CS) & 3) || ioctl(vcpu->fd, KVM_TRANSLATE, &before) ||
	    !before.valid)
		return false;
	code = memory_at(machine, before.physical_address, 1);
	return code && *code == 0xf4;
}

/*
 * A scxray core has the pages that a report needs, and hardly one that a CPU needs to run: its
 * vCPUs would end in a triple fault, which on some CPUs takes their registers with it.  Halted
 * inside KVM, where no interrupt reaches them, they stay as they were, to be looked at.
 * Those of a whole image run on, all at once, except those that were idle: none waits for a
 * start-up IPI any more.
 */
static int set_state(const struct vcpu *vcpu, bool halted, struct scxray_error *err)
{
	struct kvm_mp_state state = {
		.mp_state = halted ? KVM_MP_STATE_HALTED : KVM_MP_STATE_RUNNABLE,
	};

	if (ioctl(vcpu->fd, KVM_SET_MP_STATE, &state))
		return scxray_fail(err, SCXRAY_ERR_IO, 0, "vCPU %u: KVM_SET_MP_STATE: %s",
				   vcpu->index, strerror(errno));
	return 0;
}

static int restore_vcpus(struct machine *machine, const struct scxray_source *source,
			 enum cpu_model model, bool halted, struct scxray_error *err)
{
	size_t nr = scxray_source_nr_vcpus(source);

	if (nr > MAX_VCPUS)
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
				   "%zu vCPUs are more than the %d that this machine can have", nr,
				   MAX_VCPUS);
	if (vcpus_create(machine, (unsigned)nr, err) || cpuid_set(machine, model, err))
		return -1;
	for (size_t i = 0; i < nr; i++) {
		const struct scxray_regs *regs = scxray_source_regs(source, i);
		const struct vcpu *vcpu = &machine->vcpus[i];

		if (set_sregs(vcpu, regs, err) || set_regs(vcpu, regs, err) ||
		    set_msrs(vcpu, regs, err) ||
		    set_state(vcpu, halted || is_in_hlt(machine, vcpu, regs), err))
			return -1;
	}
	return 0;
}

/* ---- the whole -------------------------------------------------------------- */

static void announce(const char *path, const struct machine *machine,
		     const struct scxray_source *source, const struct amount *amount)
{
	const struct scxray_regs *regs = scxray_source_regs(source, 0);

	message_print(
		"%s: %u vCPUs, %llu MiB of RAM; no image has GDT, TSS, data segments, FPU, APIC%s%s: "
		"they have defaults",
		path, machine->nr_vcpus, (unsigned long long)(amount->bytes / MIB),
		known(regs, SCXRAY_REG_EFER) ? "" : ", this one no EFER",
		known(regs, SCXRAY_REG_LSTAR) ? "" : ", no LSTAR");
	if (amount->copied < amount->bytes)
		message_print(
			"%s: it has %llu KiB of that RAM, the rest is zero: its vCPUs are halted, to be "
			"looked at, not to run",
			path, (unsigned long long)(amount->copied / 1024));
}

int vm_restore(struct machine *machine, const char *path, enum cpu_model model,
	       struct scxray_error *err)
{
	struct scxray_source *source = scxray_source_open(path, err);
	struct scxray_error inner = { 0 };
	struct amount amount = { 0 };
	int failed;

	if (!source)
		return -1;
	failed = check_regs(source, &inner) || restore_memory(machine, source, &amount, &inner) ||
		 restore_vcpus(machine, source, model, amount.copied < amount.bytes, &inner);
	if (!failed)
		announce(path, machine, source, &amount);
	scxray_source_close(source);
	return failed ? scxray_fail(err, inner.code, inner.addr, "%s: %.200s", path, inner.text)
		      : 0;
}
