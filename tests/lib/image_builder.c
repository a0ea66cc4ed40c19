/* SPDX-License-Identifier: BSD-2-Clause */
#include "image_builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "capture/memory/phys.h"

void image_put(struct image_bytes *b, const void *bytes, size_t size)
{
	if (!size)
		return;
	if (b->size + size > b->room) {
		b->room = (b->size + size) * 2;
		b->bytes = realloc(b->bytes, b->room);
		if (!b->bytes)
			abort();
	}
	memcpy(b->bytes + b->size, bytes, size);
	b->size += size;
}

struct scxray_source *image_open(const void *bytes, size_t size, struct scxray_error *err)
{
	const char *dir = getenv("TMPDIR");
	char path[256];
	struct scxray_source *source;
	int fd;

	snprintf(path, sizeof(path), "%s/scxray-test-XXXXXX", dir ? dir : "/tmp");
	fd = mkstemp(path);
	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size || close(fd)) {
		perror(path);
		abort();
	}
	source = scxray_source_open(path, err);
	unlink(path);
	return source;
}

/* ---- ELF vmcores ---------------------------------------------------------- */

void elf_builder_init(struct elf_builder *b)
{
	memset(b, 0, sizeof(*b));
	memcpy(b->ehdr.e_ident, ELFMAG, SELFMAG);
	b->ehdr.e_ident[EI_CLASS] = ELFCLASS64;
	b->ehdr.e_ident[EI_DATA] = ELFDATA2LSB;
	b->ehdr.e_ident[EI_VERSION] = EV_CURRENT;
	b->ehdr.e_type = ET_CORE;
	b->ehdr.e_machine = EM_X86_64;
	b->ehdr.e_version = EV_CURRENT;
	b->ehdr.e_ehsize = sizeof(Elf64_Ehdr);
	b->ehdr.e_phentsize = sizeof(Elf64_Phdr);
	b->ehdr.e_phoff = sizeof(Elf64_Ehdr);
	b->note_align = 4;
}

void elf_builder_deinit(struct elf_builder *b)
{
	free(b->notes.bytes);
	memset(b, 0, sizeof(*b));
}

static void align(struct image_bytes *b, uint64_t to)
{
	while (b->size % to)
		image_put(b, "", 1);
}

void elf_builder_note(struct elf_builder *b, const char *name, uint32_t type, const void *desc,
		      uint32_t size)
{
	Elf64_Nhdr nhdr = { .n_namesz = (uint32_t)strlen(name) + 1,
			    .n_descsz = size,
			    .n_type = type };

	image_put(&b->notes, &nhdr, sizeof(nhdr));
	image_put(&b->notes, name, nhdr.n_namesz);
	align(&b->notes, b->note_align);
	image_put(&b->notes, desc, size);
	align(&b->notes, b->note_align);
}

void elf_builder_load(struct elf_builder *b, uint64_t paddr, const uint8_t *bytes, uint64_t filesz,
		      uint64_t memsz)
{
	if (b->nr_loads == ELF_BUILDER_SEGMENTS)
		abort();
	b->load_bytes[b->nr_loads] = bytes;
	b->loads[b->nr_loads++] = (Elf64_Phdr){
		.p_type = PT_LOAD,
		.p_paddr = paddr,
		.p_filesz = filesz,
		.p_memsz = memsz,
	};
}

struct image_bytes elf_builder_file(struct elf_builder *b)
{
	struct image_bytes file = { 0 };
	Elf64_Phdr note = { .p_type = PT_NOTE,
			    .p_filesz = b->notes.size,
			    .p_align = b->note_align };
	uint64_t at;

	b->ehdr.e_phnum = (uint16_t)(b->nr_loads + 1);
	at = sizeof(Elf64_Ehdr) + b->ehdr.e_phnum * sizeof(Elf64_Phdr);
	note.p_offset = at;
	at += b->notes.size;
	image_put(&file, &b->ehdr, sizeof(b->ehdr));
	image_put(&file, &note, sizeof(note));
	for (size_t i = 0; i < b->nr_loads; i++) {
		b->loads[i].p_offset = at;
		at += b->loads[i].p_filesz;
		image_put(&file, &b->loads[i], sizeof(b->loads[i]));
	}
	image_put(&file, b->notes.bytes, b->notes.size);
	for (size_t i = 0; i < b->nr_loads; i++)
		image_put(&file, b->load_bytes[i], b->loads[i].p_filesz);
	return file;
}

/* ---- scxray cores --------------------------------------------------------- */

struct image_bytes *core_builder_part(struct core_builder *b, uint32_t type)
{
	for (size_t i = 0; i < b->nr_parts; i++)
		if (b->parts[i].type == type)
			return &b->parts[i].data;
	if (b->nr_parts == CORE_BUILDER_PARTS)
		abort();
	b->parts[b->nr_parts].type = type;
	return &b->parts[b->nr_parts++].data;
}

void core_builder_init(struct core_builder *b)
{
	static const char meta[] = "origin=vm\ncr3=1000\nlevels=5\nfound_by=2\n"
				   "kallsyms_num_syms=ffffffff81000010\n"
				   "kallsyms_names=ffffffff81000020\n"
				   "kallsyms_token_table=ffffffff81000030\n"
				   "kallsyms_token_index=ffffffff81000040\n"
				   "kallsyms_offsets=ffffffff81000050\n"
				   "kallsyms_relative_base=ffffffff81000000\n";
	static const struct core_region regions[] = { { 0x1000, 0x10000 }, { 0x100000, 0x1800 } };
	static const struct core_vcpus head = { .nr_vcpus = 2, .nr_regs = 3 };
	static const uint64_t numbers[] = { 0x2000, 0x10000, 0x101000 };

	memset(b, 0, sizeof(*b));
	b->header = (struct core_header){ .magic = CORE_MAGIC, .version = CORE_VERSION };
	image_put(core_builder_part(b, CORE_META), meta, strlen(meta));
	image_put(core_builder_part(b, CORE_REGIONS), regions, sizeof(regions));
	image_put(core_builder_part(b, CORE_VCPUS), &head, sizeof(head));
	for (uint32_t i = 0; i < head.nr_vcpus; i++) {
		struct core_vcpu vcpu = { .parked = 1,
					  .prstatus_pid = 100 + i,
					  .known = 5 | 1 << 3 };
		uint64_t regs[] = { 0xa0 + i, 0xb0 + i, 0xc0 + i };

		image_put(core_builder_part(b, CORE_VCPUS), &vcpu, sizeof(vcpu));
		image_put(core_builder_part(b, CORE_VCPUS), regs, sizeof(regs));
	}
	image_put(core_builder_part(b, CORE_VMCOREINFO), "OSRELEASE=7.3.4\n", 16);
	image_put(core_builder_part(b, CORE_PAGE_NUMBERS), numbers, sizeof(numbers));
	for (int i = 0; i < 3; i++) {
		uint8_t page[PAGE_SIZE];

		memset(page, 'a' + i, sizeof(page));
		image_put(core_builder_part(b, CORE_PAGES), page, sizeof(page));
	}
}

void core_builder_deinit(struct core_builder *b)
{
	for (size_t i = 0; i < b->nr_parts; i++)
		free(b->parts[i].data.bytes);
	memset(b, 0, sizeof(*b));
}

/* Appends a zstd frame with a checksum; returns its size. */
static uint64_t put_frame(struct image_bytes *file, ZSTD_CCtx *zstd, const void *bytes, size_t size)
{
	size_t bound = ZSTD_compressBound(size);
	void *packed = malloc(bound);
	size_t n = packed ? ZSTD_compress2(zstd, packed, bound, bytes, size) : 0;

	if (!packed || ZSTD_isError(n))
		abort();
	image_put(file, packed, n);
	free(packed);
	return n;
}

struct image_bytes core_builder_file(struct core_builder *b)
{
	struct core_trailer trailer = { .magic = CORE_MAGIC };
	struct image_bytes file = { 0 };
	ZSTD_CCtx *zstd = ZSTD_createCCtx();

	ZSTD_CCtx_setParameter(zstd, ZSTD_c_checksumFlag, 1);
	image_put(&file, &b->header, sizeof(b->header));
	for (size_t i = 0; i < b->nr_parts; i++) {
		const struct core_part *part = &b->parts[i];
		uint64_t at = file.size;

		b->index[i] = (struct core_section){
			.type = part->type,
			.offset = at,
			.size = put_frame(&file, zstd, part->data.bytes, part->data.size),
			.raw = part->data.size,
		};
	}
	if (b->edit_index)
		b->edit_index(b->index, b->nr_parts);
	trailer.index_offset = file.size;
	trailer.index_raw = b->nr_parts * sizeof(b->index[0]);
	trailer.index_size = put_frame(&file, zstd, b->index, trailer.index_raw);
	if (b->edit_trailer)
		b->edit_trailer(&trailer);
	image_put(&file, &trailer, sizeof(trailer));
	ZSTD_freeCCtx(zstd);
	return file;
}
