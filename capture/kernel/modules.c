/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * modules.c - which module's code holds an address, and the symbol at it
 */
#include <stdio.h>

#include <base/array.h>

#include "capture/kernel/modules.h"

static bool holds(const struct module_text *text, uint64_t addr)
{
	return addr >= text->start && addr < text->end;
}

struct module *modules_find(const struct modules *modules, uint64_t addr)
{
	for (size_t i = 0; modules && i < modules->nr; i++)
		if (holds(&modules->list[i].text[0], addr) ||
		    holds(&modules->list[i].text[1], addr))
			return &modules->list[i];
	return NULL;
}

static bool before(const struct module_symbol *a, const struct module_symbol *b)
{
	return a->addr != b->addr ? a->addr < b->addr : a->index < b->index;
}

/* Moves the symbol at `root` down the heap to where it belongs; the top of the heap is the last in order. */
static void sift(struct module_symbol *symbols, uint32_t root, uint32_t nr)
{
	for (uint32_t child; (child = 2 * root + 1) < nr; root = child) {
		struct module_symbol moved = symbols[root];

		if (child + 1 < nr && before(&symbols[child], &symbols[child + 1]))
			child++;
		if (!before(&moved, &symbols[child]))
			return;
		symbols[root] = symbols[child];
		symbols[child] = moved;
	}
}

void modules_sort(struct module_symbol *symbols, uint32_t nr)
{
	for (uint32_t i = nr / 2; i-- > 0;)
		sift(symbols, i, nr);
	for (uint32_t last = nr; last-- > 1;) {
		struct module_symbol top = symbols[0];

		symbols[0] = symbols[last];
		symbols[last] = top;
		sift(symbols, 0, last);
	}
}

/* As find_kallsyms_symbol(): the last symbol at or before the address; the first one if several are equal. */
static const struct module_symbol *nearest(const struct module *m, const struct module_text *text,
					   uint64_t addr)
{
	size_t at = LOWER_BOUND(m->nr_symbols, i, m->symbols[i].addr <= addr);

	if (!at || !holds(text, m->symbols[at - 1].addr))
		return NULL;
	for (at--; at && m->symbols[at - 1].addr == m->symbols[at].addr;)
		at--;
	return &m->symbols[at];
}

const char *modules_name(const struct modules *modules, uint64_t addr, unsigned back, char *buf,
			 size_t size)
{
	const struct module *m = modules_find(modules, addr - back);
	const struct module_symbol *symbol;
	const struct module_text *text;
	const char *name;

	if (!m || !size)
		return NULL;
	text = &m->text[holds(&m->text[0], addr - back) ? 0 : 1];
	symbol = nearest(m, text, addr - back);
	name = symbol ? m->strings + symbol->name : NULL;
	if (!name)
		snprintf(buf, size, "0x%llx [%s]", (unsigned long long)(addr - text->start),
			 m->name);
	else if (addr == symbol->addr)
		snprintf(buf, size, "%s [%s]", name, m->name);
	else
		snprintf(buf, size, "%s+0x%llx [%s]", name,
			 (unsigned long long)(addr - symbol->addr), m->name);
	for (char *c = buf; *c; c++)
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
	return buf;
}
