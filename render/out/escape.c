/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * escape.c - makes bytes of the guest safe for a terminal and for JSON
 */
#include "render/out/escape.h"

static const char hex[] = "0123456789abcdef";

/* Length in bytes of the well-formed UTF-8 character at `s`, 0 if there is none. */
static size_t utf8_decode(const char *s, size_t len, uint32_t *cp)
{
	const unsigned char *b = (const unsigned char *)s;
	size_t need;
	uint32_t v, least;

	if (!len)
		return 0;
	if (b[0] < 0x80) {
		*cp = b[0];
		return 1;
	}
	if (b[0] >= 0xc2 && b[0] <= 0xdf) {
		need = 2;
		least = 0x80;
		v = b[0] & 0x1f;
	} else if (b[0] >= 0xe0 && b[0] <= 0xef) {
		need = 3;
		least = 0x800;
		v = b[0] & 0x0f;
	} else if (b[0] >= 0xf0 && b[0] <= 0xf4) {
		need = 4;
		least = 0x10000;
		v = b[0] & 0x07;
	} else {
		return 0;
	}
	if (len < need)
		return 0;
	for (size_t i = 1; i < need; i++) {
		if ((b[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (b[i] & 0x3f);
	}
	/* overlong forms, surrogates and numbers beyond Unicode are not UTF-8 */
	if (v < least || (v >= 0xd800 && v <= 0xdfff) || v > 0x10ffff)
		return 0;
	*cp = v;
	return need;
}

/* Characters that act on a terminal or on the text around them. */
static bool acts(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp <= 0x9f) || cp == 0xad ||
	       (cp >= 0x200b && cp <= 0x200f) || (cp >= 0x2028 && cp <= 0x202e) ||
	       (cp >= 0x2060 && cp <= 0x206f) || cp == 0xfeff || (cp >= 0xfff9 && cp <= 0xfffb) ||
	       (cp >= 0xe0000 && cp <= 0xe0fff);
}

static void put_byte(struct strbuf *sb, unsigned char b)
{
	const char out[] = { '\\', 'x', hex[b >> 4], hex[b & 15] };

	strbuf_write(sb, out, sizeof(out));
}

void escape_text(struct strbuf *sb, const char *s, size_t len, bool quoted)
{
	size_t plain = 0, i = 0;

	while (i < len) {
		uint32_t cp = 0;
		size_t n = utf8_decode(s + i, len - i, &cp);

		if (n && !acts(cp) && !(quoted && (cp == '"' || cp == '\\'))) {
			i += n;
			continue;
		}
		strbuf_write(sb, s + plain, i - plain);
		if (!n || (cp < 0x80 && cp != '\n' && cp != '\t' && cp != '"' && cp != '\\'))
			put_byte(sb, (unsigned char)s[i]);
		else if (cp == '\n')
			strbuf_puts(sb, "\\n");
		else if (cp == '\t')
			strbuf_puts(sb, "\\t");
		else if (cp < 0x80)
			strbuf_printf(sb, "\\%c", (int)cp);
		else
			strbuf_printf(sb, "\\u{%x}", (unsigned)cp);
		i += n ? n : 1;
		plain = i;
	}
	strbuf_write(sb, s + plain, len - plain);
}

void escape_json(struct strbuf *sb, const char *s, size_t len)
{
	size_t plain = 0, i = 0;

	while (i < len) {
		unsigned char b = (unsigned char)s[i];
		uint32_t cp = 0;
		size_t n;

		if (b >= 0x20 && b < 0x7f && b != '"' && b != '\\') {
			i++;
			continue;
		}
		n = utf8_decode(s + i, len - i, &cp);
		if (n > 1 && !acts(cp)) {
			i += n;
			continue;
		}
		strbuf_write(sb, s + plain, i - plain);
		if (!n) {
			/* not a character: shown as the text \xNN */
			strbuf_putc(sb, '\\');
			put_byte(sb, b);
		} else if (cp == '"' || cp == '\\') {
			strbuf_putc(sb, '\\');
			strbuf_putc(sb, (char)cp);
		} else if (cp == '\n') {
			strbuf_puts(sb, "\\n");
		} else if (cp == '\t') {
			strbuf_puts(sb, "\\t");
		} else if (cp < 0x10000) {
			strbuf_printf(sb, "\\u%04x", (unsigned)cp);
		} else {
			cp -= 0x10000;
			strbuf_printf(sb, "\\u%04x\\u%04x", 0xd800 + (unsigned)(cp >> 10),
				      0xdc00 + (unsigned)(cp & 0x3ff));
		}
		i += n ? n : 1;
		plain = i;
	}
	strbuf_write(sb, s + plain, len - plain);
}

static unsigned columns_of(uint32_t cp)
{
	/* combining marks take no column of their own */
	if ((cp >= 0x300 && cp <= 0x36f) || (cp >= 0x20d0 && cp <= 0x20ff) ||
	    (cp >= 0xfe00 && cp <= 0xfe0f))
		return 0;
	if ((cp >= 0x1100 && cp <= 0x115f) || (cp >= 0x2e80 && cp <= 0xa4cf) ||
	    (cp >= 0xac00 && cp <= 0xd7a3) || (cp >= 0xf900 && cp <= 0xfaff) ||
	    (cp >= 0xfe30 && cp <= 0xfe6f) || (cp >= 0xff00 && cp <= 0xff60) ||
	    (cp >= 0xffe0 && cp <= 0xffe6) || (cp >= 0x1f300 && cp <= 0x1faff) ||
	    (cp >= 0x20000 && cp <= 0x3fffd))
		return 2;
	return 1;
}

size_t utf8_display_width(const char *s, size_t len)
{
	size_t width = 0;

	for (size_t i = 0; i < len;) {
		uint32_t cp = 0;
		size_t n = utf8_decode(s + i, len - i, &cp);

		width += n ? columns_of(cp) : 1;
		i += n ? n : 1;
	}
	return width;
}
