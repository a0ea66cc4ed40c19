/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * core.c - any bytes as a scxray core
 *
 * Every section of a core has a checksum, which a fuzzer never gets right.  So
 * the input is taken twice: as a file, and as the contents of sections, of which a
 * file with right checksums is made:
 *
 *	type (1 byte), length (2 bytes), contents; and so on
 */
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include <scxray/capture.h>
#include <scxray/report_struct.h>

#include "capture/image/core.h"
#include "capture/image/source.h"
#include "fuzz.h"

#define MAX_SECTIONS 64

struct file {
	uint8_t *bytes;
	size_t size;
	size_t room;
};

static void append(struct file *file, const void *bytes, size_t size)
{
	if (file->room - file->size < size)
		abort();
	if (size)
		memcpy(file->bytes + file->size, bytes, size);
	file->size += size;
}

/* One zstd frame with its checksum; its size. */
static size_t append_frame(struct file *file, ZSTD_CCtx *cctx, const void *bytes, size_t size)
{
	size_t packed = ZSTD_compress2(cctx, file->bytes + file->size, file->room - file->size,
				       size ? bytes : "", size);

	if (ZSTD_isError(packed))
		abort();
	file->size += packed;
	return packed;
}

/* The sections that the input describes, as a whole core. */
static void assemble(struct file *file, ZSTD_CCtx *cctx, const uint8_t *data, size_t size)
{
	struct core_header header = { .magic = CORE_MAGIC, .version = CORE_VERSION };
	struct core_trailer trailer = { .magic = CORE_MAGIC };
	struct core_section index[MAX_SECTIONS];
	size_t nr = 0;

	append(file, &header, sizeof(header));
	while (size >= 3 && nr < MAX_SECTIONS) {
		size_t raw = data[1] | (size_t)data[2] << 8;
		struct core_section *section = &index[nr++];

		*section = (struct core_section){ .type = data[0], .offset = file->size };
		data += 3;
		size -= 3;
		if (raw > size)
			raw = size;
		section->raw = raw;
		section->size = append_frame(file, cctx, data, raw);
		data += raw;
		size -= raw;
	}
	trailer.index_offset = file->size;
	trailer.index_raw = nr * sizeof(index[0]);
	trailer.index_size = append_frame(file, cctx, index, nr * sizeof(index[0]));
	append(file, &trailer, sizeof(trailer));
}

static void load(const uint8_t *data, size_t size)
{
	struct scxray_settings settings = SCXRAY_SETTINGS_INIT;
	struct scxray_source *source = calloc(1, sizeof(*source));
	struct scxray_error err = { 0 };

	if (!source)
		return;
	if (!core_load(source, data, size, &err)) {
		/* what was loaded must be safe to read */
		settings.max_copy_bytes = 16 << 20;
		scxray_report_destroy(scxray_capture(source, &settings, &err));
	} else if (!err.text[0]) {
		abort(); /* a refusal without a reason */
	}
	scxray_source_close(source);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct file file = { .room = 4096 + 2 * size + MAX_SECTIONS * 1024 };
	ZSTD_CCtx *cctx = ZSTD_createCCtx();

	load(data, size);
	file.bytes = malloc(file.room);
	if (cctx && file.bytes) {
		ZSTD_CCtx_setParameter(cctx, ZSTD_c_compressionLevel, 1);
		ZSTD_CCtx_setParameter(cctx, ZSTD_c_checksumFlag, 1);
		assemble(&file, cctx, data, size);
		load(file.bytes, file.size);
	}
	ZSTD_freeCCtx(cctx);
	free(file.bytes);
	return 0;
}
