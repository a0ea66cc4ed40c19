/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * leaf.h - values without parts as short texts: numbers, enumerators, pointers, strings
 *
 * Text of the guest is escaped.
 */
#ifndef RENDER_VALUE_LEAF_H
#define RENDER_VALUE_LEAF_H

#include <scxray/value.h>

#include "render/out/strbuf.h"

void leaf_scalar(struct strbuf *sb, const struct scxray_scalar *s);
/* Adds " (comm)" and the like where the member of this name (or NULL) is known to mean something. */
struct scxray_report;
void number_join(struct strbuf *sb, const struct scxray_report *r, const char *member,
		 const struct scxray_scalar *s);
bool leaf_is_zero(const struct scxray_scalar *s);

/* "0x...", and what is known of its target */
void leaf_pointer(struct strbuf *sb, const struct scxray_scalar *s);

/* A run of 8-bit integers as "..."; false, with nothing written, where it is not text. */
bool leaf_string(struct strbuf *sb, const struct scxray_bytes *b);

bool bytes_are_zero(const uint8_t *bytes, uint64_t len);

#endif
