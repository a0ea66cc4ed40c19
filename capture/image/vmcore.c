/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmcore.c - ELF images of a guest's memory
 *
 * QEMU's dump-guest-memory (also what virtme-ng and libvirt write), kdump's /proc/vmcore and its
 * copies, /proc/kcore: PT_LOAD segments by physical address, and notes.  The few headers are read
 * as the structs of elf.h: libelf would want the whole file in memory or mapped.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "capture/image/notes.h"
#include "capture/image/source.h"

#define MAX_HEADERS (1u << 20)
#define MAX_NOTE_BYTES (32u << 20) /* in all */

static int check_ident(const Elf64_Ehdr *ehdr, size_t size, struct scxray_error *err)
{
	if (size < sizeof(*ehdr))
		return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
				   "truncated: %zu bytes are less than an ELF header", size);
	if (ehdr->e_ident[EI_CLASS] == ELFCLASS32)
		return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
				   "a 32-bit ELF file; only x86-64 guests are supported");
	if (ehdr->e_ident[EI_CLASS] != ELFCLASS64 || ehdr->e_ident[EI_DATA] != ELFDATA2LSB)
		return scxray_fail(
			err, SCXRAY_ERR_FORMAT, 0,
			"not a little-endian 64-bit ELF file; only x86-64 guests are supported");
	if (ehdr->e_machine != EM_X86_64)
		return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
				   "an ELF file for machine %u; only x86-64 guests are supported",
				   ehdr->e_machine);
	if (ehdr->e_type != ET_CORE)
		return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
				   "an ELF file, but not a core (type %u): give a vmcore",
				   ehdr->e_type);
	return 0;
}

/* How many program headers: section 0 has the number where 16 bits are too few. */
static int count_headers(struct image_file *file, const Elf64_Ehdr *ehdr, uint32_t *nr,
			 struct scxray_error *err)
{
	Elf64_Shdr section;

	*nr = ehdr->e_phnum;
	if (*nr == PN_XNUM) {
		if (image_file_read(file, ehdr->e_shoff, &section, sizeof(section)))
			return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
					   "truncated: the number of program headers is missing");
		*nr = section.sh_info;
	}
	if (*nr && ehdr->e_phentsize != sizeof(Elf64_Phdr))
		return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
				   "broken ELF header: program headers of %u bytes",
				   ehdr->e_phentsize);
	if (*nr > MAX_HEADERS)
		return scxray_fail(err, SCXRAY_ERR_FORMAT, 0, "%u program headers are too many",
				   *nr);
	return 0;
}

static Elf64_Phdr *read_headers(struct image_file *file, const Elf64_Ehdr *ehdr, uint32_t nr,
				struct scxray_error *err)
{
	Elf64_Phdr *headers = calloc(nr ? nr : 1, sizeof(*headers));

	if (!headers) {
		scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	if (image_file_read(file, ehdr->e_phoff, headers, nr * sizeof(*headers))) {
		scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
			    "truncated: the file ends within its %u program headers", nr);
		free(headers);
		return NULL;
	}
	return headers;
}

static int read_notes(struct notes *notes, struct image_file *file, const Elf64_Phdr *ph,
		      struct scxray_error *err)
{
	uint8_t *bytes = malloc(ph->p_filesz ? ph->p_filesz : 1);
	int failed = 0;

	if (!bytes)
		return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	if (image_file_read(file, ph->p_offset, bytes, ph->p_filesz))
		failed = scxray_fail(err, SCXRAY_ERR_IO, 0, "the notes cannot be read");
	else
		notes_take(notes, bytes, ph->p_filesz, ph->p_align == 8 ? 8 : 4);
	free(bytes);
	return failed;
}

/* Takes the notes and moves the PT_LOADs to the front; *nr becomes their number. */
static int sort_out(struct notes *notes, struct image_file *file, Elf64_Phdr *headers, uint32_t *nr,
		    struct scxray_error *err)
{
	uint64_t note_bytes = 0;
	uint32_t nr_loads = 0;

	for (uint32_t i = 0; i < *nr; i++) {
		const Elf64_Phdr *ph = &headers[i];

		if (ph->p_type != PT_LOAD && ph->p_type != PT_NOTE)
			continue;
		if (ph->p_offset > file->size || ph->p_filesz > file->size - ph->p_offset)
			return scxray_fail(
				err, SCXRAY_ERR_FORMAT, 0,
				"truncated: a segment ends at byte %llu, the file at %llu",
				(unsigned long long)(ph->p_offset + ph->p_filesz),
				(unsigned long long)file->size);
		if (ph->p_type == PT_LOAD) {
			headers[nr_loads++] = *ph;
			continue;
		}
		note_bytes += ph->p_filesz;
		if (note_bytes > MAX_NOTE_BYTES)
			return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
					   "notes of %llu bytes are too many",
					   (unsigned long long)note_bytes);
		if (read_notes(notes, file, ph, err))
			return -1;
	}
	*nr = nr_loads;
	return 0;
}

int vmcore_load(struct scxray_source *source, struct scxray_error *err)
{
	struct image_file *file = &source->file;
	struct notes notes = { .source = source, .no_registers = file->is_running };
	size_t size = file->size < sizeof(Elf64_Ehdr) ? file->size : sizeof(Elf64_Ehdr);
	Elf64_Ehdr ehdr = { 0 };
	Elf64_Phdr *headers;
	uint32_t nr;
	int failed;

	if (image_file_read(file, 0, &ehdr, size))
		return scxray_fail(err, SCXRAY_ERR_IO, 0, "the ELF header cannot be read");
	if (check_ident(&ehdr, size, err) || count_headers(file, &ehdr, &nr, err))
		return -1;
	headers = read_headers(file, &ehdr, nr, err);
	if (!headers)
		return -1;
	failed = sort_out(&notes, file, headers, &nr, err);
	if (!failed && notes.of_process && !source->vmcoreinfo)
		failed = scxray_fail(
			err, SCXRAY_ERR_FORMAT, 0,
			"the core of a user-space process, not of a machine; give a vmcore");
	source->segments.file = file;
	if (!failed)
		failed = segments_load(&source->segments, &source->phys, headers, nr, err);
	free(headers);
	source->notes_broken = notes.broken;
	source->kind = "vmcore";
	return failed;
}
