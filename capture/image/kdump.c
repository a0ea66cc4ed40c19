/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kdump.c - compressed images, as makedumpfile and QEMU (dump-guest-memory -z, -l, -s) write them
 *
 * libkdumpfile reads the pages; which pages there are is in its two bitmaps: those of the machine
 * (memory.pagemap), and those of the file (file.pagemap).  A page of zeros is in the file; so a page that is
 * missing was left out for its use.  The notes are taken from the file as they are, by the
 * structs of makedumpfile's diskdump_mod.h, so that registers come as from ELF.
 */
#include <stdlib.h>
#include <string.h>

#include "capture/image/notes.h"
#include "capture/image/source.h"

#ifdef HAVE_LIBKDUMPFILE
#include <libkdumpfile/kdumpfile.h>

#define MAX_GPA (1ULL << 46) /* a bit for each page is kept */
#define MAX_REGIONS (1u << 20)
#define MAX_NOTE_BYTES (32u << 20)

/* struct disk_dump_header, as far as it is read. */
struct header {
	char signature[8];
	uint32_t version;
	uint8_t system[412]; /* utsname, time */
	uint32_t status;
	uint32_t block_size;
	uint32_t sub_header_blocks;
	uint32_t bitmap_blocks;
	uint32_t nr_pages; /* in version 6 the sub header has it */
};

/* struct kdump_sub_header, one block later (notes: header version 4 and later). */
#define SUB_VMCOREINFO 32
#define SUB_NOTES 48
#define SUB_NR_PAGES 96

static const char *text_of(kdump_ctx_t *kdump)
{
	const char *text = kdump_get_err(kdump);

	return text ? text : "no reason given";
}

static enum read_status kdump_fetch(void *arg, uint64_t gpa, void *to, size_t len)
{
	size_t got = len;
	kdump_status status = kdump_read(arg, KDUMP_MACHPHYSADDR, gpa, to, &got);

	if (status == KDUMP_OK && got == len)
		return READ_OK;
	return status == KDUMP_ERR_NODATA ? READ_FILTERED : READ_IO;
}

static kdump_bmp_t *pagemap(kdump_ctx_t *kdump, const char *key)
{
	kdump_attr_t attr = { .type = KDUMP_BITMAP };

	return kdump_get_typed_attr(kdump, key, &attr) == KDUMP_OK ? attr.val.bitmap : NULL;
}

/* The first page at or after `gpa` that the file holds. */
static uint64_t kdump_next_data(void *arg, uint64_t gpa)
{
	kdump_bmp_t *map = pagemap(arg, KDUMP_ATTR_FILE_PAGEMAP);
	kdump_addr_t pfn = (gpa + PAGE_MASK) >> PAGE_SHIFT;

	if (!map)
		return gpa;
	if (kdump_bmp_find_set(map, &pfn) != KDUMP_OK || pfn >= MAX_GPA >> PAGE_SHIFT)
		return UINT64_MAX;
	return pfn << PAGE_SHIFT;
}

static void kdump_release(void *arg)
{
	kdump_free(arg);
}

/* Runs of pages that the machine had. */
static int add_regions(struct phys *phys, kdump_ctx_t *kdump, struct scxray_error *err)
{
	kdump_bmp_t *map = pagemap(kdump, KDUMP_ATTR_MEMORY_PAGEMAP);
	kdump_addr_t pfn = 0, end;

	if (!map)
		map = pagemap(kdump, KDUMP_ATTR_FILE_PAGEMAP);
	if (!map)
		return scxray_fail(err, SCXRAY_ERR_FORMAT, 0, "a kdump without a page map: %s",
				   text_of(kdump));
	while (kdump_bmp_find_set(map, &pfn) == KDUMP_OK) {
		end = pfn;
		if (kdump_bmp_find_clear(map, &end) != KDUMP_OK || end <= pfn ||
		    end > MAX_GPA >> PAGE_SHIFT || phys->nr_regions == MAX_REGIONS)
			return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
					   "a kdump whose page map is not believable");
		if (phys_add_region(phys, pfn << PAGE_SHIFT, (end - pfn) << PAGE_SHIFT, NULL))
			return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
		pfn = end;
	}
	return phys->nr_regions ? 0
				: scxray_fail(err, SCXRAY_ERR_FORMAT, 0, "a kdump without memory");
}

/* A piece of the file by the offset and the size at `at` in the file. */
static uint8_t *read_piece(struct image_file *file, uint64_t at, size_t *size)
{
	uint64_t where[2];
	uint8_t *bytes;

	if (image_file_read(file, at, where, sizeof(where)) || !where[1] ||
	    where[1] > MAX_NOTE_BYTES)
		return NULL;
	bytes = malloc(where[1] + 1);
	if (!bytes || image_file_read(file, where[0], bytes, where[1])) {
		free(bytes);
		return NULL;
	}
	bytes[where[1]] = '\0';
	*size = where[1];
	return bytes;
}

/* Missing notes are no error, as in ELF. */
static void take_notes(struct scxray_source *source, uint32_t version, uint32_t block)
{
	struct notes notes = { .source = source };
	uint8_t *bytes;
	size_t size;

	bytes = version >= 4 ? read_piece(&source->file, (uint64_t)block + SUB_NOTES, &size) : NULL;
	if (bytes)
		notes_take(&notes, bytes, size, 4);
	free(bytes);
	if (!source->vmcoreinfo && version >= 3)
		source->vmcoreinfo =
			(char *)read_piece(&source->file, (uint64_t)block + SUB_VMCOREINFO, &size);
	source->notes_broken = notes.broken;
}

/* struct page_desc: one for each bit of the second bitmap. */
struct page_desc {
	uint64_t offset;
	uint32_t size;
	uint32_t flags;
	uint64_t page_flags;
};

#define PACKED_FLAGS 0x27 /* zlib, lzo, snappy, zstd */
#define CHUNK (256u << 10)

static uint64_t count_bits(struct image_file *file, uint64_t at, uint64_t size, uint64_t *words)
{
	uint64_t nr = 0;

	while (size) {
		size_t n = size < CHUNK ? size : CHUNK;

		if (image_file_read(file, at, words, n))
			return UINT64_MAX;
		for (size_t i = 0; i < n / 8; i++)
			nr += (uint64_t)__builtin_popcountll(words[i]);
		at += n;
		size -= n;
	}
	return nr;
}

/* libkdumpfile 0.5.1 copies as many bytes into a page as a descriptor says: none may say more than a page. */
static bool descriptors_fit(struct image_file *file, const struct header *header)
{
	uint64_t half = (uint64_t)header->bitmap_blocks / 2 * PAGE_SIZE;
	uint64_t bitmap = (1ULL + header->sub_header_blocks) * PAGE_SIZE;
	uint64_t at = bitmap + (uint64_t)header->bitmap_blocks * PAGE_SIZE, nr;
	struct page_desc *descs = malloc(CHUNK);
	bool fit = descs != NULL;

	nr = fit ? count_bits(file, bitmap + half, half, (uint64_t *)descs) : 0;
	fit &= nr <= file->size / sizeof(*descs);
	while (fit && nr) {
		size_t n = nr < CHUNK / sizeof(*descs) ? nr : CHUNK / sizeof(*descs);

		fit = !image_file_read(file, at, descs, n * sizeof(*descs));
		for (size_t i = 0; fit && i < n; i++)
			fit = descs[i].size <= PAGE_SIZE && descs[i].offset <= file->size &&
			      descs[i].size <= file->size - descs[i].offset &&
			      (descs[i].flags & PACKED_FLAGS || descs[i].size == PAGE_SIZE);
		at += n * sizeof(*descs);
		nr -= n;
	}
	free(descs);
	return fit;
}

/* The bitmaps have a bit for each page: libkdumpfile 0.5.1 reads past their end where they are shorter. */
static bool pages_fit(struct image_file *file, const struct header *header)
{
	uint64_t bits = (uint64_t)header->bitmap_blocks / 2 * PAGE_SIZE * 8, nr = 0;

	if (header->version >= 6 &&
	    image_file_read(file, (uint64_t)header->block_size + SUB_NR_PAGES, &nr, sizeof(nr)))
		return false;
	return header->nr_pages <= bits && nr <= bits;
}

/* The pieces that the sub header names, VMCOREINFO, notes and eraseinfo, are inside the file and small. */
static bool pieces_fit(struct image_file *file, const struct header *header)
{
	uint64_t piece[6];

	if (header->version < 3) /* has none of them */
		return true;
	if (image_file_read(file, (uint64_t)header->block_size + SUB_VMCOREINFO, piece,
			    sizeof(piece)))
		return false;
	for (size_t i = 0; i < (header->version < 4 ? 2 : 6); i += 2)
		if (piece[i + 1] > MAX_NOTE_BYTES || piece[i] > file->size ||
		    piece[i + 1] > file->size - piece[i])
			return false;
	return true;
}

/* libkdumpfile 0.5.1 ends with SIGSEGV where a size is 0. */
static int check_header(struct image_file *file, struct header *header, struct scxray_error *err)
{
	uint64_t blocks;

	if (image_file_read(file, 0, header, sizeof(*header)))
		return scxray_fail(err, SCXRAY_ERR_FORMAT, 0, "a compressed kdump: truncated");
	if (header->block_size != PAGE_SIZE)
		return scxray_fail(
			err, SCXRAY_ERR_FORMAT, 0,
			"a compressed kdump with blocks of %u bytes; only x86-64 guests are supported",
			header->block_size);
	blocks = 1ULL + header->sub_header_blocks + header->bitmap_blocks;
	if (!header->version || !header->sub_header_blocks || !header->bitmap_blocks ||
	    blocks > file->size / PAGE_SIZE || !pages_fit(file, header) ||
	    !pieces_fit(file, header) || !descriptors_fit(file, header))
		return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
				   "a compressed kdump with a broken header, or a truncated one");
	return 0;
}

int kdump_load(struct scxray_source *source, struct scxray_error *err)
{
	struct header header;
	kdump_ctx_t *kdump;

	if (check_header(&source->file, &header, err))
		return -1;
	kdump = kdump_new();
	if (!kdump)
		return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	source->phys.fetch = (struct phys_fetch){ .read = kdump_fetch,
						  .next_data = kdump_next_data,
						  .release = kdump_release,
						  .arg = kdump };
	/* never mapped: a file that shrinks is an error then, and no SIGBUS */
	kdump_set_number_attr(kdump, KDUMP_ATTR_FILE_MMAP_POLICY, KDUMP_MMAP_NEVER);
	if (kdump_set_number_attr(kdump, KDUMP_ATTR_FILE_FD, (kdump_num_t)source->file.fd))
		return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
				   "a kdump that libkdumpfile refuses: %s", text_of(kdump));
	take_notes(source, header.version, header.block_size);
	source->kind = "vmcore";
	return add_regions(&source->phys, kdump, err);
}

#else

int kdump_load(struct scxray_source *source, struct scxray_error *err)
{
	(void)source;
	return scxray_fail(
		err, SCXRAY_ERR_FORMAT, 0,
		"a compressed kdump, which this build cannot read: install "
		"libkdumpfile-dev and build scxray anew, or dump as ELF (makedumpfile -E, "
		"dump-guest-memory without -z, -l, -s)");
}

#endif
