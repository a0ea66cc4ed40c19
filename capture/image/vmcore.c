/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmcore.c - ELF images of a guest's memory
 *
 * QEMU's dump-guest-memory (also what virtme-ng and libvirt write) and plain
 * kdump files: PT_LOAD segments by physical address, and notes: PRSTATUS and
 * QEMU per CPU, VMCOREINFO once.
 */
#include <elf.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>

#include "capture/image/source.h"

#define MAX_SEGMENTS 65536
#define MAX_NOTE_BYTES (32u << 20) /* in all: libelf copies those that are not aligned */

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
	uint64_t kernel_gs_base; /* behind version 1's first part; there if `size` covers it */
};

#define QEMU_NOTE_MIN offsetof(struct qemu_note, kernel_gs_base)

/* Where the registers stand in x86-64's struct elf_prstatus. */
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

struct vmcore {
	struct scxray_source *source;
	size_t nr_prstatus;
	size_t nr_qemu;
	bool notes_broken;
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

static void take_prstatus(struct vmcore *core, const uint8_t *desc, size_t size)
{
	struct source_vcpu *vcpu;
	uint32_t pid;

	if (size < PRSTATUS_MIN)
		return;
	vcpu = vcpu_at(core->source, core->nr_prstatus++);
	if (!vcpu || vcpu->parked) /* a QEMU note came first, and says more */
		return;
	vcpu->parked = true;
	memcpy(&pid, desc + PRSTATUS_PID, 4);
	vcpu->prstatus_pid = pid;
	for (size_t i = 0; i < sizeof(prstatus_order) / sizeof(prstatus_order[0]); i++) {
		uint64_t value;

		memcpy(&value, desc + PRSTATUS_REGS + i * 8, 8);
		if (prstatus_order[i] >= 0)
			set_reg(&vcpu->regs, prstatus_order[i], value);
	}
}

static void take_qemu(struct vmcore *core, const uint8_t *desc, size_t size)
{
	struct qemu_note note = { 0 };
	struct source_vcpu *vcpu;
	struct scxray_regs *regs;

	if (size < QEMU_NOTE_MIN)
		return;
	memcpy(&note, desc, size < sizeof(note) ? size : sizeof(note));
	vcpu = vcpu_at(core->source, core->nr_qemu++);
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

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		set_reg(regs, table[i].reg, table[i].value);
	if (size >= sizeof(note))
		set_reg(regs, SCXRAY_REG_KERNEL_GS_BASE, note.kernel_gs_base);
}

static void take_vmcoreinfo(struct vmcore *core, const uint8_t *desc, size_t size)
{
	if (core->source->vmcoreinfo)
		return;
	core->source->vmcoreinfo = strndup((const char *)desc, size);
}

static void take_notes(struct vmcore *core, Elf_Data *data)
{
	size_t at = 0, next, name, desc;
	GElf_Nhdr nhdr;

	while (at < data->d_size && (next = gelf_getnote(data, at, &nhdr, &name, &desc)) > 0) {
		const char *owner = (const char *)data->d_buf + name;
		const uint8_t *bytes = (const uint8_t *)data->d_buf + desc;

		if (nhdr.n_namesz == 5 && !memcmp(owner, "CORE", 5) && nhdr.n_type == NT_PRSTATUS)
			take_prstatus(core, bytes, nhdr.n_descsz);
		else if (nhdr.n_namesz == 5 && !memcmp(owner, "QEMU", 5))
			take_qemu(core, bytes, nhdr.n_descsz);
		else if (nhdr.n_namesz == 11 && !memcmp(owner, "VMCOREINFO", 11))
			take_vmcoreinfo(core, bytes, nhdr.n_descsz);
		at = next;
	}
	core->notes_broken |= at < data->d_size;
}

static int by_size_descending(const void *a, const void *b)
{
	const GElf_Phdr *x = a, *y = b;

	return x->p_filesz < y->p_filesz ? 1 : x->p_filesz > y->p_filesz ? -1 : 0;
}

/* True if RAM that is already there covers the segment: kdump lists the kernel's text twice. */
static bool is_covered(const struct phys *phys, const GElf_Phdr *ph)
{
	for (size_t i = 0; i < phys->nr_regions; i++) {
		const struct phys_region *r = &phys->regions[i];

		if (ph->p_paddr >= r->gpa && ph->p_paddr - r->gpa < r->size &&
		    ph->p_filesz <= r->size - (ph->p_paddr - r->gpa))
			return true;
	}
	return false;
}

static int add_load(struct scxray_source *source, const uint8_t *file, GElf_Phdr ph,
		    struct scxray_error *err)
{
	uint64_t head = -ph.p_paddr & PAGE_MASK;

	/* the part of a page before an unaligned segment is no whole page: drop it */
	if (head >= ph.p_filesz || is_covered(&source->phys, &ph))
		return 0;
	if (phys_add_region(&source->phys, ph.p_paddr + head, ph.p_filesz - head,
			    file + ph.p_offset + head))
		return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
				   "memory segments overlap at guest physical 0x%llx",
				   (unsigned long long)ph.p_paddr);
	return 0;
}

/* What people have at hand instead of a vmcore, by its first bytes, and the way from there. */
static const struct {
	const char *magic;
	size_t size;
	const char *text;
} others[] = {
#define BEGINS(magic, text)                     \
	{                                       \
		magic, sizeof(magic) - 1, text, \
	}
	BEGINS("KDUMP   ", "a compressed kdump; convert it with `makedumpfile -E`, or dump without "
			   "compression"),
	BEGINS("DISKDUMP", "a compressed kdump; convert it with `makedumpfile -E`, or dump without "
			   "compression"),
	BEGINS("makedumpfile", "a flattened dump; convert it with `makedumpfile -R`"),
	BEGINS("\x28\xb5\x2f\xfd", "compressed with zstd; unpack it first with `zstd -d`"),
	BEGINS("\x1f\x8b", "compressed with gzip; unpack it first with `gzip -d`"),
	BEGINS("\xfd"
	       "7zXZ",
	       "compressed with xz; unpack it first with `xz -d`"),
	BEGINS("\x04\x22\x4d\x18", "compressed with lz4; unpack it first with `lz4 -d`"),
	BEGINS("QEVM", "a saved state of QEMU; take an image with `dump-guest-memory` instead"),
	BEGINS("QFI\xfb", "a disk image of QEMU; memory comes from `dump-guest-memory`"),
	BEGINS("LibvirtQemud", "a saved domain of libvirt; take an image with `virsh dump "
			       "--memory-only --format elf` instead"),
	BEGINS("EMiL", "a LiME dump; take an ELF vmcore instead"),
};

static int check_ident(const uint8_t *file, size_t size, struct scxray_error *err)
{
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (size >= others[i].size && !memcmp(file, others[i].magic, others[i].size))
			return scxray_fail(err, SCXRAY_ERR_FORMAT, 0, "%s", others[i].text);
	if (size < 4 || memcmp(file, ELFMAG, SELFMAG))
		return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
				   "neither an ELF vmcore nor a scxray core");
	if (size < sizeof(Elf64_Ehdr))
		return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
				   "truncated: %zu bytes are less than an ELF header", size);
	if (file[EI_CLASS] == ELFCLASS32)
		return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
				   "a 32-bit ELF file; only x86-64 guests are supported");
	if (file[EI_CLASS] != ELFCLASS64 || file[EI_DATA] != ELFDATA2LSB)
		return scxray_fail(
			err, SCXRAY_ERR_FORMAT, 0,
			"not a little-endian 64-bit ELF file; only x86-64 guests are supported");
	return 0;
}

static int check_header(Elf *elf, size_t *nr_phdrs, struct scxray_error *err)
{
	GElf_Ehdr ehdr;

	if (!gelf_getehdr(elf, &ehdr))
		return scxray_fail(err, SCXRAY_ERR_FORMAT, 0, "broken ELF header: %s",
				   elf_errmsg(-1));
	if (ehdr.e_machine != EM_X86_64)
		return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
				   "an ELF file for machine %u; only x86-64 guests are supported",
				   ehdr.e_machine);
	if (ehdr.e_type != ET_CORE)
		return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
				   "an ELF file, but not a core (type %u): give a vmcore",
				   ehdr.e_type);
	if (elf_getphdrnum(elf, nr_phdrs))
		return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
				   "truncated: broken program headers: %s", elf_errmsg(-1));
	if (*nr_phdrs > MAX_SEGMENTS)
		return scxray_fail(err, SCXRAY_ERR_FORMAT, 0, "%zu program headers are too many",
				   *nr_phdrs);
	return 0;
}

static int load_segments(struct vmcore *core, Elf *elf, const uint8_t *file, size_t size,
			 GElf_Phdr *loads, size_t nr_phdrs, struct scxray_error *err)
{
	uint64_t note_bytes = 0;
	size_t nr_loads = 0;
	bool notes = false;

	for (size_t i = 0; i < nr_phdrs; i++) {
		GElf_Phdr ph;

		if (!gelf_getphdr(elf, (int)i, &ph))
			return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
					   "truncated: program header %zu of %zu is not there", i,
					   nr_phdrs);
		if (ph.p_type != PT_LOAD && ph.p_type != PT_NOTE)
			continue;
		if (ph.p_offset > size || ph.p_filesz > size - ph.p_offset)
			return scxray_fail(
				err, SCXRAY_ERR_FORMAT, 0,
				"truncated: a segment ends at byte %llu, the file at %zu",
				(unsigned long long)(ph.p_offset + ph.p_filesz), size);
		if (ph.p_type == PT_LOAD) {
			if (ph.p_filesz)
				loads[nr_loads++] = ph;
			continue;
		}
		notes = true;
		note_bytes += ph.p_filesz;
		if (note_bytes > MAX_NOTE_BYTES)
			return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
					   "notes of %llu bytes are too many",
					   (unsigned long long)note_bytes);
		Elf_Data *data = elf_getdata_rawchunk(elf, (int64_t)ph.p_offset, ph.p_filesz,
						      ph.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
		if (data)
			take_notes(core, data);
	}
	if (!notes || (!core->source->nr_vcpus && !core->source->vmcoreinfo))
		return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
				   "no usable notes: neither vCPU registers nor VMCOREINFO%s",
				   core->notes_broken ? " (the notes are broken)" : "");
	if (!nr_loads)
		return scxray_fail(err, SCXRAY_ERR_FORMAT, 0, "no memory segments");
	qsort(loads, nr_loads, sizeof(*loads), by_size_descending);
	for (size_t i = 0; i < nr_loads; i++)
		if (add_load(core->source, file, loads[i], err))
			return -1;
	return 0;
}

int vmcore_load(struct scxray_source *source, const uint8_t *file, size_t size,
		struct scxray_error *err)
{
	struct vmcore core = { .source = source };
	GElf_Phdr *loads = NULL;
	size_t nr_phdrs = 0;
	int failed;
	Elf *elf;

	if (check_ident(file, size, err))
		return -1;
	elf_version(EV_CURRENT);
	elf = elf_memory((char *)file,
			 size); /* read only: libelf writes to images opened for that */
	if (!elf)
		return scxray_fail(err, SCXRAY_ERR_FORMAT, 0, "broken ELF file: %s",
				   elf_errmsg(-1));
	failed = check_header(elf, &nr_phdrs, err);
	if (!failed) {
		loads = calloc(nr_phdrs ? nr_phdrs : 1, sizeof(*loads));
		failed = loads ? load_segments(&core, elf, file, size, loads, nr_phdrs, err)
			       : scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	}
	free(loads);
	elf_end(elf);
	source->kind = "vmcore";
	return failed;
}
