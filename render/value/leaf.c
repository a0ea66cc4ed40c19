/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * leaf.c - values without parts as short texts
 */
#include <string.h>
#include <scxray/task.h>

#include "render/value/leaf.h"

#include "render/out/escape.h"

/* Writes a 128-bit number in decimal. */
static void put_128(struct strbuf *sb, uint64_t lo, uint64_t hi, bool is_signed)
{
	unsigned __int128 v = (unsigned __int128)hi << 64 | lo;
	char digits[40];
	size_t at = sizeof(digits);

	if (is_signed && hi >> 63) {
		strbuf_putc(sb, '-');
		v = -v;
	}
	do {
		digits[--at] = (char)('0' + (unsigned)(v % 10));
		v /= 10;
	} while (v);
	strbuf_write(sb, digits + at, sizeof(digits) - at);
}

static void put_enum(struct strbuf *sb, const struct scxray_scalar *s)
{
	const char *name = s->name ? s->name : s->flags;

	if (name)
		escape_text(sb, name, strlen(name), false);
	if (s->flags)
		return;
	strbuf_puts(sb, name ? " (" : "");
	if (s->is_signed)
		strbuf_i64(sb, (int64_t)s->lo);
	else
		strbuf_u64(sb, s->lo);
	strbuf_puts(sb, name ? ")" : "");
}

static bool put_task(struct strbuf *sb, const struct scxray_task *task)
{
	if (!task || task->comm.state != SCXRAY_PRESENT)
		return false;
	strbuf_puts(sb, " (");
	escape_text(sb, task->comm.bytes, task->comm.len, false);
	strbuf_printf(sb, "[%lld])", (long long)task->pid.value);
	return true;
}

void leaf_pointer(struct strbuf *sb, const struct scxray_scalar *s)
{
	strbuf_hex(sb, s->lo, 1);
	if (s->label) {
		strbuf_puts(sb, " → ");
		escape_text(sb, s->label, strlen(s->label), false);
	} else if (put_task(sb, s->task)) {
		/* the name is enough */
	} else if (s->symbol) {
		strbuf_puts(sb, " (");
		escape_text(sb, s->symbol, strlen(s->symbol), false);
		strbuf_putc(sb, ')');
	} else if (s->lo > UINT64_MAX - 4095) {
		strbuf_printf(sb, " (error %lld)", (long long)s->lo);
	}
	if (!s->skipped)
		return;
	if (!strcmp(s->skipped, "cycle")) {
		strbuf_puts(sb, " [cycle]");
	} else {
		strbuf_puts(sb, " [chase: ");
		escape_text(sb, s->skipped, strlen(s->skipped), false);
		strbuf_putc(sb, ']');
	}
}

void leaf_scalar(struct strbuf *sb, const struct scxray_scalar *s)
{
	switch (s->kind) {
	case SCXRAY_SCALAR_INT:
	case SCXRAY_SCALAR_UINT:
		if (s->bits > 64)
			put_128(sb, s->lo, s->hi, s->is_signed);
		else if (s->is_signed)
			strbuf_i64(sb, (int64_t)s->lo);
		else if (s->task && s->bits == 64) /* its address */
			strbuf_hex(sb, s->lo, 1);
		else
			strbuf_u64(sb, s->lo);
		put_task(sb, s->task);
		break;
	case SCXRAY_SCALAR_BOOL:
		strbuf_puts(sb, s->lo || s->hi ? "true" : "false");
		break;
	case SCXRAY_SCALAR_CHAR:
		if (s->lo >= 0x20 && s->lo <= 0x7e)
			strbuf_printf(sb, "'%c'", (int)s->lo);
		else
			strbuf_hex(sb, s->lo, 2);
		break;
	case SCXRAY_SCALAR_FLOAT:
		strbuf_double(sb, s->real, s->bits);
		break;
	case SCXRAY_SCALAR_ENUM:
		put_enum(sb, s);
		break;
	case SCXRAY_SCALAR_PTR:
		leaf_pointer(sb, s);
		break;
	}
}

bool leaf_is_zero(const struct scxray_scalar *s)
{
	return s->kind == SCXRAY_SCALAR_FLOAT ? s->real == 0 : !s->lo && !s->hi;
}

bool bytes_are_zero(const uint8_t *bytes, uint64_t len)
{
	/* the first is, and each is as the one before it: memcmp(3) takes 32 at a time */
	return !len || (!bytes[0] && !memcmp(bytes, bytes + 1, len - 1));
}

/* True if a run of 8-bit integers is text. A run of `char` is, unless it is binary data. */
static bool is_text(const struct scxray_bytes *b, uint64_t text)
{
	uint64_t odd = 0;

	if (!text)
		return b->is_char && b->len == b->declared && bytes_are_zero(b->bytes, b->len);
	if (!b->is_char && (text < 4 || text == b->len))
		return false;
	for (uint64_t i = 0; i < text; i++)
		odd += (b->bytes[i] < 0x20 && b->bytes[i] != '\n' && b->bytes[i] != '\t') ||
		       b->bytes[i] == 0x7f || (!b->is_char && b->bytes[i] > 0x7e);
	if (b->is_char)
		return odd * 4 <= text;
	return !odd && bytes_are_zero(b->bytes + text, b->len - text);
}

bool leaf_string(struct strbuf *sb, const struct scxray_bytes *b)
{
	uint64_t text = b->len ? strnlen((const char *)b->bytes, b->len) : 0;

	if (!is_text(b, text))
		return false;
	strbuf_putc(sb, '"');
	escape_text(sb, (const char *)b->bytes, text, true);
	strbuf_putc(sb, '"');
	/* only a part is shown, and no NUL ended it */
	if (text == b->len && b->len < b->declared)
		strbuf_printf(sb, " +%llu bytes", (unsigned long long)(b->declared - b->len));
	return true;
}
