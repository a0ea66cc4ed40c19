/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * escape.h - makes bytes of the guest safe for where they are written
 *
 * A text of the guest may hold anything: terminal escapes, half a UTF-8 sequence,
 * characters that reverse the reading direction. Valid, harmless UTF-8 is kept; every other
 * byte becomes `\xNN`, every other character `\u{N}`.
 */
#ifndef RENDER_ESCAPE_H
#define RENDER_ESCAPE_H

#include <stdbool.h>

#include "render/out/strbuf.h"

/*
 * Plain text on a single line: newlines, tabs and other control characters are escaped.
 * `quoted`: the text will be between double quotes, so `"` and `\` are escaped, too.
 */
void escape_text(struct strbuf *sb, const char *s, size_t len, bool quoted);

/* The inside of a JSON string. */
void escape_json(struct strbuf *sb, const char *s, size_t len);

/* The number of terminal columns that valid UTF-8 takes; escape sequences are not recognised. */
size_t utf8_display_width(const char *s, size_t len);

#endif
