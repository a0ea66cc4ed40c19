/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pack.c - gzip in base64, as a stream
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>
#include <zlib.h>

#include "render/html/pack.h"

#define GZIP_WINDOW (15 + 16) /* deflateInit2(): the largest window, in gzip's frame */
#define PACK_CHUNK 49152      /* a multiple of 3: base64 pads only at the end */

struct pack {
	FILE *out;
	z_stream z;
	unsigned char chunk[PACK_CHUNK];
};

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* `nr` bytes as base64; only the last call may have a number that 3 does not divide. */
static int put_base64(FILE *out, const unsigned char *bytes, size_t nr)
{
	for (size_t i = 0; i < nr; i += 3) {
		uint32_t b = bytes[i] << 16;
		char four[4];

		if (i + 1 < nr)
			b |= bytes[i + 1] << 8;
		if (i + 2 < nr)
			b |= bytes[i + 2];
		four[0] = alphabet[b >> 18];
		four[1] = alphabet[b >> 12 & 63];
		four[2] = i + 1 < nr ? alphabet[b >> 6 & 63] : '=';
		four[3] = i + 2 < nr ? alphabet[b & 63] : '=';
		if (fwrite(four, 1, 4, out) != 4)
			return -1;
	}
	return 0;
}

/* Packs what z.next_in has; with Z_FINISH to the end of the frame. */
static int pack_run(struct pack *pack, int flush)
{
	int status;

	do {
		status = deflate(&pack->z, flush);
		if (pack->z.avail_out && flush != Z_FINISH)
			return 0;
		if (put_base64(pack->out, pack->chunk, PACK_CHUNK - pack->z.avail_out))
			return -1;
		pack->z.next_out = pack->chunk;
		pack->z.avail_out = PACK_CHUNK;
	} while (flush == Z_FINISH ? status == Z_OK : pack->z.avail_in > 0);
	return 0;
}

static ssize_t pack_write(void *cookie, const char *bytes, size_t nr)
{
	struct pack *pack = cookie;

	if (nr > UINT32_MAX / 2)
		nr = UINT32_MAX /
		     2; /* zlib counts in 32 bits; the stream calls again for the rest */
	pack->z.next_in = (unsigned char *)bytes;
	pack->z.avail_in = (uInt)nr;
	return pack_run(pack, Z_NO_FLUSH) ? -1 : (ssize_t)nr;
}

static int pack_close(void *cookie)
{
	struct pack *pack = cookie;
	int failed = pack_run(pack, Z_FINISH);
	int error = errno;

	deflateEnd(&pack->z);
	free(pack);
	errno = error;
	return failed;
}

FILE *pack_open(FILE *out)
{
	static const cookie_io_functions_t functions = { .write = pack_write, .close = pack_close };
	struct pack *pack = calloc(1, sizeof(*pack));
	FILE *stream;

	if (!pack)
		return NULL;
	pack->out = out;
	pack->z.next_out = pack->chunk;
	pack->z.avail_out = PACK_CHUNK;
	if (deflateInit2(&pack->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8,
			 Z_DEFAULT_STRATEGY) != Z_OK) {
		free(pack);
		errno = ENOMEM;
		return NULL;
	}
	stream = fopencookie(pack, "w", functions);
	if (!stream) {
		deflateEnd(&pack->z);
		free(pack);
		return NULL;
	}
	return stream;
}
