/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * strbuf.c - a growing buffer, and the formats that are written most often
 */
#include "render/out/strbuf.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

/* Bytes that are collected before the sink is called; small enough to stay in cache. */
#define SINK_CHUNK (256 * 1024)

void strbuf_init(struct strbuf *sb, FILE *sink)
{
	*sb = (struct strbuf){ .sink = sink };
}

void strbuf_deinit(struct strbuf *sb)
{
	free(sb->data);
	*sb = (struct strbuf){ 0 };
}

static void drain(struct strbuf *sb)
{
	if (sb->error || !sb->sink || !sb->len)
		return;
	errno = 0;
	if (fwrite(sb->data, 1, sb->len, sb->sink) != sb->len)
		sb->error = errno ? errno : EIO;
	sb->len = 0;
}

int strbuf_flush(struct strbuf *sb)
{
	drain(sb);
	if (!sb->error && sb->sink && fflush(sb->sink))
		sb->error = errno ? errno : EIO;
	if (!sb->error)
		return 0;
	errno = sb->error;
	return -1;
}

char *strbuf_room(struct strbuf *sb, size_t n)
{
	size_t cap;
	char *data;

	if (sb->error)
		return NULL;
	if (sb->sink && sb->len >= SINK_CHUNK) {
		drain(sb);
		if (sb->error)
			return NULL;
	}
	if (n <= sb->cap - sb->len)
		return sb->data + sb->len;

	if (n > SIZE_MAX / 4 || sb->len > SIZE_MAX / 4) {
		sb->error = ENOMEM;
		return NULL;
	}
	cap = sb->cap ? sb->cap : 256;
	if (sb->sink && cap < SINK_CHUNK + 4096)
		cap = SINK_CHUNK + 4096;
	while (cap - sb->len < n)
		cap *= 2;
	data = realloc(sb->data, cap);
	if (!data) {
		sb->error = ENOMEM;
		return NULL;
	}
	sb->data = data;
	sb->cap = cap;
	return data + sb->len;
}

void strbuf_write_more(struct strbuf *sb, const void *bytes, size_t n)
{
	char *to;

	if (!n)
		return;
	to = strbuf_room(sb, n);
	if (!to)
		return;
	memcpy(to, bytes, n);
	sb->len += n;
}

void strbuf_fill(struct strbuf *sb, char c, size_t n)
{
	char *to = n ? strbuf_room(sb, n) : NULL;

	if (!to)
		return;
	memset(to, c, n);
	sb->len += n;
}

char *strbuf_put_decimal(char *to, uint64_t v)
{
	static const char pairs[] = "00010203040506070809101112131415161718192021222324"
				    "25262728293031323334353637383940414243444546474849"
				    "50515253545556575859606162636465666768697071727374"
				    "75767778798081828384858687888990919293949596979899";
	char digits[20];
	size_t at = sizeof(digits);

	while (v >= 100) {
		at -= 2;
		memcpy(digits + at, pairs + v % 100 * 2, 2);
		v /= 100;
	}
	if (v >= 10) {
		at -= 2;
		memcpy(digits + at, pairs + v * 2, 2);
	} else {
		digits[--at] = (char)('0' + v);
	}
	memcpy(to, digits + at, sizeof(digits) - at);
	return to + sizeof(digits) - at;
}

void strbuf_u64(struct strbuf *sb, uint64_t v)
{
	char *to = strbuf_room(sb, 20);

	if (to)
		sb->len = (size_t)(strbuf_put_decimal(to, v) - sb->data);
}

void strbuf_i64(struct strbuf *sb, int64_t v)
{
	if (v < 0)
		strbuf_putc(sb, '-');
	strbuf_u64(sb, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

void strbuf_hex(struct strbuf *sb, uint64_t v, unsigned digits)
{
	static const char hex[] = "0123456789abcdef";
	char out[18] = "0x";
	unsigned needed = 1;

	while (needed < 16 && v >> (needed * 4))
		needed++;
	if (digits > 16)
		digits = 16;
	if (needed < digits)
		needed = digits;
	for (unsigned i = 0; i < needed; i++)
		out[2 + i] = hex[v >> ((needed - 1 - i) * 4) & 15];
	strbuf_write(sb, out, 2 + needed);
}

void strbuf_bit_list(struct strbuf *sb, const uint8_t *bits, uint64_t nr)
{
	bool first = true;

	for (uint64_t bit = 0, from; bit < nr; bit++) {
		for (from = bit; bit < nr && bits[bit / 8] >> bit % 8 & 1;)
			bit++;
		if (bit == from)
			continue;
		if (!first)
			strbuf_putc(sb, ',');
		first = false;
		strbuf_u64(sb, from);
		if (bit - from > 1) {
			strbuf_putc(sb, '-');
			strbuf_u64(sb, bit - 1);
		}
	}
}

void strbuf_double(struct strbuf *sb, double v, unsigned bits)
{
	char out[40];

	for (int digits = bits == 32 ? 6 : 15; digits <= 17; digits++) {
		snprintf(out, sizeof(out), "%.*g", digits, v);
		if (bits == 32 ? (double)strtof(out, NULL) == v : strtod(out, NULL) == v)
			break;
	}
	/* the caller's locale may have another decimal point */
	for (char *c = out; *c; c++)
		if (!strchr("0123456789+-einfa.", *c))
			*c = '.';
	strbuf_puts(sb, out);
}

void strbuf_printf(struct strbuf *sb, const char *fmt, ...)
{
	va_list ap;
	char *to;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	to = strbuf_room(sb, (size_t)n + 1);
	if (!to)
		return;
	va_start(ap, fmt);
	vsnprintf(to, (size_t)n + 1, fmt, ap);
	va_end(ap);
	sb->len += (size_t)n;
}

const char *strbuf_str(struct strbuf *sb)
{
	char *end = strbuf_room(sb, 1);

	if (!end)
		return "";
	*end = '\0';
	return sb->data;
}
