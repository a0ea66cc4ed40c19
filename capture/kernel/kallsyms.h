/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kallsyms.h - the symbol tables, which struct symbols keeps compressed, as the kernel has them
 */
#ifndef CAPTURE_KALLSYMS_H
#define CAPTURE_KALLSYMS_H

#include "capture/kernel/symbols.h"

#define KALLSYMS_BANNER "linux_banner"

/*
 * Reads the tables at `where` into `s`, which is all zeroes, and verifies them.  0, or -1 with *err: then
 * the caller frees what there is.
 */
int kallsyms_load(struct symbols *s, struct guest *g, const struct kallsyms_where *where,
		  struct scxray_error *err);

/* The part of kallsyms_load() that reads the names; s->nr and the tokens must be set. */
int kallsyms_read_names(struct symbols *s, struct guest *g, const struct kallsyms_where *where,
			struct scxray_error *err);

/* The name of symbol `index`, below s->nr, without the type letter, cut to size - 1. */
void kallsyms_name(const struct symbols *s, uint32_t index, char *buf, size_t size);

/* Sets each want's index: the first symbol with its name; s->nr if there is none. */
void kallsyms_find(const struct symbols *s, struct symbol_want *wants, size_t nr);

/* The address of symbol `index`, below s->nr. */
static inline uint64_t kallsyms_addr(const struct symbols *s, uint32_t index)
{
	int32_t value = s->offset[index];

	switch (s->encoding) {
	case KALLSYMS_PLACE_RELATIVE:
		return s->offsets_kva + 4ULL * index + (uint64_t)(int64_t)value;
	case KALLSYMS_BASE_RELATIVE:
		return s->relative_base + (uint32_t)value;
	case KALLSYMS_ABSOLUTE_PERCPU:
	default:
		return value >= 0 ? (uint64_t)value
				  : s->relative_base - 1 - (uint64_t)(int64_t)value;
	}
}

#endif
