/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * escape.h - guest bytes made safe for where they go
 *
 * Guest text may hold anything: terminal escapes, half a UTF-8 sequence,
 * characters that turn the reading direction.  What is valid UTF-8 and harmless
 * passes; every other byte becomes `\xNN`, every other character `\u{N}`.
 */
#ifndef RENDER_ESCAPE_H
#define RENDER_ESCAPE_H

#include <stdbool.h>

#include "render/out/strbuf.h"

/* Length in bytes of the well-formed UTF-8 character at `s`, 0 if there is none. */
size_t utf8_decode(const char *s, size_t len, uint32_t *cp);

/*
 * Plain text: newlines, tabs and other controls escaped, a single line comes out.
 * `quoted`: for between double quotes, so `"` and `\` are escaped as well.
 */
void escape_text(struct strbuf *sb, const char *s, size_t len, bool quoted);

/* The inside of a JSON string. */
void escape_json(struct strbuf *sb, const char *s, size_t len);

/* Terminal columns that valid UTF-8 takes (escape sequences are not known here). */
size_t display_width(const char *s, size_t len);

#endif
