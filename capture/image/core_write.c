/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * core_write.c - the pages and registers of a capture, as a scxray core
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include <scxray/vcpu.h>

#include "capture/image/core.h"
#include "capture/image/source.h"

struct writer {
	const struct boot_hint *hint;
	bool all; /* pages of a recording, not only those that its capture touched */
	FILE *file;
	ZSTD_CCtx *zstd;
	uint64_t at; /* bytes written */
	struct core_section sections[CORE_MAX_SECTIONS];
	size_t nr_sections;
	struct scxray_error *err;
};

static int io_failed(struct writer *w)
{
	return scxray_fail(w->err, SCXRAY_ERR_IO, 0, "%s", strerror(errno));
}

static int put(struct writer *w, const void *bytes, size_t size)
{
	if (fwrite(bytes, 1, size, w->file) != size)
		return io_failed(w);
	w->at += size;
	return 0;
}

/* Compresses and writes; the sizes go to *section. */
static int put_frame(struct writer *w, struct core_section *section, const void *bytes, size_t size)
{
	size_t bound = ZSTD_compressBound(size);
	void *packed = malloc(bound);
	size_t n;
	int failed;

	if (!packed)
		return scxray_fail(w->err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	n = ZSTD_compress2(w->zstd, packed, bound, bytes, size);
	*section = (struct core_section){
		.type = section->type, .offset = w->at, .size = n, .raw = size
	};
	failed = ZSTD_isError(n) ? scxray_fail(w->err, SCXRAY_ERR_NOMEM, 0, "zstd: %s",
					       ZSTD_getErrorName(n))
				 : put(w, packed, n);
	free(packed);
	return failed;
}

static int put_section(struct writer *w, enum core_section_type type, const void *bytes,
		       size_t size)
{
	struct core_section *section = &w->sections[w->nr_sections];

	if (w->nr_sections == CORE_MAX_SECTIONS)
		return scxray_fail(w->err, SCXRAY_ERR_NOMEM, 0, "too many pages for one core");
	section->type = type;
	w->nr_sections++;
	return put_frame(w, section, bytes, size);
}

static int put_meta(struct writer *w, const struct scxray_source *source)
{
	const struct boot_hint *hint = w->hint;
	char text[1024];
	int len;

	len = snprintf(text, sizeof(text),
		       "origin=%s\n"
		       "cr3=%" PRIx64 "\nlevels=%" PRIx64 "\nfound_by=%" PRIx64 "\n"
		       "kallsyms_num_syms=%" PRIx64 "\nkallsyms_names=%" PRIx64 "\n"
		       "kallsyms_token_table=%" PRIx64 "\nkallsyms_token_index=%" PRIx64 "\n"
		       "kallsyms_offsets=%" PRIx64 "\nkallsyms_relative_base=%" PRIx64 "\n",
		       source->kind, hint->cr3, hint->levels, hint->found_by,
		       hint->kallsyms.num_syms, hint->kallsyms.names, hint->kallsyms.token_table,
		       hint->kallsyms.token_index, hint->kallsyms.offsets,
		       hint->kallsyms.relative_base);
	/* why pages are missing in a recording that was cut short */
	if (source->phys.missing_status)
		len += snprintf(text + len, sizeof(text) - (size_t)len,
				"missing=%x\ntruncated_at_us=%" PRIx64 "\n",
				(unsigned)source->phys.missing_status, source->truncated_at_us);
	return put_section(w, CORE_META, text, (size_t)len);
}

static int put_regions(struct writer *w, const struct scxray_source *source)
{
	size_t nr = source->phys.nr_regions;
	struct core_region *regions;
	int failed;

	if (nr > CORE_MAX_REGIONS) /* no reader would take it */
		return scxray_fail(w->err, SCXRAY_ERR_NOMEM, 0,
				   "%zu regions of RAM are too many for one core", nr);
	regions = calloc(nr ? nr : 1, sizeof(*regions));
	if (!regions)
		return scxray_fail(w->err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	for (size_t i = 0; i < nr; i++)
		regions[i] = (struct core_region){
			.gpa = source->phys.regions[i].gpa,
			.size = source->phys.regions[i].size,
		};
	failed = put_section(w, CORE_REGIONS, regions, nr * sizeof(*regions));
	free(regions);
	return failed;
}

static int put_vcpus(struct writer *w, const struct scxray_source *source)
{
	struct core_vcpus head = { .nr_vcpus = (uint32_t)source->nr_vcpus,
				   .nr_regs = SCXRAY_NR_REGS };
	size_t stride = sizeof(struct core_vcpu) + SCXRAY_NR_REGS * sizeof(uint64_t);
	size_t size = sizeof(head) + source->nr_vcpus * stride;
	uint8_t *bytes = calloc(1, size), *at;
	int failed;

	if (!bytes)
		return scxray_fail(w->err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	memcpy(bytes, &head, sizeof(head));
	at = bytes + sizeof(head);
	for (size_t i = 0; i < source->nr_vcpus; i++, at += stride) {
		const struct source_vcpu *vcpu = &source->vcpus[i];
		struct core_vcpu to = {
			.parked = vcpu->parked,
			.prstatus_pid = vcpu->prstatus_pid,
			.known = vcpu->regs.known,
		};

		memcpy(at, &to, sizeof(to));
		memcpy(at + sizeof(to), vcpu->regs.value, sizeof(vcpu->regs.value));
	}
	failed = put_section(w, CORE_VCPUS, bytes, size);
	free(bytes);
	return failed;
}

static int put_chunk(struct writer *w, struct phys *phys, const uint64_t *numbers, size_t nr)
{
	uint8_t *bytes = calloc(nr, PAGE_SIZE);
	int failed;

	if (!bytes)
		return scxray_fail(w->err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	for (size_t i = 0; i < nr; i++) {
		const uint8_t *host;
		size_t len;

		if (phys_page_at(phys, numbers[i], &host, &len) == READ_OK)
			memcpy(bytes + i * PAGE_SIZE, host, len);
	}
	failed = put_section(w, CORE_PAGES, bytes, nr * PAGE_SIZE);
	free(bytes);
	return failed;
}

/* The touched pages that can be read: some of a core's own pages may be missing. */
static uint64_t *touched_pages(struct phys *phys, size_t *nr)
{
	uint64_t *numbers = malloc((phys->nr_touched ? phys->nr_touched : 1) * sizeof(*numbers));
	uint64_t cursor = 0, gpa;
	const uint8_t *host;
	size_t len;

	*nr = 0;
	while (numbers && *nr < phys->nr_touched && phys_next_touched(phys, &cursor, &gpa))
		if (phys_page_at(phys, gpa, &host, &len) == READ_OK)
			numbers[(*nr)++] = gpa;
	return numbers;
}

static uint64_t *recorded_pages(const struct phys *phys, size_t *nr)
{
	uint64_t *numbers = malloc((phys->nr_pages + 1) * sizeof(*numbers));

	*nr = phys->nr_pages;
	for (size_t i = 0; numbers && i < *nr; i++)
		numbers[i] = phys->pages[i].gpa;
	return numbers;
}

static int put_pages(struct writer *w, struct phys *phys)
{
	size_t nr, chunk;
	uint64_t *numbers = w->all ? recorded_pages(phys, &nr) : touched_pages(phys, &nr);
	int failed;

	if (!numbers)
		return scxray_fail(w->err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	if (nr > CORE_MAX_PAGES) {
		free(numbers);
		return scxray_fail(w->err, SCXRAY_ERR_NOMEM, 0,
				   "%zu pages are too many for one core", nr);
	}
	failed = put_section(w, CORE_PAGE_NUMBERS, numbers, nr * sizeof(*numbers));
	for (size_t at = 0; !failed && at < nr; at += chunk) {
		chunk = nr - at < CORE_CHUNK_PAGES ? nr - at : CORE_CHUNK_PAGES;
		failed = put_chunk(w, phys, numbers + at, chunk);
	}
	free(numbers);
	return failed;
}

static int put_all(struct writer *w, struct scxray_source *source)
{
	struct core_header header = { .magic = CORE_MAGIC, .version = CORE_VERSION };
	struct core_trailer trailer = { .magic = CORE_MAGIC };
	struct core_section index = { 0 };

	if (put(w, &header, sizeof(header)) || put_meta(w, source) || put_regions(w, source) ||
	    put_vcpus(w, source) ||
	    (source->vmcoreinfo &&
	     put_section(w, CORE_VMCOREINFO, source->vmcoreinfo, strlen(source->vmcoreinfo))) ||
	    (source->host && put_section(w, CORE_HOST, source->host, source->host_size)) ||
	    (source->phys.nr_ran &&
	     put_section(w, CORE_RAN, source->phys.ran, source->phys.nr_ran * sizeof(uint64_t))) ||
	    put_pages(w, &source->phys) ||
	    put_frame(w, &index, w->sections, w->nr_sections * sizeof(*w->sections)))
		return -1;
	trailer.index_offset = index.offset;
	trailer.index_size = index.size;
	trailer.index_raw = index.raw;
	return put(w, &trailer, sizeof(trailer));
}

static int write_with(struct writer *w, struct scxray_source *source, int level)
{
	int failed;

	if (!w->hint->valid)
		return scxray_fail(w->err, SCXRAY_ERR_INVALID, 0, "nothing has been captured yet");
	w->zstd = ZSTD_createCCtx();
	if (!w->zstd)
		return scxray_fail(w->err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_checksumFlag, 1);
	ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_compressionLevel, level);
	failed = put_all(w, source);
	ZSTD_freeCCtx(w->zstd);
	return failed;
}

static int core_write(struct scxray_source *source, bool all, FILE *out, struct scxray_error *err)
{
	struct writer *w = calloc(1, sizeof(*w));
	int failed;

	if (!w)
		return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	w->hint = all ? &source->hint : &source->used_hint;
	w->all = all;
	w->file = out;
	w->err = err;
	failed = write_with(w, source, all ? CORE_ZSTD_FAST : CORE_ZSTD_LEVEL);
	free(w);
	return failed;
}

int scxray_core_write(struct scxray_source *source, FILE *out, struct scxray_error *err)
{
	return core_write(source, false, out, err);
}

int scxray_core_write_recording(struct scxray_source *source, FILE *out, struct scxray_error *err)
{
	return core_write(source, true, out, err);
}
