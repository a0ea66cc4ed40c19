/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * core2vmcore.c - the pages and registers of a scxray core as an ELF vmcore
 *
 *	core2vmcore [--no-notes] CORE VMCORE
 *
 * A bundled core is a few MB, a vmcore a hundred: this gives the tests of the ELF
 * reader real input without one.  A PT_LOAD segment for each run of neighbouring
 * pages, and QEMU's two notes a vCPU, written from their published layout and not
 * from the reader's structs.
 */
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/array.h>
#include <scxray/capture.h>

#include "capture/image/source.h"

/* QEMU's target/i386/arch_dump.c: version 1, with kernel_gs_base at the end. */
#define QEMU_NOTE_SIZE 440
#define PRSTATUS_SIZE 336

struct buffer {
	uint8_t *bytes;
	size_t size;
};

static void *append(struct buffer *buffer, size_t size)
{
	size_t old = buffer->size;

	buffer->bytes = realloc(buffer->bytes, old + size);
	if (!buffer->bytes)
		abort();
	memset(buffer->bytes + old, 0, size);
	buffer->size = old + size;
	return buffer->bytes + old;
}

static void put(uint8_t *desc, size_t at, uint64_t value, size_t size)
{
	memcpy(desc + at, &value, size);
}

static void add_note(struct buffer *notes, const char *name, uint32_t type, const uint8_t *desc,
		     size_t size)
{
	Elf64_Nhdr header = { .n_namesz = (uint32_t)strlen(name) + 1,
			      .n_descsz = (uint32_t)size,
			      .n_type = type };
	size_t name_size = (header.n_namesz + 3) & ~3U;
	uint8_t *at = append(notes, sizeof(header) + name_size + ((size + 3) & ~3UL));

	memcpy(at, &header, sizeof(header));
	memcpy(at + sizeof(header), name, header.n_namesz);
	if (size)
		memcpy(at + sizeof(header) + name_size, desc, size);
}

/* Where a register stands in QEMU's note and in PRSTATUS; 0: not there. */
static const struct {
	enum scxray_reg reg;
	uint16_t qemu;
	uint16_t prstatus;
} places[] = {
	{ SCXRAY_REG_RAX, 8, 192 },	  { SCXRAY_REG_RBX, 16, 152 },
	{ SCXRAY_REG_RCX, 24, 200 },	  { SCXRAY_REG_RDX, 32, 208 },
	{ SCXRAY_REG_RSI, 40, 216 },	  { SCXRAY_REG_RDI, 48, 224 },
	{ SCXRAY_REG_RSP, 56, 264 },	  { SCXRAY_REG_RBP, 64, 144 },
	{ SCXRAY_REG_R8, 72, 184 },	  { SCXRAY_REG_R9, 80, 176 },
	{ SCXRAY_REG_R10, 88, 168 },	  { SCXRAY_REG_R11, 96, 160 },
	{ SCXRAY_REG_R12, 104, 136 },	  { SCXRAY_REG_R13, 112, 128 },
	{ SCXRAY_REG_R14, 120, 120 },	  { SCXRAY_REG_R15, 128, 112 },
	{ SCXRAY_REG_RIP, 136, 240 },	  { SCXRAY_REG_RFLAGS, 144, 256 },
	{ SCXRAY_REG_CS, 152, 248 },	  { SCXRAY_REG_SS, 272, 272 },
	{ SCXRAY_REG_FS_BASE, 240, 280 }, { SCXRAY_REG_GS_BASE, 264, 288 },
	{ SCXRAY_REG_IDT_BASE, 384, 0 },  { SCXRAY_REG_CR0, 392, 0 },
	{ SCXRAY_REG_CR2, 408, 0 },	  { SCXRAY_REG_CR3, 416, 0 },
	{ SCXRAY_REG_CR4, 424, 0 },	  { SCXRAY_REG_KERNEL_GS_BASE, 432, 0 },
};

static void add_vcpu(struct buffer *notes, const struct source_vcpu *vcpu)
{
	uint8_t qemu[QEMU_NOTE_SIZE] = { 0 }, prstatus[PRSTATUS_SIZE] = { 0 };

	put(qemu, 0, 1, 4);
	put(qemu, 4, sizeof(qemu), 4);
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		uint64_t value = vcpu->regs.value[places[i].reg];
		bool selector = places[i].reg == SCXRAY_REG_CS || places[i].reg == SCXRAY_REG_SS;

		put(qemu, places[i].qemu, value, selector ? 4 : 8);
		if (places[i].prstatus)
			put(prstatus, places[i].prstatus, value, 8);
	}
	add_note(notes, "CORE", NT_PRSTATUS, prstatus, sizeof(prstatus));
	add_note(notes, "QEMU", 0, qemu, sizeof(qemu));
}

/* Program headers for the runs of neighbouring pages; their offsets begin at 0. */
static size_t add_loads(struct buffer *headers, const struct phys *phys)
{
	Elf64_Phdr *last = NULL;
	size_t nr = 0;

	for (size_t i = 0; i < phys->nr_pages; i++) {
		if (last && last->p_paddr + last->p_filesz == phys->pages[i].gpa) {
			last->p_filesz += PAGE_SIZE;
			last->p_memsz += PAGE_SIZE;
			continue;
		}
		last = append(headers, sizeof(*last));
		*last = (Elf64_Phdr){ .p_type = PT_LOAD,
				      .p_offset = i * PAGE_SIZE,
				      .p_paddr = phys->pages[i].gpa,
				      .p_filesz = PAGE_SIZE,
				      .p_memsz = PAGE_SIZE };
		nr++;
	}
	return nr;
}

static int write_elf(FILE *out, const struct phys *phys, const struct buffer *notes)
{
	struct buffer headers = { 0 };
	Elf64_Phdr *ph = append(&headers, sizeof(*ph));
	size_t nr_loads = add_loads(&headers, phys), start, data;
	Elf64_Ehdr ehdr = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			     EV_CURRENT },
		.e_type = ET_CORE,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(ehdr),
		.e_ehsize = sizeof(ehdr),
		.e_phentsize = sizeof(*ph),
		.e_phnum = (Elf64_Half)(nr_loads + 1),
	};
	int failed;

	start = sizeof(ehdr) + headers.size;
	data = (start + notes->size + PAGE_MASK) & ~PAGE_MASK;
	ph = (Elf64_Phdr *)headers.bytes;
	ph[0] = (Elf64_Phdr){ .p_type = PT_NOTE, .p_offset = start, .p_filesz = notes->size };
	for (size_t i = 1; i <= nr_loads; i++)
		ph[i].p_offset += data;

	failed = nr_loads >= PN_XNUM - 1 || fwrite(&ehdr, sizeof(ehdr), 1, out) != 1 ||
		 fwrite(headers.bytes, headers.size, 1, out) != 1 ||
		 (notes->size && fwrite(notes->bytes, notes->size, 1, out) != 1) ||
		 fseek(out, (long)data, SEEK_SET);
	for (size_t i = 0; !failed && i < phys->nr_pages; i++)
		failed = fwrite(phys->pages[i].host, PAGE_SIZE, 1, out) != 1;
	free(headers.bytes);
	return failed ? -1 : 0;
}

static int convert(const struct scxray_source *source, const char *path, bool with_notes)
{
	struct buffer notes = { 0 };
	FILE *out = fopen(path, "we");
	int failed;

	if (!out)
		return -1;
	for (size_t i = 0; with_notes && i < source->nr_vcpus; i++)
		add_vcpu(&notes, &source->vcpus[i]);
	if (with_notes && source->vmcoreinfo)
		add_note(&notes, "VMCOREINFO", 0, (const uint8_t *)source->vmcoreinfo,
			 strlen(source->vmcoreinfo));
	failed = write_elf(out, &source->phys, &notes);
	free(notes.bytes);
	return fclose(out) || failed ? -1 : 0;
}

int main(int argc, char **argv)
{
	bool with_notes = argc < 2 || strcmp(argv[1], "--no-notes");
	struct scxray_error err = { 0 };
	struct scxray_source *source;
	int failed;

	argv += with_notes ? 0 : 1;
	argc -= with_notes ? 0 : 1;
	if (argc != 3) {
		fprintf(stderr, "usage: core2vmcore [--no-notes] CORE VMCORE\n");
		return 2;
	}
	source = scxray_source_open(argv[1], &err);
	if (!source) {
		fprintf(stderr, "core2vmcore: %s\n", err.text);
		return 1;
	}
	failed = source->phys.nr_pages == 0 || convert(source, argv[2], with_notes);
	if (failed)
		fprintf(stderr, "core2vmcore: %s: not written: %s\n", argv[2],
			source->phys.nr_pages ? strerror(errno) : "the source is no scxray core");
	scxray_source_close(source);
	return failed ? 1 : 0;
}
