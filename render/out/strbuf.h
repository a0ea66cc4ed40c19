/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * strbuf.h - a growing buffer of output bytes
 *
 * The only place where render allocates memory for text. The first error (no memory, a
 * failed write) is kept in `error`; all later calls then do nothing, so callers check once,
 * at the end.
 */
#ifndef RENDER_STRBUF_H
#define RENDER_STRBUF_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct strbuf {
	char *data; /* not NUL-terminated: see strbuf_str() */
	size_t len;
	size_t cap;
	FILE *sink; /* gets the bytes whenever enough are collected; NULL: they stay in the buffer */
	int error;  /* errno of the first failure, 0 if there was none */
};

void strbuf_init(struct strbuf *sb, FILE *sink);
void strbuf_deinit(struct strbuf *sb);

/* Writes everything to the sink. 0, or -1 with errno set from sb->error. */
int strbuf_flush(struct strbuf *sb);

/* Room for `n` more bytes after `len`; NULL on error. The caller adds to `len`. */
char *strbuf_room(struct strbuf *sb, size_t n);

/* strbuf_write() where there is no room yet. */
void strbuf_write_more(struct strbuf *sb, const void *bytes, size_t n);
void strbuf_fill(struct strbuf *sb, char c, size_t n);
void strbuf_u64(struct strbuf *sb, uint64_t v);
/* Writes at most 20 decimal digits to `to`; returns their end. */
char *strbuf_put_decimal(char *to, uint64_t v);
void strbuf_i64(struct strbuf *sb, int64_t v);
/* "0x" and at least `digits` hex digits. */
void strbuf_hex(struct strbuf *sb, uint64_t v, unsigned digits);
/* Which of `nr` bits are set, bit i at bits[i / 8]: "0-3,5"; nothing where none is. */
void strbuf_bit_list(struct strbuf *sb, const uint8_t *bits, uint64_t nr);
/* Shortest decimal form that reads back as the same number of 32 or 64 bits, in any locale. */
void strbuf_double(struct strbuf *sb, double v, unsigned bits);
void strbuf_printf(struct strbuf *sb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The contents as a C string; "" on error.  Valid until the next call. */
const char *strbuf_str(struct strbuf *sb);

/* The end of a noun that is counted. */
static inline const char *plural_s(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static inline void strbuf_write(struct strbuf *sb, const void *bytes, size_t n)
{
	if (n && n <= sb->cap - sb->len) {
		memcpy(sb->data + sb->len, bytes, n);
		sb->len += n;
	} else {
		strbuf_write_more(sb, bytes, n);
	}
}

static inline void strbuf_putc(struct strbuf *sb, char c)
{
	if (sb->len < sb->cap)
		sb->data[sb->len++] = c;
	else
		strbuf_write(sb, &c, 1);
}

static inline void strbuf_puts(struct strbuf *sb, const char *s)
{
	strbuf_write(sb, s, strlen(s));
}

#endif
