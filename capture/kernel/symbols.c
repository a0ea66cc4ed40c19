/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/kernel/symbols.h"

#define MAX_SYMBOLS (1u << 22)
#define MAX_NAMES (64u << 20)
#define MAX_NAME 512 /* KSYM_NAME_LEN */
#define MARKER_STEP 64
#define START_KERNEL_MAP 0xffffffff80000000ULL

/*
 * The compressed name at *at: `tokens` bytes of it follow in the table.  False at
 * the table's end.  Lengths of 128 on take a second byte (since 6.1).
 */
static bool next_name(const struct symbols *s, size_t *at, const uint8_t **tokens, size_t *nr)
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

/* Expands into `buf` without the type letter; returns the length, cut to size - 1. */
static size_t expand(const struct symbols *s, const uint8_t *tokens, size_t nr, char *buf,
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
	s->marker = calloc(s->nr / MARKER_STEP + 1, sizeof(*s->marker));
	if (!s->names || !s->marker)
		return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	status = guest_read_some(g, where->names, s->names, size, &s->names_size);
	for (uint32_t i = 0; i < s->nr; i++) {
		if (i % MARKER_STEP == 0)
			s->marker[i / MARKER_STEP] = (uint32_t)at;
		if (!next_name(s, &at, &tokens, &nr))
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

	for (uint32_t i = 0; i < s->nr && next_name(s, &at, &tokens, &nr); i++) {
		char name[sizeof(banner) + 1];

		if (nr <= sizeof(banner) &&
		    expand(s, tokens, nr, name, sizeof(name)) == sizeof(banner) - 1 &&
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

int symbols_load(struct symbols *symbols, struct guest *g, const struct kallsyms_where *where,
		 struct scxray_error *err)
{
	enum read_status status;

	memset(symbols, 0, sizeof(*symbols));
	status = guest_read_u32(g, where->num_syms, &symbols->nr);
	if (status)
		return scxray_fail(err, SCXRAY_ERR_UNREAD, where->num_syms, "kallsyms_num_syms: %s",
				   read_status_text(status));
	if (!symbols->nr || symbols->nr > MAX_SYMBOLS)
		return scxray_fail(err, SCXRAY_ERR_GUEST, where->num_syms,
				   "kallsyms claims %u symbols", symbols->nr);
	if (read_tokens(symbols, g, where, err) || read_names(symbols, g, where, err) ||
	    read_addresses(symbols, g, where, err)) {
		symbols_deinit(symbols);
		return -1;
	}
	return 0;
}

void symbols_clear_bpf(struct symbols *symbols)
{
	for (size_t i = 0; i < symbols->nr_bpf; i++)
		free(symbols->bpf[i].name);
	free(symbols->bpf);
	symbols->bpf = NULL;
	symbols->nr_bpf = 0;
}

void symbols_deinit(struct symbols *symbols)
{
	symbols_clear_bpf(symbols);
	free(symbols->by_addr);
	free(symbols->names);
	free(symbols->marker);
	free(symbols->tokens);
	memset(symbols, 0, sizeof(*symbols));
}

/* The address of the symbol with name number `index`: rare, so a search will do. */
static uint64_t addr_of(const struct symbols *s, uint32_t index)
{
	if (index < s->nr && s->by_addr[index].index == index) /* nearly always in order */
		return s->by_addr[index].addr;
	for (uint32_t i = 0; i < s->nr; i++)
		if (s->by_addr[i].index == index)
			return s->by_addr[i].addr;
	return 0;
}

void symbols_find(const struct symbols *s, struct symbol_want *wants, size_t nr)
{
	uint64_t lengths = 0; /* which lengths are wanted: a cheap filter before expanding */
	const uint8_t *tokens;
	size_t at = 0, nr_tokens;

	for (size_t w = 0; w < nr; w++) {
		wants[w].addr = 0;
		wants[w].found = false;
		lengths |= 1ULL << (strlen(wants[w].name) & 63);
	}
	for (uint32_t i = 0; i < s->nr && next_name(s, &at, &tokens, &nr_tokens); i++) {
		char name[MAX_NAME];
		size_t len = 0;

		for (size_t t = 0; t < nr_tokens; t++)
			len += s->token_len[tokens[t]];
		if (!len || len >= sizeof(name) || !(lengths >> ((len - 1) & 63) & 1))
			continue;
		expand(s, tokens, nr_tokens, name, sizeof(name));
		for (size_t w = 0; w < nr; w++)
			if (!wants[w].found && name[0] == wants[w].name[0] &&
			    !strcmp(name, wants[w].name)) {
				wants[w].addr = addr_of(s, i);
				wants[w].found = true;
			}
	}
}

static void name_at(const struct symbols *s, uint32_t index, char *buf, size_t size)
{
	size_t at = s->marker[index / MARKER_STEP], nr = 0;
	const uint8_t *tokens = NULL;

	buf[0] = '\0';
	for (uint32_t i = index / MARKER_STEP * MARKER_STEP; i <= index; i++)
		if (!next_name(s, &at, &tokens, &nr))
			return;
	expand(s, tokens, nr, buf, size);
	for (char *c = buf; *c; c++)
		if (*c < 0x21 || *c > 0x7e)
			*c = '?';
}

/* "name", "name+0x1c", "name+0x1c [bpf]" */
static const char *name_plus(char *buf, size_t size, const char *name, uint64_t offset,
			     const char *tail)
{
	if (offset)
		snprintf(buf, size, "%s+0x%llx%s", name, (unsigned long long)offset, tail);
	else
		snprintf(buf, size, "%s%s", name, tail);
	return buf;
}

/* The program whose code holds addr - back. */
static const char *bpf_name(const struct symbols *s, uint64_t addr, unsigned back, char *buf,
			    size_t size)
{
	size_t lo = 0, hi = s->nr_bpf;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct bpf_symbol *b = &s->bpf[mid];

		if (addr - back < b->start)
			hi = mid;
		else if (addr - back >= b->end)
			lo = mid + 1;
		else
			return name_plus(buf, size, b->name, addr - b->start, " [bpf]");
	}
	return NULL;
}

/* The first symbol at `addr` or beyond, in order of address; s->nr if there is none. */
static uint32_t first_from(const struct symbols *s, uint64_t addr)
{
	uint32_t lo = 0, hi = s->nr;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (s->by_addr[mid].addr < addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static const char *name_back(const struct symbols *s, uint64_t addr, unsigned back, char *buf,
			     size_t size)
{
	uint64_t inside = addr - back, base;
	char name[MAX_NAME];
	uint32_t beyond;

	if (!size)
		return NULL;
	if (bpf_name(s, addr, back, buf, size))
		return buf;
	beyond = inside < START_KERNEL_MAP || inside == UINT64_MAX ? 0 : first_from(s, inside + 1);
	/* nothing beyond: past _end; per-CPU offsets and the like are no addresses */
	if (beyond == 0 || beyond == s->nr)
		return NULL;
	base = s->by_addr[beyond - 1].addr;
	if (base < START_KERNEL_MAP)
		return NULL;
	/* of aliases the first */
	name_at(s, s->by_addr[first_from(s, base)].index, name, sizeof(name));
	return name_plus(buf, size, name, addr - base, "");
}

const char *symbols_name(const struct symbols *s, uint64_t addr, char *buf, size_t size)
{
	return name_back(s, addr, 0, buf, size);
}

const char *symbols_return_name(const struct symbols *s, uint64_t addr, char *buf, size_t size)
{
	return name_back(s, addr, 1, buf, size);
}

int symbols_add_bpf(struct symbols *symbols, uint64_t start, uint64_t end, const char *name)
{
	struct bpf_symbol *bpf;
	size_t nr = symbols->nr_bpf;

	if (start >= end)
		return 0;
	if ((nr & (nr - 1)) == 0) {
		bpf = realloc(symbols->bpf, (nr ? nr * 2 : 1) * sizeof(*bpf));
		if (!bpf)
			return -1;
		symbols->bpf = bpf;
	}
	bpf = &symbols->bpf[nr];
	*bpf = (struct bpf_symbol){ .start = start, .end = end, .name = strdup(name) };
	if (!bpf->name)
		return -1;
	for (char *c = bpf->name; *c; c++)
		if (*c < 0x21 || *c > 0x7e)
			*c = '?';
	symbols->nr_bpf++;
	return 0;
}

static int by_start(const void *a, const void *b)
{
	const struct bpf_symbol *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

void symbols_sort_bpf(struct symbols *symbols)
{
	if (symbols->nr_bpf)
		qsort(symbols->bpf, symbols->nr_bpf, sizeof(*symbols->bpf), by_start);
}
