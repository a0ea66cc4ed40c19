/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kallsyms.h - the tables that struct symbols keeps as the kernel has them: compressed
 */
#ifndef CAPTURE_KALLSYMS_H
#define CAPTURE_KALLSYMS_H

#include "capture/kernel/symbols.h"

#define KALLSYMS_MARKER_STEP 64 /* names from one place in symbols.marker to the next */

/*
 * Reads the tables at `where` into `s`, which is all zeroes, and verifies them.  0, or -1 with *err: then
 * the caller frees what there is.
 */
int kallsyms_load(struct symbols *s, struct guest *g, const struct kallsyms_where *where,
		  struct scxray_error *err);

/* The compressed name at *at, which goes on to the next: *nr tokens.  False at the table's end. */
bool kallsyms_next(const struct symbols *s, size_t *at, const uint8_t **tokens, size_t *nr);

/* Expands into `buf` without the type letter; returns the length, cut to size - 1. */
size_t kallsyms_expand(const struct symbols *s, const uint8_t *tokens, size_t nr, char *buf,
		       size_t size);

#endif
