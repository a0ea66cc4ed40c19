/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kallsyms_builder.h - kallsyms tables as scripts/kallsyms.c would write them
 */
#ifndef TESTS_KALLSYMS_BUILDER_H
#define TESTS_KALLSYMS_BUILDER_H

#include <stddef.h>
#include <stdint.h>

#include "capture/kernel/symbols.h"

struct kallsyms_symbol {
	const char *name;
	uint64_t addr;
	char type; /* 0 counts as 'T' */
};

struct kallsyms_options {
	enum kallsyms_encoding encoding;
	unsigned align;		/* of each table: 8 up to 6.x, 4 in 7.x; 0 counts as 8 */
	uint64_t relative_base; /* not for place-relative tables, which have none */
};

struct kallsyms_tables {
	uint8_t *bytes; /* malloc()ed */
	size_t size;
	uint64_t va; /* of bytes[0] */
	struct kallsyms_where where;
	uint64_t markers_va, seqs_va;
	uint64_t relative_base_va; /* where the base itself is; 0: none */
};

/* The tables for `va`, which is a multiple of 16. */
struct kallsyms_tables kallsyms_build(uint64_t va, const struct kallsyms_symbol *symbols,
				      uint32_t nr, struct kallsyms_options options);

/* The byte at the virtual address `va` within the tables. */
uint8_t *kallsyms_at(const struct kallsyms_tables *tables, uint64_t va);

#endif
