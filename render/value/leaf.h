/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * leaf.h - what has no parts, as a short text: numbers, enumerators,
 * pointers, strings
 *
 * What comes from the guest is escaped.
 */
#ifndef RENDER_VALUE_LEAF_H
#define RENDER_VALUE_LEAF_H

#include <scxray/value.h>

#include "render/out/strbuf.h"

void leaf_scalar(struct strbuf *sb, const struct scxray_scalar *s);
bool leaf_is_zero(const struct scxray_scalar *s);

/* "0x...", and what is known of where it leads. */
void leaf_pointer(struct strbuf *sb, const struct scxray_scalar *s);

/* A run of 8-bit integers as "..."; false, and nothing written, where it does not read as text. */
bool leaf_string(struct strbuf *sb, const struct scxray_bytes *b);

bool bytes_are_zero(const uint8_t *bytes, uint64_t len);

#endif
