/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flattened.c - an image as a stream (makedumpfile -F): blocks, each with the offset where it belongs
 *
 * They come in any order, so they are put in their places in an unnamed temporary file, which then
 * is the image.  Each block begins with a struct makedumpfile_data_header of
 * makedumpfile.h, big-endian; before the first is a header of 4096 bytes.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/image/source.h"

#define HEADER_BYTES 4096
#define END_FLAG (-1)
#define BUFFER_BYTES (256u << 10)

struct block {
	int64_t offset; /* in the image; END_FLAG: no more */
	int64_t size;
};

static const char *temporary_folder(void)
{
	const char *folder = getenv("TMPDIR");

	return folder && *folder ? folder : "/var/tmp"; /* an image may be larger than memory */
}

static int put(int fd, const uint8_t *bytes, size_t size, uint64_t offset)
{
	while (size) {
		ssize_t n = pwrite(fd, bytes, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		bytes += n;
		offset += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

/* Copies one block; one that reaches past the stream's end is an error. */
static int put_block(struct image_file *from, uint64_t at, const struct block *block, int to,
		     uint8_t *buffer, struct scxray_error *err)
{
	for (int64_t done = 0; done < block->size;) {
		size_t n = block->size - done < BUFFER_BYTES ? (size_t)(block->size - done)
							     : BUFFER_BYTES;

		if (image_file_read(from, at + (uint64_t)done, buffer, n))
			return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
					   "a flattened dump: truncated");
		if (put(to, buffer, n, (uint64_t)(block->offset + done)))
			return scxray_fail(err, SCXRAY_ERR_IO, 0,
					   "a flattened dump: it cannot be unpacked in %s: %s; set "
					   "TMPDIR to a folder with room",
					   temporary_folder(), strerror(errno));
		done += (int64_t)n;
	}
	return 0;
}

static int put_blocks(struct image_file *from, int to, uint64_t *size, struct scxray_error *err)
{
	uint8_t *buffer = malloc(BUFFER_BYTES);
	uint64_t at = HEADER_BYTES;
	int failed = buffer ? 0 : scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");

	while (!failed) {
		struct block block;

		if (image_file_read(from, at, &block, sizeof(block))) {
			failed = scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
					     "a flattened dump: truncated");
			break;
		}
		block.offset = (int64_t)be64toh((uint64_t)block.offset);
		block.size = (int64_t)be64toh((uint64_t)block.size);
		if (block.offset == END_FLAG)
			break;
		if (block.offset < 0 || block.size <= 0 || block.offset > INT64_MAX - block.size) {
			failed = scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
					     "a flattened dump: a block of impossible size");
			break;
		}
		at += sizeof(block);
		failed = put_block(from, at, &block, to, buffer, err);
		at += (uint64_t)block.size;
		if ((uint64_t)(block.offset + block.size) > *size)
			*size = (uint64_t)(block.offset + block.size);
	}
	free(buffer);
	return failed;
}

bool flattened_detect(const uint8_t *begin, size_t size)
{
	return size >= HEADER_BYTES && !memcmp(begin, "makedumpfile", 12);
}

int flattened_unpack(struct image_file *file, struct scxray_error *err)
{
	struct image_file to = { .fd = open(temporary_folder(), O_TMPFILE | O_RDWR | O_CLOEXEC,
					    0600) };

	if (to.fd < 0)
		return scxray_fail(
			err, SCXRAY_ERR_IO, 0,
			"a flattened dump: it cannot be unpacked in %s: %s; set TMPDIR to "
			"a folder with room",
			temporary_folder(), strerror(errno));
	if (put_blocks(file, to.fd, &to.size, err) || !to.size) {
		close(to.fd);
		return err->code ? -1
				 : scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
					       "a flattened dump without content");
	}
	image_file_close(file);
	*file = to;
	return 0;
}
