/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * open.c - opening an image of any kind, by its first bytes
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/base/clock.h"
#include "capture/image/source.h"

#define BEGIN_BYTES 4096
#define MAX_CORE_BYTES \
	(2ULL << 30) /* a scxray core is read whole: packed it holds 1 GiB of pages */

/* Puts the file's name before a loader's message. */
static void name_file(struct scxray_error *err, const char *path)
{
	struct scxray_error inner;

	if (!err)
		return;
	inner = *err;
	scxray_fail(err, inner.code, inner.addr, "%s: %.180s", path, inner.text);
}

static int load_core_file(struct scxray_source *source, struct scxray_error *err)
{
	uint8_t *bytes;
	int failed;

	if (source->file.size > MAX_CORE_BYTES)
		return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
				   "broken scxray core: %llu bytes are too many",
				   (unsigned long long)source->file.size);
	bytes = image_file_read_all(&source->file, err);
	if (!bytes)
		return -1;
	failed = core_load(source, bytes, source->file.size, err);
	free(bytes);
	return failed;
}

static int read_begin(struct scxray_source *source, uint8_t begin[BEGIN_BYTES], size_t *size,
		      struct scxray_error *err)
{
	*size = source->file.size < BEGIN_BYTES ? source->file.size : BEGIN_BYTES;
	if (image_file_read(&source->file, 0, begin, *size))
		return scxray_fail(err, SCXRAY_ERR_IO, 0, "its first bytes cannot be read");
	return 0;
}

static int load(struct scxray_source *source, struct scxray_error *err)
{
	uint8_t begin[BEGIN_BYTES];
	size_t size;

	if (read_begin(source, begin, &size, err))
		return -1;
	if (flattened_detect(begin, size) &&
	    (flattened_unpack(&source->file, err) || read_begin(source, begin, &size, err)))
		return -1;
	if (core_detect(begin, size))
		return load_core_file(source, err);
	if (size >= SELFMAG && !memcmp(begin, ELFMAG, SELFMAG))
		return vmcore_load(source, err);
	if (size >= 8 && (!memcmp(begin, "KDUMP   ", 8) || !memcmp(begin, "DISKDUMP", 8)))
		return kdump_load(source, err);
	return scxray_fail(err, SCXRAY_ERR_FORMAT, 0, "%s", others_name(begin, size));
}

/* `fd` -1: the file at `path`. */
static struct scxray_source *open_either(int fd, const char *path, struct scxray_error *err)
{
	struct scxray_source *source = calloc(1, sizeof(*source));
	uint64_t start = clock_us();
	int failed;

	if (!source) {
		if (fd >= 0)
			close(fd);
		scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "%s: out of memory", path);
		return NULL;
	}
	failed = fd < 0 ? image_file_open(&source->file, path, err)
			: image_file_take(&source->file, fd, path, err);
	if (!failed) {
		failed = load(source, err);
		if (failed)
			name_file(err, path);
	}
	if (failed) {
		scxray_source_close(source);
		return NULL;
	}
	source->open_us = clock_us() - start;
	return source;
}

struct scxray_source *scxray_source_open(const char *path, struct scxray_error *err)
{
	return open_either(-1, path, err);
}

struct scxray_source *scxray_source_open_fd(int fd, const char *name, struct scxray_error *err)
{
	return open_either(fd, name, err);
}
