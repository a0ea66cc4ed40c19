/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kallsyms.c - reads the kernel's own tables of symbols (scripts/kallsyms.c, kernel/kallsyms.c)
 *
 *	kallsyms_num_syms	u32: how many symbols there are
 *	kallsyms_names		one name a symbol: its length, then so many bytes, each the number of
 *				a token.  The length is one byte; if that is 128 or more (6.1), it
 *				has the low 7 bits, and a second byte has the bits above.
 *	kallsyms_token_table	256 strings, each ended by NUL.  A name is the text of its tokens
 *				one after the other; its first letter is the type, as in nm.
 *	kallsyms_token_index	u16[256]: where each of these strings begins
 *	kallsyms_markers	u32 each: where each 256th name begins
 *	kallsyms_offsets	s32 a symbol, as a rule in order of address.  An address follows from
 *				its offset in one of three ways (enum kallsyms_encoding).  The kernel
 *				does not say in which: scxray takes the way in which linux_banner
 *				leads to the banner.
 *	kallsyms_relative_base	u64: the base of the offsets, up to 6.19
 *	kallsyms_seqs_of_names	3 bytes a symbol, the greatest first (6.2): the symbols in order of
 *				their names
 *
 * Their order in memory: num_syms, names, markers, token_table, token_index, offsets, relative_base,
 * seqs_of_names.  VMCOREINFO does not name markers and seqs_of_names; kallsyms_names.c finds them from
 * the others.
 */
#include "capture/kernel/kallsyms.h"

#include <stdlib.h>
#include <string.h>

#define MAX_SYMBOLS (1u << 22)

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

static int find_encoding(struct symbols *s, struct guest *g, const struct kallsyms_where *where,
			 struct scxray_error *err)
{
	struct symbol_want banner = { .name = KALLSYMS_BANNER };

	kallsyms_find(s, &banner, 1);
	if (banner.index == s->nr)
		return scxray_fail(err, SCXRAY_ERR_GUEST, where->names,
				   "kallsyms has no linux_banner");
	for (int e = 0; e < KALLSYMS_NR_ENCODINGS; e++) {
		char text[14];

		if (e != KALLSYMS_PLACE_RELATIVE && !where->relative_base)
			continue;
		s->encoding = e;
		if (!guest_read(g, kallsyms_addr(s, banner.index), text, sizeof(text)) &&
		    !memcmp(text, "Linux version ", 14))
			return 0;
	}
	return scxray_fail(err, SCXRAY_ERR_GUEST, where->offsets,
			   "kallsyms: linux_banner does not lead to \"Linux version\"");
}

struct place {
	uint64_t addr;
	uint32_t index;
};

static int by_addr(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* 0, or -1: out of memory. */
static int sort_by_addr(struct symbols *s)
{
	struct place *places = malloc(s->nr * sizeof(*places));

	s->by_addr = malloc(s->nr * sizeof(*s->by_addr));
	for (uint32_t i = 0; places && i < s->nr; i++)
		places[i] = (struct place){ kallsyms_addr(s, i), i };
	if (places && s->by_addr) {
		qsort(places, s->nr, sizeof(*places), by_addr);
		for (uint32_t i = 0; i < s->nr; i++)
			s->by_addr[i] = places[i].index;
	}
	free(places);
	return places && s->by_addr ? 0 : -1;
}

static bool is_sorted(const struct symbols *s)
{
	for (uint32_t i = 1; i < s->nr; i++)
		if (kallsyms_addr(s, i - 1) > kallsyms_addr(s, i))
			return false;
	return true;
}

static int read_addresses(struct symbols *s, struct guest *g, const struct kallsyms_where *where,
			  struct scxray_error *err)
{
	enum read_status status;

	s->offsets_kva = where->offsets;
	s->relative_base = where->relative_base;
	s->offset = malloc(s->nr * sizeof(*s->offset));
	if (!s->offset)
		return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	status = guest_read(g, where->offsets, s->offset, s->nr * sizeof(*s->offset));
	if (status)
		return scxray_fail(err, SCXRAY_ERR_UNREAD, where->offsets, "kallsyms_offsets: %s",
				   read_status_text(status));
	if (find_encoding(s, g, where, err))
		return -1;
	return is_sorted(s) || !sort_by_addr(s)
		       ? 0
		       : scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
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
	return read_tokens(s, g, where, err) || kallsyms_read_names(s, g, where, err) ||
			       read_addresses(s, g, where, err)
		       ? -1
		       : 0;
}
