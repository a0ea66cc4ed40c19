/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kallsyms_bytes.h - kallsyms_search() in bytes that are at hand
 */
#ifndef TESTS_KALLSYMS_BYTES_H
#define TESTS_KALLSYMS_BYTES_H

#include <stdlib.h>
#include <string.h>

#include "capture/kernel/symbols.h"

struct kallsyms_bytes {
	struct kallsyms_image image;
	const uint8_t *bytes;
	uint8_t *piece[KALLSYMS_NR_PIECES];
};

/* Each piece is a heap block of exactly its size, so that ASan sees a read past its end. */
static inline const uint8_t *kallsyms_bytes_piece(struct kallsyms_image *image,
						  enum kallsyms_piece piece, uint64_t at,
						  size_t len)
{
	struct kallsyms_bytes *b = (struct kallsyms_bytes *)image;

	free(b->piece[piece]);
	b->piece[piece] = malloc(len ? len : 1);
	if (b->piece[piece])
		memcpy(b->piece[piece], b->bytes + at, len);
	return b->piece[piece];
}

static inline bool kallsyms_search_bytes(const uint8_t *bytes, size_t size, uint64_t va,
					 struct kallsyms_where *where)
{
	struct kallsyms_bytes b = {
		.image = { .va = va, .size = size, .bytes = kallsyms_bytes_piece },
		.bytes = bytes,
	};
	bool found = kallsyms_search(&b.image, where);

	for (size_t i = 0; i < KALLSYMS_NR_PIECES; i++)
		free(b.piece[i]);
	return found;
}

#endif
