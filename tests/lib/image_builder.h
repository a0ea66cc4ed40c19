/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * image_builder.h - image files byte by byte: ELF vmcores and scxray cores
 */
#ifndef TESTS_IMAGE_BUILDER_H
#define TESTS_IMAGE_BUILDER_H

#include <elf.h>
#include <scxray/capture.h>

#include "capture/image/core.h"

/* ---- bytes that grow ------------------------------------------------------ */

struct image_bytes {
	uint8_t *bytes;
	size_t size, room;
};

void image_put(struct image_bytes *b, const void *bytes, size_t size);

/* Writes the bytes to a temporary file and opens that as a source. */
struct scxray_source *image_open(const void *bytes, size_t size, struct scxray_error *err);

/* ---- ELF vmcores ---------------------------------------------------------- */

#define ELF_BUILDER_SEGMENTS 16
#define QEMU_NOTE_SIZE 440
#define PRSTATUS_SIZE 336

struct elf_builder {
	Elf64_Ehdr ehdr; /* a test may change it before elf_builder_file() */
	Elf64_Phdr loads[ELF_BUILDER_SEGMENTS];
	const uint8_t *load_bytes[ELF_BUILDER_SEGMENTS];
	size_t nr_loads;
	struct image_bytes notes;
	uint64_t note_align; /* 4 */
};

void elf_builder_init(struct elf_builder *b);
void elf_builder_deinit(struct elf_builder *b);
void elf_builder_note(struct elf_builder *b, const char *name, uint32_t type, const void *desc,
		      uint32_t size);
/* A PT_LOAD; `bytes` are borrowed until elf_builder_file(). */
void elf_builder_load(struct elf_builder *b, uint64_t paddr, const uint8_t *bytes, uint64_t filesz,
		      uint64_t memsz);
/* The file: header, program headers (the note's first), notes, segments. */
struct image_bytes elf_builder_file(struct elf_builder *b);

/* ---- scxray cores --------------------------------------------------------- */

#define CORE_BUILDER_PARTS 16

struct core_part {
	uint32_t type;
	struct image_bytes data;
};

struct core_builder {
	struct core_header header;
	struct core_part parts[CORE_BUILDER_PARTS];
	size_t nr_parts;
	struct core_section index[CORE_BUILDER_PARTS]; /* filled by core_builder_file() */
	void (*edit_index)(struct core_section *index, size_t nr);
	void (*edit_trailer)(struct core_trailer *trailer);
};

/*
 * The smallest core that loads: three pages of two regions, two vCPUs, a VMCOREINFO.
 * Of three registers each, one is not known, and a fourth that is not there claims
 * to be.
 */
void core_builder_init(struct core_builder *b);
void core_builder_deinit(struct core_builder *b);
/* The part of a type; a new one where there is none. */
struct image_bytes *core_builder_part(struct core_builder *b, uint32_t type);
struct image_bytes core_builder_file(struct core_builder *b);

#endif
