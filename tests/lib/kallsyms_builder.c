/* SPDX-License-Identifier: BSD-2-Clause */
#include "kallsyms_builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <base/array.h>

#define NR_TOKENS 256
#define MARKER_EVERY 256
#define NAME_MAX_BYTES 600

struct buffer {
	uint8_t *bytes;
	size_t size, room;
};

static void put(struct buffer *b, const void *bytes, size_t n)
{
	if (b->size + n > b->room) {
		b->room = (b->size + n) * 2;
		b->bytes = realloc(b->bytes, b->room);
		if (!b->bytes)
			abort();
	}
	memcpy(b->bytes + b->size, bytes, n);
	b->size += n;
}

static void align(struct buffer *b, unsigned to)
{
	while (b->size % to)
		put(b, "", 1);
}

/*
 * Tokens: a printable character stands for itself, as in each kernel; some of the
 * others for what comes often, with and without a type letter, the rest for
 * something that no name has.
 */
static const char *const common[] = {
	"Tscx_", "linux_", "sym_", "ban", "ner", "Dlinux_ba", "_start", "T_start",
};

#define NR_COMMON ARRAY_SIZE(common)

static const char *token_text(uint8_t token, char buf[8])
{
	if (token < NR_COMMON)
		return common[token];
	snprintf(buf, 8, token > 0x20 && token < 0x7f ? "%c" : "~%02x", token);
	return buf;
}

/* The name, its type letter first, as tokens; returns their number. */
static size_t compress(const char *name, uint8_t *tokens)
{
	size_t nr = 0;

	while (*name) {
		uint8_t best = (uint8_t)*name;
		size_t best_len = 1;

		for (uint8_t token = 0; token < NR_COMMON; token++) {
			size_t len = strlen(common[token]);

			if (len > best_len && !strncmp(name, common[token], len)) {
				best = token;
				best_len = len;
			}
		}
		tokens[nr++] = best;
		name += best_len;
	}
	return nr;
}

static void put_names(struct buffer *b, const struct kallsyms_symbol *symbols, uint32_t nr,
		      uint32_t *markers)
{
	size_t start = b->size;

	for (uint32_t i = 0; i < nr; i++) {
		char name[NAME_MAX_BYTES];
		uint8_t tokens[NAME_MAX_BYTES];
		size_t len;

		if (i % MARKER_EVERY == 0)
			markers[i / MARKER_EVERY] = (uint32_t)(b->size - start);
		snprintf(name, sizeof(name), "%c%s", symbols[i].type ? symbols[i].type : 'T',
			 symbols[i].name);
		len = compress(name, tokens);
		if (len < 128) {
			put(b, &(uint8_t){ (uint8_t)len }, 1);
		} else {
			put(b, &(uint8_t){ (uint8_t)(len | 0x80) }, 1);
			put(b, &(uint8_t){ (uint8_t)(len >> 7) }, 1);
		}
		put(b, tokens, len);
	}
}

static void put_tokens(struct buffer *b, uint16_t *index)
{
	size_t start = b->size;

	for (int token = 0; token < NR_TOKENS; token++) {
		char buf[8];
		const char *text = token_text((uint8_t)token, buf);

		index[token] = (uint16_t)(b->size - start);
		put(b, text, strlen(text) + 1);
	}
}

static int32_t encode(struct kallsyms_options options, uint64_t place, uint64_t addr)
{
	switch (options.encoding) {
	case KALLSYMS_PLACE_RELATIVE:
		return (int32_t)(addr - place);
	case KALLSYMS_BASE_RELATIVE:
		return (int32_t)(uint32_t)(addr - options.relative_base);
	default:
		return addr < options.relative_base ? (int32_t)addr
						    : (int32_t)(options.relative_base - 1 - addr);
	}
}

/* The part of a name that decides its place: of "name.llvm.123" the name (scripts/kallsyms.c). */
static size_t sorted_len(const char *name)
{
	const char *llvm = strstr(name, ".llvm.");

	return llvm ? (size_t)(llvm - name) : strlen(name);
}

static int by_name(const void *a, const void *b, void *arg)
{
	const struct kallsyms_symbol *symbols = arg;
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	size_t x = sorted_len(symbols[i].name), y = sorted_len(symbols[j].name);
	int order = strncmp(symbols[i].name, symbols[j].name, x < y ? x : y);

	if (!order && x != y)
		order = x < y ? -1 : 1;
	return order ? order : i < j ? -1 : i > j;
}

static void put_seqs(struct buffer *b, const struct kallsyms_symbol *symbols, uint32_t nr)
{
	uint32_t *order = malloc((nr + 1) * sizeof(*order));

	if (!order)
		abort();
	for (uint32_t i = 0; i < nr; i++)
		order[i] = i;
	qsort_r(order, nr, sizeof(*order), by_name, (void *)(uintptr_t)symbols);
	for (uint32_t i = 0; i < nr; i++)
		put(b,
		    (uint8_t[]){ (uint8_t)(order[i] >> 16), (uint8_t)(order[i] >> 8),
				 (uint8_t)order[i] },
		    3);
	free(order);
}

struct kallsyms_tables kallsyms_build(uint64_t va, const struct kallsyms_symbol *symbols,
				      uint32_t nr, struct kallsyms_options options)
{
	unsigned to = options.align ? options.align : 8;
	uint32_t nr_markers = (nr + MARKER_EVERY - 1) / MARKER_EVERY;
	uint32_t *markers = calloc(nr_markers + 1, sizeof(*markers));
	struct kallsyms_tables t = { .va = va };
	struct buffer b = { 0 };
	uint16_t index[NR_TOKENS];

	if (!markers)
		abort();
	t.where.num_syms = va;
	put(&b, &nr, 4);
	align(&b, to);
	t.where.names = va + b.size;
	put_names(&b, symbols, nr, markers);
	align(&b, to);
	t.markers_va = va + b.size;
	put(&b, markers, nr_markers * sizeof(*markers));
	align(&b, to);
	t.where.token_table = va + b.size;
	put_tokens(&b, index);
	align(&b, to);
	t.where.token_index = va + b.size;
	put(&b, index, sizeof(index));
	align(&b, to);
	t.where.offsets = va + b.size;
	for (uint32_t i = 0; i < nr; i++) {
		int32_t offset = encode(options, va + b.size, symbols[i].addr);

		put(&b, &offset, 4);
	}
	if (options.encoding != KALLSYMS_PLACE_RELATIVE) {
		align(&b, 8);
		t.relative_base_va = va + b.size;
		put(&b, &options.relative_base, 8);
		t.where.relative_base = options.relative_base;
	}
	align(&b, to);
	t.seqs_va = va + b.size;
	put_seqs(&b, symbols, nr);
	free(markers);
	t.bytes = b.bytes;
	t.size = b.size;
	return t;
}

uint8_t *kallsyms_at(const struct kallsyms_tables *tables, uint64_t va)
{
	if (va < tables->va || va - tables->va >= tables->size)
		abort();
	return tables->bytes + (va - tables->va);
}
