/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * core_load.c - a scxray core as a source.  The file is an attacker's: every offset,
 * count and size is checked before it is used.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <zstd.h>

#include <base/array.h>

#include <scxray/vcpu.h>

#include "capture/image/core.h"
#include "capture/image/host.h"
#include "capture/image/source.h"

struct loader {
	struct scxray_source *source;
	const uint8_t *file;
	size_t size;
	ZSTD_DCtx *zstd;
	struct core_section *sections;
	size_t nr_sections;
	struct scxray_error *err;
};

bool core_detect(const uint8_t *file, size_t size)
{
	return size >= 8 && !memcmp(file, CORE_MAGIC, 8);
}

static int broken(struct loader *l, const char *what)
{
	return scxray_fail(l->err, SCXRAY_ERR_FORMAT, 0, "broken scxray core: %s", what);
}

/* One frame of the file into `to`, which has room for exactly `raw` bytes. */
static int unpack(struct loader *l, uint64_t offset, uint64_t size, void *to, uint64_t raw)
{
	size_t got;

	if (offset > l->size || size > l->size - offset)
		return broken(l, "truncated");
	if (ZSTD_getFrameContentSize(l->file + offset, size) != raw)
		return broken(l, "a section is not of the size that the index says");
	got = ZSTD_decompressDCtx(l->zstd, to, raw, l->file + offset, size);
	if (ZSTD_isError(got))
		return broken(l, ZSTD_getErrorName(got));
	return got == raw ? 0 : broken(l, "a section is too short");
}

/*
 * Before anything is unpacked: sections follow each other, so that no frame is named twice,
 * and together they are no larger than such a file can hold.
 */
static int check_sections(struct loader *l, uint64_t index_offset)
{
	uint64_t end = sizeof(struct core_header), raw = 0;

	for (size_t i = 0; i < l->nr_sections; i++) {
		const struct core_section *s = &l->sections[i];

		if (s->offset < end || s->offset > index_offset ||
		    s->size > index_offset - s->offset)
			return broken(l, "truncated, or sections overlap");
		end = s->offset + s->size;
		if (s->raw > UINT64_MAX - raw)
			return broken(l, "a section of impossible size");
		raw += s->raw;
	}
	return raw <= CORE_MAX_UNPACKED(l->size)
		       ? 0
		       : broken(l, "sections of impossible size for such a file");
}

static int load_index(struct loader *l)
{
	struct core_trailer trailer;
	struct core_header header;

	if (l->size < sizeof(header) + sizeof(trailer))
		return broken(l, "truncated");
	memcpy(&header, l->file, sizeof(header));
	memcpy(&trailer, l->file + l->size - sizeof(trailer), sizeof(trailer));
	if (header.version != CORE_VERSION)
		return scxray_fail(l->err, SCXRAY_ERR_FORMAT, 0,
				   "a scxray core of version %u; this build reads version %u",
				   header.version, CORE_VERSION);
	if (memcmp(trailer.magic, CORE_MAGIC, sizeof(trailer.magic)))
		return broken(l, "truncated");
	if (!trailer.index_raw || trailer.index_raw % sizeof(*l->sections) ||
	    trailer.index_raw / sizeof(*l->sections) > CORE_MAX_SECTIONS)
		return broken(l, "an index of impossible size");
	l->sections = malloc(trailer.index_raw);
	if (!l->sections)
		return scxray_fail(l->err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	l->nr_sections = trailer.index_raw / sizeof(*l->sections);
	if (unpack(l, trailer.index_offset, trailer.index_size, l->sections, trailer.index_raw))
		return -1;
	return check_sections(l, trailer.index_offset);
}

/*
 * The first section of a type, unpacked, followed by a NUL; *raw is its size.  NULL
 * with *err where it is broken; NULL and *raw 0 without where there is none.
 */
static void *section(struct loader *l, enum core_section_type type, uint64_t *raw, int *failed)
{
	*raw = 0;
	for (size_t i = 0; i < l->nr_sections; i++) {
		const struct core_section *s = &l->sections[i];
		uint8_t *bytes;

		if (s->type != (uint32_t)type)
			continue;
		if (s->raw > CORE_MAX_SMALL) {
			*failed = broken(l, "a section of impossible size");
			return NULL;
		}
		bytes = malloc(s->raw + 1);
		if (!bytes) {
			*failed = scxray_fail(l->err, SCXRAY_ERR_NOMEM, 0, "out of memory");
			return NULL;
		}
		if (unpack(l, s->offset, s->size, bytes, s->raw)) {
			*failed = -1;
			free(bytes);
			return NULL;
		}
		bytes[s->raw] = '\0';
		*raw = s->raw;
		return bytes;
	}
	return NULL;
}

static bool meta_u64(const char *meta, const char *key, uint64_t *value)
{
	size_t len = strlen(key);

	for (const char *line = meta; line; line = strchr(line, '\n')) {
		if (*line == '\n')
			line++;
		if (!strncmp(line, key, len) && line[len] == '=')
			return sscanf(line + len + 1, "%" SCNx64, value) == 1;
	}
	return false;
}

static int load_meta(struct loader *l)
{
	struct boot_hint *hint = &l->source->hint;
	int failed = 0;
	uint64_t raw, missing;
	char *meta = section(l, CORE_META, &raw, &failed);
	const struct {
		const char *key;
		uint64_t *to;
	} table[] = {
		{ "cr3", &hint->cr3 },
		{ "levels", &hint->levels },
		{ "found_by", &hint->found_by },
		{ "kallsyms_num_syms", &hint->kallsyms.num_syms },
		{ "kallsyms_names", &hint->kallsyms.names },
		{ "kallsyms_token_table", &hint->kallsyms.token_table },
		{ "kallsyms_token_index", &hint->kallsyms.token_index },
		{ "kallsyms_offsets", &hint->kallsyms.offsets },
		{ "kallsyms_relative_base", &hint->kallsyms.relative_base },
	};

	if (!meta)
		return failed ? -1 : broken(l, "no meta section");
	hint->valid = true;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		hint->valid &= meta_u64(meta, table[i].key, table[i].to);
	if (meta_u64(meta, "missing", &missing) && missing < READ_NR)
		l->source->phys.missing_status = (enum read_status)missing;
	meta_u64(meta, "truncated_at_us", &l->source->truncated_at_us);
	l->source->kind = strstr(meta, "origin=vm\n") ? "vm" : "vmcore";
	free(meta);
	return hint->valid ? 0 : broken(l, "a key is missing in the meta section");
}

static int load_regions(struct loader *l)
{
	int failed = 0;
	uint64_t raw;
	struct core_region *regions = section(l, CORE_REGIONS, &raw, &failed);
	size_t nr = raw / sizeof(*regions);
	uint64_t total = 0;

	if (!regions)
		return failed ? -1 : broken(l, "no memory regions");
	if (nr > CORE_MAX_REGIONS)
		failed = broken(l, "too many memory regions");
	for (size_t i = 0; !failed && i < nr; i++) {
		total += regions[i].size;
		/* in order: unsorted ones would take time by the square of their number */
		if ((i && regions[i].gpa < regions[i - 1].gpa) || total < regions[i].size ||
		    total > 1ULL << 46 || regions[i].gpa > 1ULL << 52 ||
		    phys_add_region(&l->source->phys, regions[i].gpa, regions[i].size, NULL))
			failed = broken(l, "an impossible memory region");
	}
	free(regions);
	return failed;
}

static int load_vcpus(struct loader *l)
{
	struct core_vcpus head = { 0 };
	int failed = 0;
	uint64_t raw;
	uint8_t *bytes = section(l, CORE_VCPUS, &raw, &failed), *at;
	size_t stride;

	if (!bytes)
		return failed;
	if (raw >= sizeof(head))
		memcpy(&head, bytes, sizeof(head));
	stride = sizeof(struct core_vcpu) + head.nr_regs * sizeof(uint64_t);
	if (raw < sizeof(head) || head.nr_vcpus > SOURCE_MAX_VCPUS || head.nr_regs > 64 ||
	    raw - sizeof(head) != head.nr_vcpus * stride)
		failed = broken(l, "vCPU registers of impossible size");
	if (!failed && head.nr_vcpus) {
		l->source->vcpus = calloc(head.nr_vcpus, sizeof(*l->source->vcpus));
		failed = l->source->vcpus
				 ? 0
				 : scxray_fail(l->err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	}
	at = bytes + sizeof(head);
	for (uint32_t i = 0; !failed && i < head.nr_vcpus; i++, at += stride) {
		struct source_vcpu *vcpu = &l->source->vcpus[i];
		uint32_t nr = head.nr_regs < SCXRAY_NR_REGS ? head.nr_regs : SCXRAY_NR_REGS;
		struct core_vcpu from;

		memcpy(&from, at, sizeof(from));
		vcpu->parked = from.parked != 0;
		vcpu->prstatus_pid = from.prstatus_pid;
		vcpu->regs.known = from.known & ((1ULL << nr) - 1);
		memcpy(vcpu->regs.value, at + sizeof(from), nr * sizeof(uint64_t));
		l->source->nr_vcpus = i + 1;
	}
	free(bytes);
	return failed;
}

/* Unpacks the page sections, in their order, into `to`. */
static int unpack_pages(struct loader *l, uint8_t *to, uint64_t size)
{
	uint64_t at = 0;

	for (size_t i = 0; i < l->nr_sections; i++) {
		const struct core_section *s = &l->sections[i];

		if (s->type != CORE_PAGES)
			continue;
		if (s->raw > size - at)
			return broken(l, "more pages than page numbers");
		if (unpack(l, s->offset, s->size, to + at, s->raw))
			return -1;
		at += s->raw;
	}
	return at == size ? 0 : broken(l, "fewer pages than page numbers");
}

static int load_pages(struct loader *l)
{
	struct scxray_source *source = l->source;
	struct phys_page *pages;
	int failed = 0;
	uint64_t raw;
	uint64_t *numbers = section(l, CORE_PAGE_NUMBERS, &raw, &failed);
	size_t nr = raw / sizeof(*numbers);

	if (!numbers)
		return failed ? -1 : broken(l, "no pages");
	pages = nr && nr <= CORE_MAX_PAGES ? malloc(nr * sizeof(*pages)) : NULL;
	if (!pages) {
		free(numbers);
		return broken(l, "an impossible number of pages");
	}
	source->pages_size = nr * PAGE_SIZE;
	source->pages = mmap(NULL, source->pages_size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (source->pages == MAP_FAILED) {
		source->pages = NULL;
		failed = scxray_fail(l->err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	}
	for (size_t i = 0; !failed && i < nr; i++) {
		if ((numbers[i] & PAGE_MASK) || (i && numbers[i] <= numbers[i - 1]))
			failed = broken(l, "page numbers are not in order");
		pages[i].gpa = numbers[i];
		pages[i].host = (uint8_t *)source->pages + i * PAGE_SIZE;
	}
	free(numbers);
	if (!failed)
		failed = unpack_pages(l, source->pages, source->pages_size);
	if (failed)
		free(pages);
	else
		phys_set_pages(&source->phys, pages, nr);
	return failed;
}

static int load_ran(struct loader *l)
{
	int failed = 0;
	uint64_t raw;
	uint64_t *gpas = section(l, CORE_RAN, &raw, &failed);

	if (gpas)
		phys_set_ran(&l->source->phys, gpas, raw / sizeof(*gpas));
	return failed;
}

static int load_vmcoreinfo(struct loader *l)
{
	int failed = 0;
	uint64_t raw;

	l->source->vmcoreinfo = section(l, CORE_VMCOREINFO, &raw, &failed);
	return failed;
}

static int load_host(struct loader *l)
{
	int failed = 0;
	uint64_t raw;

	l->source->host = section(l, CORE_HOST, &raw, &failed);
	l->source->host_size = raw;
	if (!failed && l->source->host)
		failed = host_check(l->source->host, raw, l->err);
	return failed;
}

int core_load(struct scxray_source *source, const uint8_t *file, size_t size,
	      struct scxray_error *err)
{
	struct loader l = { .source = source, .file = file, .size = size, .err = err };
	int failed;

	l.zstd = ZSTD_createDCtx();
	if (!l.zstd)
		return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	failed = load_index(&l) || load_meta(&l) || load_regions(&l) || load_vcpus(&l) ||
		 load_vmcoreinfo(&l) || load_host(&l) || load_pages(&l) || load_ran(&l);
	ZSTD_freeDCtx(l.zstd);
	free(l.sections);
	return failed ? -1 : 0;
}
