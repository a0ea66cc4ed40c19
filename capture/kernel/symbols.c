/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * symbols.c - a name's address, and an address's name: the kernel's symbols and BPF programs
 */
#include "capture/kernel/symbols.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/array.h>

#include "capture/kernel/kallsyms.h"

#define MAX_NAME 512	  /* KSYM_NAME_LEN */
#define BPF_TAG_DIGITS 16 /* BPF_TAG_SIZE bytes */
#define START_KERNEL_MAP 0xffffffff80000000ULL

int symbols_load(struct symbols *symbols, struct guest *g, const struct kallsyms_where *where,
		 struct scxray_error *err)
{
	memset(symbols, 0, sizeof(*symbols));
	if (!kallsyms_load(symbols, g, where, err))
		return 0;
	symbols_deinit(symbols);
	return -1;
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
	for (uint32_t i = 0; i < s->nr && kallsyms_next(s, &at, &tokens, &nr_tokens); i++) {
		char name[MAX_NAME];
		size_t len = 0;

		for (size_t t = 0; t < nr_tokens; t++)
			len += s->token_len[tokens[t]];
		if (!len || len >= sizeof(name) || !(lengths >> ((len - 1) & 63) & 1))
			continue;
		kallsyms_expand(s, tokens, nr_tokens, name, sizeof(name));
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
	size_t at = s->marker[index / KALLSYMS_MARKER_STEP], nr = 0;
	const uint8_t *tokens = NULL;

	buf[0] = '\0';
	for (uint32_t i = index / KALLSYMS_MARKER_STEP * KALLSYMS_MARKER_STEP; i <= index; i++)
		if (!kallsyms_next(s, &at, &tokens, &nr))
			return;
	kallsyms_expand(s, tokens, nr, buf, size);
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

const struct bpf_symbol *symbols_find_bpf(const struct symbols *s, uint64_t addr)
{
	size_t at = LOWER_BOUND(s->nr_bpf, i, s->bpf[i].end <= addr);

	return at < s->nr_bpf && s->bpf[at].start <= addr ? &s->bpf[at] : NULL;
}

const char *symbols_bpf_function(const char *name)
{
	size_t prefix = strlen("bpf_prog_");

	if (strncmp(name, "bpf_prog_", prefix) != 0)
		return NULL;
	name += prefix;
	return strspn(name, "0123456789abcdef") == BPF_TAG_DIGITS && name[BPF_TAG_DIGITS] == '_'
		       ? name + BPF_TAG_DIGITS + 1
		       : NULL;
}

/* The program whose code holds addr - back. */
static const char *bpf_name(const struct symbols *s, uint64_t addr, unsigned back, char *buf,
			    size_t size)
{
	const struct bpf_symbol *b = symbols_find_bpf(s, addr - back);

	return b ? name_plus(buf, size, b->name, addr - b->start, " [bpf]") : NULL;
}

/* The first symbol at `addr` or beyond, in order of address; s->nr if there is none. */
static uint32_t first_from(const struct symbols *s, uint64_t addr)
{
	return (uint32_t)LOWER_BOUND(s->nr, i, s->by_addr[i].addr < addr);
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

int symbols_add_bpf(struct symbols *symbols, uint64_t start, uint64_t end, uint64_t aux,
		    const char *name)
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
	*bpf = (struct bpf_symbol){ .start = start, .end = end, .aux = aux, .name = strdup(name) };
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
