/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kallsyms_search.c - the kallsyms tables in a bare kernel image
 *
 * The token table has a mark: the tokens of the ten digits are always the digits
 * themselves, so "0\0" "1\0" ... "9\0" is at token 48.  The search finds these bytes,
 * checks the index after the table entry by entry, walks back through the markers
 * before the table, and finds the names before those by their count.
 *
 * The image is read in pieces: windows that are searched for the digits, then what is near a hit, then
 * all that the tables can take by the last marker.
 */
#include <string.h>

#include "capture/kernel/symbols.h"

#define DIGIT_TOKEN '0'
#define NR_TOKENS 256
#define MARKER_EVERY 256
#define MAX_NAME_BYTES (MARKER_EVERY * 516)
#define DIGITS_BYTES 20
#define MAX_CHECKED (512ULL << 20)
#define WINDOW (4u << 20)
#define NEAR_BEFORE (256u << 10) /* tokens before the digits, and markers: 15 million symbols' */
#define NEAR_AFTER (64u << 10)	 /* the other tokens, and their index */

static uint32_t u32_at(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

/* The start of the token table whose "0" token is at `digits`; 0: there is none. */
static size_t table_start(const uint8_t *image, size_t digits)
{
	size_t at = digits;

	for (int token = 0; token < DIGIT_TOKEN; token++) {
		size_t end = at;

		if (at < 2 || image[at - 1] != 0)
			return 0;
		at--;
		while (at > 0 && image[at - 1] != 0 && end - at < 256)
			at--;
		if (end - at >= 256 || end - at < 2)
			return 0;
	}
	return at;
}

/* The token index right after the table, checked entry by entry; 0: it is not there. */
static size_t find_index(const uint8_t *image, size_t size, size_t table)
{
	uint16_t index[NR_TOKENS];
	size_t at = table;

	for (int token = 0; token < NR_TOKENS; token++) {
		const uint8_t *nul;

		if (at >= size || at - table > UINT16_MAX)
			return 0;
		index[token] = (uint16_t)(at - table);
		nul = memchr(image + at, 0, size - at);
		if (!nul)
			return 0;
		at = (size_t)(nul - image) + 1;
	}
	for (size_t align = 0; align < 16; align++)
		if (at + align + sizeof(index) <= size &&
		    !memcmp(image + at + align, index, sizeof(index)))
			return at + align;
	return 0;
}

/* Walks the markers back from the token table; their number goes to *nr. */
static size_t find_markers(const uint8_t *image, size_t table, size_t *nr)
{
	size_t at = table & ~(size_t)3;
	uint32_t last;

	while (at >= 4 && table - at < 16 && u32_at(image + at - 4) == 0)
		at -= 4; /* alignment */
	if (at < 4)
		return 0;
	last = UINT32_MAX;
	*nr = 0;
	while (at >= 4) {
		uint32_t marker = u32_at(image + at - 4);

		if (marker >= last || (*nr && last - marker > MAX_NAME_BYTES))
			return 0;
		at -= 4;
		last = marker;
		(*nr)++;
		if (marker == 0)
			return at;
	}
	return 0;
}

/* True if the first names from `names` on add up to the second marker. */
static bool names_fit(const uint8_t *image, size_t names, size_t markers, size_t nr_markers)
{
	size_t at = names;

	if (nr_markers < 2)
		return false;
	for (int i = 0; i < MARKER_EVERY; i++) {
		size_t len;

		if (at + 2 >= markers)
			return false;
		len = image[at++];
		if (len & 0x80)
			len = (len & 0x7f) | (size_t)image[at++] << 7;
		at += len;
	}
	return at - names == u32_at(image + markers + 4);
}

static bool find_names(const uint8_t *image, size_t markers, size_t nr_markers, size_t *num_syms,
		       size_t *names)
{
	size_t last = u32_at(image + markers + (nr_markers - 1) * 4);
	size_t most = nr_markers * MARKER_EVERY;
	size_t lowest;

	if (last + 8 > markers)
		return false;
	lowest = markers - last > MAX_NAME_BYTES + 16 ? markers - last - MAX_NAME_BYTES - 16 : 0;
	for (size_t at = (markers - last - 4) & ~(size_t)3; at > lowest; at -= 4) {
		uint32_t count = u32_at(image + at);

		if (count > most || count + MARKER_EVERY <= most)
			continue;
		for (size_t pad = 4; pad <= 8; pad += 4) { /* the names are aligned to 4 or 8 */
			if (!names_fit(image, at + pad, markers, nr_markers))
				continue;
			*num_syms = at;
			*names = at + pad;
			return true;
		}
	}
	return false;
}

/* All tables, in a piece that has them. */
static bool tables_at(const uint8_t *image, size_t size, uint64_t va, size_t digits,
		      struct kallsyms_where *where)
{
	size_t table = table_start(image, digits), index, markers, nr_markers, num_syms, names, end;
	uint64_t base = 0;

	index = table ? find_index(image, size, table) : 0;
	markers = index ? find_markers(image, table, &nr_markers) : 0;
	if (!markers || !find_names(image, markers, nr_markers, &num_syms, &names))
		return false;
	*where = (struct kallsyms_where){
		.num_syms = va + num_syms,
		.names = va + names,
		.token_table = va + table,
		.token_index = va + index,
		.offsets = (va + index + NR_TOKENS * 2 + 3) & ~3ULL, /* this order since 6.4 */
	};
	/* the base, if there is one, follows the offsets, aligned to 8 */
	end = (where->offsets - va + 4ULL * u32_at(image + num_syms) + 7) & ~7ULL;
	if (end + 8 <= size) {
		memcpy(&base, image + end, 8);
		if (base >= 0xffffffff80000000ULL)
			where->relative_base = base;
	}
	return true;
}

/*
 * The first place in these bytes with the tokens of the digits; NULL: none.
 * memchr(3) is four times as fast as memmem(3): a
 * '7' is rare in code.
 */
static const uint8_t *next_digits(const uint8_t *from, const uint8_t *end)
{
	static const char digits[DIGITS_BYTES] = "0\0001\0002\0003\0004\0005\0006\0007\0008\0009";
	const size_t seven = 2 * 7;

	if ((size_t)(end - from) < sizeof(digits))
		return NULL;
	for (const uint8_t *hit = from + seven; hit < end; hit++) {
		hit = memchr(hit, '7', (size_t)(end - hit));
		if (!hit || (size_t)(end - hit) < sizeof(digits) - seven)
			return NULL;
		if (!memcmp(hit - seven, digits, sizeof(digits)))
			return hit - seven;
	}
	return NULL;
}

/* How far the tables around a hit may reach: *before and *after it.  False: there are none. */
static bool tables_reach(const uint8_t *near, size_t size, size_t digits, uint64_t *before,
			 uint64_t *after)
{
	size_t table = table_start(near, digits), index, markers, nr;

	index = table ? find_index(near, size, table) : 0;
	markers = index ? find_markers(near, table, &nr) : 0;
	if (!markers)
		return false;
	*before = digits - markers + u32_at(near + markers + (nr - 1) * 4) + MAX_NAME_BYTES + 32;
	*after = index - digits + NR_TOKENS * 2 + 4ULL * nr * MARKER_EVERY + 32;
	return true;
}

/* A piece around `digits`, within the image; *from: its offset, a multiple of 16. */
static const uint8_t *piece_around(struct kallsyms_image *image, uint64_t digits, uint64_t before,
				   uint64_t after, uint64_t *from, size_t *size)
{
	uint64_t end = image->size - digits > after ? digits + after : image->size;

	*from = (digits > before ? digits - before : 0) & ~15ULL;
	*size = (size_t)(end - *from);
	return image->bytes(image, KALLSYMS_CHECKED, *from, *size);
}

/*
 * The tables around a hit.  *left: bytes that may still be looked at; a kernel has one hit, an attacker's
 * image may have millions.
 */
static bool tables_around(struct kallsyms_image *image, uint64_t digits, uint64_t *left,
			  struct kallsyms_where *where)
{
	uint64_t from, before, after;
	const uint8_t *piece;
	size_t size;

	piece = piece_around(image, digits, NEAR_BEFORE, NEAR_AFTER, &from, &size);
	*left -= *left < size ? *left : size;
	if (!piece || !tables_reach(piece, size, (size_t)(digits - from), &before, &after) ||
	    before + after > *left)
		return false;
	piece = piece_around(image, digits, before, after, &from, &size);
	*left -= *left < size ? *left : size;
	return piece && tables_at(piece, size, image->va + from, (size_t)(digits - from), where);
}

bool kallsyms_search(struct kallsyms_image *image, struct kallsyms_where *where)
{
	uint64_t left = MAX_CHECKED;

	for (uint64_t at = 0; at < image->size; at += WINDOW) {
		uint64_t rest = image->size - at;
		size_t size =
			rest < WINDOW + DIGITS_BYTES - 1 ? (size_t)rest : WINDOW + DIGITS_BYTES - 1;
		const uint8_t *window = image->bytes(image, KALLSYMS_SEARCHED, at, size),
			      *hit = window;

		while (hit && left && (hit = next_digits(hit, window + size))) {
			if (tables_around(image, at + (uint64_t)(hit - window), &left, where))
				return true;
			hit++;
		}
	}
	return false;
}
