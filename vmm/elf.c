/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf.c - the kernel as the build leaves it: vmlinux, an ELF file
 *
 * Its segments go to their physical addresses; its entry is startup_64, which takes what
 * the 64-bit boot protocol gives.  Nobody has moved it: KASLR of its text is off.
 */
#include <asm/bootparam.h>
#include <elf.h>
#include <inttypes.h>
#include <string.h>

#include "boot.h"

#define MAX_SEGMENTS 64
#define INITRD_MAX 0x7fffffff
#define LOADER_UNKNOWN 0xff

bool elf_is(const struct file *file)
{
	return file->size >= SELFMAG && !memcmp(file->bytes, ELFMAG, SELFMAG);
}

static int bad(const struct file *file, struct scxray_error *err)
{
	return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
			   "%s: not a vmlinux: an ELF file, but not an x86-64 executable whose "
			   "segments are all there",
			   file->path);
}

static int too_low(const struct file *file, const Elf64_Ehdr *eh, struct scxray_error *err)
{
	return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
			   "%s: not a vmlinux: %s with a segment below 1 MiB, where no kernel is",
			   file->path,
			   eh->e_type == ET_DYN ? "a position-independent program (PIE) or library"
						: "a program");
}

static int load_segment(const struct machine *machine, const struct file *file,
			const Elf64_Phdr *ph, uint64_t *end, struct scxray_error *err)
{
	uint8_t *to;

	if (ph->p_offset > file->size || ph->p_filesz > file->size - ph->p_offset ||
	    ph->p_memsz < ph->p_filesz)
		return bad(file, err);
	if (!ph->p_memsz)
		return 0;
	to = memory_at(machine, ph->p_paddr, ph->p_memsz);
	if (!to)
		return scxray_fail(err, SCXRAY_ERR_INVALID, ph->p_paddr,
				   "%s: no memory for %" PRIu64 " KiB at %#" PRIx64
				   ": take a larger --memory",
				   file->path, (uint64_t)ph->p_memsz / 1024, (uint64_t)ph->p_paddr);
	memcpy(to, file->bytes + ph->p_offset, ph->p_filesz);
	memset(to + ph->p_filesz, 0, ph->p_memsz - ph->p_filesz);
	if (ph->p_paddr + ph->p_memsz > *end)
		*end = ph->p_paddr + ph->p_memsz;
	return 0;
}

static void fill_header(struct setup_header *header)
{
	header->boot_flag = 0xaa55;
	header->header = 0x53726448;
	header->version = 0x020f;
	header->type_of_loader = LOADER_UNKNOWN;
	header->loadflags = LOADED_HIGH;
	header->kernel_alignment = 0x1000000;
}

int elf_load(const struct machine *machine, const struct file *file, struct boot_params *params,
	     struct boot_image *image, struct scxray_error *err)
{
	Elf64_Ehdr eh;
	Elf64_Phdr ph;

	if (file->size < sizeof(eh))
		return bad(file, err);
	memcpy(&eh, file->bytes, sizeof(eh));
	if (eh.e_ident[EI_CLASS] != ELFCLASS64 || eh.e_ident[EI_DATA] != ELFDATA2LSB ||
	    eh.e_machine != EM_X86_64 || (eh.e_type != ET_EXEC && eh.e_type != ET_DYN) ||
	    eh.e_phentsize != sizeof(ph) || !eh.e_phnum || eh.e_phnum > MAX_SEGMENTS ||
	    eh.e_phoff > file->size || file->size - eh.e_phoff < eh.e_phnum * sizeof(ph))
		return bad(file, err);
	*image = (struct boot_image){
		.entry = eh.e_entry,
		.initrd_max = INITRD_MAX,
		.command_line_max = COMMAND_LINE_MAX - 1,
	};
	for (unsigned i = 0; i < eh.e_phnum; i++) {
		memcpy(&ph, file->bytes + eh.e_phoff + i * sizeof(ph), sizeof(ph));
		if (ph.p_type == PT_LOAD && ph.p_memsz && ph.p_paddr < KERNEL_MIN)
			return too_low(file, &eh, err);
		if (ph.p_type == PT_LOAD && load_segment(machine, file, &ph, &image->end, err))
			return -1;
	}
	if (!image->end || eh.e_entry < KERNEL_MIN || eh.e_entry >= image->end)
		return bad(file, err);
	fill_header(&params->hdr);
	return 0;
}
