/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * symbols.c - finds a name's address and an address's name, in the kernel's symbols and BPF programs
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
	free(symbols->offset);
	free(symbols->by_addr);
	free(symbols->seqs);
	free(symbols->names);
	free(symbols->marker);
	free(symbols->tokens);
	memset(symbols, 0, sizeof(*symbols));
}

void symbols_find(const struct symbols *s, struct symbol_want *wants, size_t nr)
{
	kallsyms_find(s, wants, nr);
	for (size_t w = 0; w < nr; w++) {
		wants[w].found = wants[w].index < s->nr;
		wants[w].addr = wants[w].found ? kallsyms_addr(s, wants[w].index) : 0;
	}
}

static void name_at(const struct symbols *s, uint32_t index, char *buf, size_t size)
{
	kallsyms_name(s, index, buf, size);
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

/* The name of the BPF program whose code holds addr - back. */
static const char *bpf_name(const struct symbols *s, uint64_t addr, unsigned back, char *buf,
			    size_t size)
{
	const struct bpf_symbol *b = symbols_find_bpf(s, addr - back);

	return b ? name_plus(buf, size, b->name, addr - b->start, " [bpf]") : NULL;
}

/* The `n`th symbol in order of address. */
static uint32_t nth(const struct symbols *s, size_t n)
{
	return s->by_addr ? s->by_addr[n] : (uint32_t)n;
}

/* The place, in order of address, of the first symbol at or after `addr`; s->nr if there is none. */
static size_t first_from(const struct symbols *s, uint64_t addr)
{
	return LOWER_BOUND(s->nr, i, kallsyms_addr(s, nth(s, i)) < addr);
}

static const char *name_back(const struct symbols *s, uint64_t addr, unsigned back, char *buf,
			     size_t size)
{
	uint64_t inside = addr - back, base;
	char name[MAX_NAME];
	size_t beyond;

	if (!size)
		return NULL;
	if (bpf_name(s, addr, back, buf, size))
		return buf;
	beyond = inside < START_KERNEL_MAP || inside == UINT64_MAX ? 0 : first_from(s, inside + 1);
	/* no symbol after it: past _end; before the first: per-CPU offsets and the like are no addresses */
	if (beyond == 0 || beyond == s->nr)
		return NULL;
	base = kallsyms_addr(s, nth(s, beyond - 1));
	if (base < START_KERNEL_MAP)
		return NULL;
	/* the first of its aliases */
	name_at(s, nth(s, first_from(s, base)), name, sizeof(name));
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

static int no_room(struct symbols *symbols)
{
	symbols->bpf_lost = true;
	return -1;
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
			return no_room(symbols);
		symbols->bpf = bpf;
	}
	bpf = &symbols->bpf[nr];
	*bpf = (struct bpf_symbol){ .start = start, .end = end, .aux = aux, .name = strdup(name) };
	if (!bpf->name)
		return no_room(symbols);
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
