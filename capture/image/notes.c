/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * notes.c - the notes of an image: PRSTATUS and QEMU per CPU, VMCOREINFO once
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include <base/array.h>

#include <scxray/vcpu.h>

#include "capture/image/notes.h"

/* QEMU's note: include/sysemu/dump-arch of QEMU 7 to 10, target/i386/arch_dump.c, version 1. */
struct qemu_segment {
	uint32_t selector, limit, flags, pad;
	uint64_t base;
};

struct qemu_note {
	uint32_t version, size;
	uint64_t rax, rbx, rcx, rdx, rsi, rdi, rsp, rbp;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t rip, rflags;
	struct qemu_segment cs, ds, es, fs, gs, ss, ldt, tr, gdt, idt;
	uint64_t cr[5];
	uint64_t kernel_gs_base; /* after version 1's first part; there if `size` covers it */
};

#define QEMU_NOTE_MIN offsetof(struct qemu_note, kernel_gs_base)

/* Where the registers are in x86-64's struct elf_prstatus. */
#define PRSTATUS_PID 32
#define PRSTATUS_REGS 112
#define PRSTATUS_MIN (PRSTATUS_REGS + 27 * 8)

static const int prstatus_order[] = {
	SCXRAY_REG_R15,	   SCXRAY_REG_R14, SCXRAY_REG_R13, SCXRAY_REG_R12,    SCXRAY_REG_RBP,
	SCXRAY_REG_RBX,	   SCXRAY_REG_R11, SCXRAY_REG_R10, SCXRAY_REG_R9,     SCXRAY_REG_R8,
	SCXRAY_REG_RAX,	   SCXRAY_REG_RCX, SCXRAY_REG_RDX, SCXRAY_REG_RSI,    SCXRAY_REG_RDI,
	-1 /* orig_rax */, SCXRAY_REG_RIP, SCXRAY_REG_CS,  SCXRAY_REG_RFLAGS, SCXRAY_REG_RSP,
	SCXRAY_REG_SS,
};

static void set_reg(struct scxray_regs *regs, enum scxray_reg reg, uint64_t value)
{
	regs->value[reg] = value;
	regs->known |= 1ULL << reg;
}

/* The vCPU of the n-th note of its kind; NULL when there are too many. */
static struct source_vcpu *vcpu_at(struct scxray_source *source, size_t n)
{
	struct source_vcpu *grown;

	if (n < source->nr_vcpus)
		return &source->vcpus[n];
	if (n >= SOURCE_MAX_VCPUS)
		return NULL;
	grown = realloc(source->vcpus, (n + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	memset(grown + source->nr_vcpus, 0, (n + 1 - source->nr_vcpus) * sizeof(*grown));
	source->vcpus = grown;
	source->nr_vcpus = n + 1;
	return &grown[n];
}

static void take_prstatus(struct notes *notes, const uint8_t *desc, size_t size)
{
	struct source_vcpu *vcpu;
	uint32_t pid;

	if (size < PRSTATUS_MIN)
		return;
	vcpu = vcpu_at(notes->source, notes->nr_prstatus++);
	if (!vcpu || vcpu->parked) /* a QEMU note came before, and says more */
		return;
	vcpu->parked = true;
	memcpy(&pid, desc + PRSTATUS_PID, 4);
	vcpu->prstatus_pid = pid;
	for (size_t i = 0; i < ARRAY_SIZE(prstatus_order); i++) {
		uint64_t value;

		memcpy(&value, desc + PRSTATUS_REGS + i * 8, 8);
		if (prstatus_order[i] >= 0)
			set_reg(&vcpu->regs, prstatus_order[i], value);
	}
}

static void take_qemu(struct notes *notes, const uint8_t *desc, size_t size)
{
	struct qemu_note note = { 0 };
	struct source_vcpu *vcpu;
	struct scxray_regs *regs;

	if (size < QEMU_NOTE_MIN)
		return;
	memcpy(&note, desc, size < sizeof(note) ? size : sizeof(note));
	vcpu = vcpu_at(notes->source, notes->nr_qemu++);
	if (!vcpu)
		return;
	vcpu->parked = true;
	regs = &vcpu->regs;
	const struct {
		enum scxray_reg reg;
		uint64_t value;
	} table[] = {
		{ SCXRAY_REG_RIP, note.rip },
		{ SCXRAY_REG_RSP, note.rsp },
		{ SCXRAY_REG_CR3, note.cr[3] },
		{ SCXRAY_REG_RFLAGS, note.rflags },
		{ SCXRAY_REG_RAX, note.rax },
		{ SCXRAY_REG_RBX, note.rbx },
		{ SCXRAY_REG_RCX, note.rcx },
		{ SCXRAY_REG_RDX, note.rdx },
		{ SCXRAY_REG_RSI, note.rsi },
		{ SCXRAY_REG_RDI, note.rdi },
		{ SCXRAY_REG_RBP, note.rbp },
		{ SCXRAY_REG_R8, note.r8 },
		{ SCXRAY_REG_R9, note.r9 },
		{ SCXRAY_REG_R10, note.r10 },
		{ SCXRAY_REG_R11, note.r11 },
		{ SCXRAY_REG_R12, note.r12 },
		{ SCXRAY_REG_R13, note.r13 },
		{ SCXRAY_REG_R14, note.r14 },
		{ SCXRAY_REG_R15, note.r15 },
		{ SCXRAY_REG_CR0, note.cr[0] },
		{ SCXRAY_REG_CR2, note.cr[2] },
		{ SCXRAY_REG_CR4, note.cr[4] },
		{ SCXRAY_REG_CS, note.cs.selector },
		{ SCXRAY_REG_SS, note.ss.selector },
		{ SCXRAY_REG_FS_BASE, note.fs.base },
		{ SCXRAY_REG_GS_BASE, note.gs.base },
		{ SCXRAY_REG_IDT_BASE, note.idt.base },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		set_reg(regs, table[i].reg, table[i].value);
	if (size >= sizeof(note))
		set_reg(regs, SCXRAY_REG_KERNEL_GS_BASE, note.kernel_gs_base);
}

static void take_vmcoreinfo(struct notes *notes, const uint8_t *desc, size_t size)
{
	if (!notes->source->vmcoreinfo)
		notes->source->vmcoreinfo = strndup((const char *)desc, size);
}

/* Notes that the kernel writes for a process, never for a machine. */
static bool is_of_process(uint32_t type)
{
	return type == NT_AUXV || type == NT_FILE || type == NT_SIGINFO;
}

static void take_note(struct notes *notes, const Elf64_Nhdr *nhdr, const char *owner,
		      const uint8_t *desc)
{
	if (nhdr->n_namesz == 5 && !memcmp(owner, "CORE", 5)) {
		notes->of_process |= is_of_process(nhdr->n_type);
		if (nhdr->n_type == NT_PRSTATUS && !notes->no_registers)
			take_prstatus(notes, desc, nhdr->n_descsz);
	} else if (nhdr->n_namesz == 5 && !memcmp(owner, "QEMU", 5)) {
		take_qemu(notes, desc, nhdr->n_descsz);
	} else if (nhdr->n_namesz == 11 && !memcmp(owner, "VMCOREINFO", 11)) {
		take_vmcoreinfo(notes, desc, nhdr->n_descsz);
	}
}

void notes_take(struct notes *notes, const uint8_t *bytes, size_t size, size_t align)
{
	size_t at = 0;

	while (at < size) {
		Elf64_Nhdr nhdr;
		uint64_t desc, end;

		if (size - at < sizeof(nhdr))
			break;
		memcpy(&nhdr, bytes + at, sizeof(nhdr));
		desc = (at + sizeof(nhdr) + nhdr.n_namesz + align - 1) & ~(uint64_t)(align - 1);
		end = desc + nhdr.n_descsz;
		if (end > size)
			break;
		take_note(notes, &nhdr, (const char *)bytes + at + sizeof(nhdr), bytes + desc);
		at = (end + align - 1) & ~(uint64_t)(align - 1);
	}
	notes->broken |= at < size;
}
