/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kallsyms.c - reads the kernel's own tables of symbols (scripts/kallsyms.c, kernel/kallsyms.c)
 *
 *	kallsyms_num_syms	u32: how many symbols there are
 *	kallsyms_names		one name a symbol: its length, and so many bytes, each the number of
 *				a token.  The length is one byte; from 128 on (6.1) the low 7 bits
 *				of it, and a second byte with those above.
 *	kallsyms_token_table	256 strings, each ended by NUL.  A name is the text of its tokens
 *				one after the other; its first letter is the type, as in nm.
 *	kallsyms_token_index	u16[256]: where each of these strings begins
 *	kallsyms_offsets	s32 a symbol, in order of address as a rule: from these follow the
 *				addresses, in one of three ways (enum kallsyms_encoding).  No word
 *				says in which: it is the one in which linux_banner leads to the
 *				banner.
 *	kallsyms_relative_base	u64: the base of the offsets, up to 6.19
 *
 * The linker puts token_table after names, so the size of names follows from both.  Names have no
 * fixed length: each 64th place is noted, and a search goes on from there.
 */
#include "capture/kernel/kallsyms.h"

#include <stdlib.h>
#include <string.h>

#define MAX_SYMBOLS (1u << 22)
#define MAX_NAMES (64u << 20)

bool kallsyms_next(const struct symbols *s, size_t *at, const uint8_t **tokens, size_t *nr)
{
	size_t pos = *at;

	if (pos >= s->names_size)
		return false;
	*nr = s->names[pos++];
	if (*nr & 0x80) {
		if (pos >= s->names_size)
			return false;
		*nr = (*nr & 0x7f) | (size_t)s->names[pos++] << 7;
	}
	if (*nr == 0 || *nr > s->names_size - pos)
		return false;
	*tokens = s->names + pos;
	*at = pos + *nr;
	return true;
}

size_t kallsyms_expand(const struct symbols *s, const uint8_t *tokens, size_t nr, char *buf,
		       size_t size)
{
	size_t len = 0;
	bool type = true;

	for (size_t i = 0; i < nr; i++) {
		const uint8_t *token = s->tokens + s->token_index[tokens[i]];
		size_t n = s->token_len[tokens[i]];

		if (type && n) {
			token++;
			n--;
			type = false;
		}
		if (n > size - 1 - len)
			n = size - 1 - len;
		memcpy(buf + len, token, n);
		len += n;
	}
	buf[len] = '\0';
	return len;
}

static int read_tokens(struct symbols *s, struct guest *g, const struct kallsyms_where *where,
		       struct scxray_error *err)
{
	size_t size, got;
	enum read_status status;

	status = guest_read(g, where->token_index, s->token_index, sizeof(s->token_index));
	if (status)
		return scxray_fail(err, SCXRAY_ERR_UNREAD, where->token_index,
				   "kallsyms_token_index: %s", read_status_text(status));
	size = (size_t)s->token_index[255] + 256;
	s->tokens = malloc(size);
	if (!s->tokens)
		return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	guest_read_some(g, where->token_table, s->tokens, size, &got);
	for (int i = 0; i < 256; i++) {
		size_t at = s->token_index[i];
		const uint8_t *nul = at < got ? memchr(s->tokens + at, 0, got - at) : NULL;

		if (!nul || nul - (s->tokens + at) > 255)
			return scxray_fail(err, SCXRAY_ERR_GUEST, where->token_table,
					   "kallsyms_token_table is broken at token %d", i);
		s->token_len[i] = (uint8_t)(nul - (s->tokens + at));
	}
	return 0;
}

static int read_names(struct symbols *s, struct guest *g, const struct kallsyms_where *where,
		      struct scxray_error *err)
{
	uint64_t size = where->token_table - where->names; /* the tables' order since 2.6 */
	const uint8_t *tokens;
	enum read_status status;
	size_t at = 0, nr;

	if (where->token_table <= where->names || size > MAX_NAMES)
		return scxray_fail(err, SCXRAY_ERR_GUEST, where->names,
				   "kallsyms_names does not stand before its token table");
	s->names = malloc(size);
	s->marker = calloc(s->nr / KALLSYMS_MARKER_STEP + 1, sizeof(*s->marker));
	if (!s->names || !s->marker)
		return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	status = guest_read_some(g, where->names, s->names, size, &s->names_size);
	for (uint32_t i = 0; i < s->nr; i++) {
		if (i % KALLSYMS_MARKER_STEP == 0)
			s->marker[i / KALLSYMS_MARKER_STEP] = (uint32_t)at;
		if (!kallsyms_next(s, &at, &tokens, &nr))
			return scxray_fail(err, SCXRAY_ERR_GUEST, where->names + at,
					   "kallsyms_names ends at symbol %u of %u%s%s", i, s->nr,
					   status ? ": " : "",
					   status ? read_status_text(status) : "");
	}
	s->names_size = at;
	return 0;
}

static uint64_t decode(enum kallsyms_encoding encoding, uint64_t offsets, uint64_t base, uint32_t i,
		       int32_t value)
{
	switch (encoding) {
	case KALLSYMS_PLACE_RELATIVE:
		return offsets + 4ULL * i + (uint64_t)(int64_t)value;
	case KALLSYMS_BASE_RELATIVE:
		return base + (uint32_t)value;
	case KALLSYMS_ABSOLUTE_PERCPU:
	default:
		return value >= 0 ? (uint64_t)value : base - 1 - (uint64_t)(int64_t)value;
	}
}

/* The index of linux_banner; s->nr if there is none. */
static uint32_t find_banner(const struct symbols *s)
{
	static const char banner[] = "linux_banner";
	const uint8_t *tokens;
	size_t at = 0, nr;

	for (uint32_t i = 0; i < s->nr && kallsyms_next(s, &at, &tokens, &nr); i++) {
		char name[sizeof(banner) + 1];

		if (nr <= sizeof(banner) &&
		    kallsyms_expand(s, tokens, nr, name, sizeof(name)) == sizeof(banner) - 1 &&
		    !memcmp(name, banner, sizeof(banner) - 1))
			return i;
	}
	return s->nr;
}

static int find_encoding(struct symbols *s, struct guest *g, const struct kallsyms_where *where,
			 const int32_t *offsets, struct scxray_error *err)
{
	uint32_t banner = find_banner(s);

	if (banner == s->nr)
		return scxray_fail(err, SCXRAY_ERR_GUEST, where->names,
				   "kallsyms has no linux_banner");
	for (int e = 0; e < KALLSYMS_NR_ENCODINGS; e++) {
		char text[14];
		uint64_t addr;

		if (e != KALLSYMS_PLACE_RELATIVE && !where->relative_base)
			continue;
		addr = decode(e, where->offsets, where->relative_base, banner, offsets[banner]);
		if (guest_read(g, addr, text, sizeof(text)) || memcmp(text, "Linux version ", 14))
			continue;
		s->encoding = e;
		return 0;
	}
	return scxray_fail(err, SCXRAY_ERR_GUEST, where->offsets,
			   "kallsyms: linux_banner does not lead to \"Linux version\"");
}

static int by_addr(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static int read_addresses(struct symbols *s, struct guest *g, const struct kallsyms_where *where,
			  struct scxray_error *err)
{
	int32_t *offsets = malloc(s->nr * sizeof(*offsets));
	enum read_status status;
	bool sorted = true;
	int failed;

	s->by_addr = malloc(s->nr * sizeof(*s->by_addr));
	if (!offsets || !s->by_addr) {
		free(offsets);
		return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	}
	status = guest_read(g, where->offsets, offsets, s->nr * sizeof(*offsets));
	failed = status ? scxray_fail(err, SCXRAY_ERR_UNREAD, where->offsets,
				      "kallsyms_offsets: %s", read_status_text(status))
			: find_encoding(s, g, where, offsets, err);
	for (uint32_t i = 0; !failed && i < s->nr; i++) {
		s->by_addr[i].addr =
			decode(s->encoding, where->offsets, where->relative_base, i, offsets[i]);
		s->by_addr[i].index = i;
		sorted &= !i || s->by_addr[i - 1].addr <= s->by_addr[i].addr;
	}
	if (!failed && !sorted)
		qsort(s->by_addr, s->nr, sizeof(*s->by_addr), by_addr);
	free(offsets);
	return failed;
}

int kallsyms_load(struct symbols *s, struct guest *g, const struct kallsyms_where *where,
		  struct scxray_error *err)
{
	enum read_status status = guest_read_u32(g, where->num_syms, &s->nr);

	if (status)
		return scxray_fail(err, SCXRAY_ERR_UNREAD, where->num_syms, "kallsyms_num_syms: %s",
				   read_status_text(status));
	if (!s->nr || s->nr > MAX_SYMBOLS)
		return scxray_fail(err, SCXRAY_ERR_GUEST, where->num_syms,
				   "kallsyms claims %u symbols", s->nr);
	return read_tokens(s, g, where, err) || read_names(s, g, where, err) ||
			       read_addresses(s, g, where, err)
		       ? -1
		       : 0;
}
