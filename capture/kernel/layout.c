/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * layout.c - finds the members and symbols of layout.h in one kernel's BTF and kallsyms
 */
#include <string.h>

#include "capture/kernel/layout.h"

static const struct {
	const char *owner;
	const char *path;
	const char *name;
} members[LAYOUT_NR_MEMBERS] = {
#define X(s, id, p) { .owner = #s, .path = p, .name = #s "." p },
	LAYOUT_MEMBERS(X)
#undef X
};

static const struct {
	const char *name;
	unsigned size;
} symbols_read[LAYOUT_NR_SYMBOLS] = {
#define X(n, s) { .name = #n, .size = s },
	LAYOUT_SYMBOLS(X)
#undef X
};

const char *layout_member_name(enum layout_member m)
{
	return members[m].name;
}

const char *layout_symbol_name(enum layout_symbol s)
{
	return symbols_read[s].name;
}

unsigned layout_symbol_size(enum layout_symbol s)
{
	return symbols_read[s].size;
}

void layout_find_symbols(struct layout *layout, const struct symbols *symbols)
{
	struct symbol_want wants[LAYOUT_NR_SYMBOLS];

	for (int s = 0; s < LAYOUT_NR_SYMBOLS; s++)
		wants[s] = (struct symbol_want){ .name = symbols_read[s].name };
	symbols_find(symbols, wants, LAYOUT_NR_SYMBOLS);
	for (int s = 0; s < LAYOUT_NR_SYMBOLS; s++)
		layout->symbol[s] = wants[s].addr;
}

void layout_find_members(struct layout *layout, const struct types *types)
{
	const char *owner = "";
	uint32_t id = 0;

	for (int m = 0; m < LAYOUT_NR_MEMBERS; m++) {
		if (strcmp(owner, members[m].owner)) { /* rows of one struct are adjacent */
			owner = members[m].owner;
			id = types_find(types, owner, BTF_KIND_STRUCT);
		}
		layout->member[m] =
			id ? types_member(types, id, members[m].path) : (struct member){ 0 };
	}
}
