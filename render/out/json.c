/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json.c - the JSON writer: commas, nesting, line breaks, numbers
 */
#include "render/out/json.h"

#include <assert.h>
#include <math.h>

#include "render/out/escape.h"

void json_init(struct json *j, FILE *sink, unsigned line_depth)
{
	memset(j, 0, sizeof(*j));
	strbuf_init(&j->out, sink);
	j->line_depth = line_depth;
}

int json_finish(struct json *j)
{
	int ret;

	assert(j->out.error || (!j->depth && !j->after_key));
	ret = strbuf_flush(&j->out);
	strbuf_deinit(&j->out);
	return ret;
}

static void newline(struct json *j, unsigned depth)
{
	strbuf_putc(&j->out, '\n');
	strbuf_fill(&j->out, ' ', depth);
}

/* Writes what comes before a member of the innermost container: a comma, a line break. */
static void separate(struct json *j)
{
	if (!j->depth)
		return;
	if (j->has_member[j->depth - 1])
		strbuf_putc(&j->out, ',');
	j->has_member[j->depth - 1] = true;
	if (j->depth <= j->line_depth)
		newline(j, j->depth);
}

static void before_value(struct json *j)
{
	if (j->out.error)
		return;
	if (j->after_key) {
		j->after_key = false;
		return;
	}
	assert(!j->depth || !j->is_object[j->depth - 1]);
	separate(j);
}

static void begin(struct json *j, bool object)
{
	if (j->out.error)
		return;
	before_value(j);
	assert(j->depth < JSON_MAX_DEPTH);
	j->is_object[j->depth] = object;
	j->has_member[j->depth] = false;
	j->depth++;
	strbuf_putc(&j->out, object ? '{' : '[');
}

/* After a failed write walks stop at once: containers stay open, and nothing is checked. */
static void end(struct json *j, bool object)
{
	if (j->out.error)
		return;
	assert(j->depth && j->is_object[j->depth - 1] == object && !j->after_key);
	j->depth--;
	if (j->has_member[j->depth] && j->depth + 1 <= j->line_depth)
		newline(j, j->depth);
	strbuf_putc(&j->out, object ? '}' : ']');
}

void json_object(struct json *j)
{
	begin(j, true);
}

void json_object_end(struct json *j)
{
	end(j, true);
}

void json_array(struct json *j)
{
	begin(j, false);
}

void json_array_end(struct json *j)
{
	end(j, false);
}

void json_key_n(struct json *j, const char *key, size_t len)
{
	char *to;

	if (j->out.error)
		return;
	assert(j->depth && j->is_object[j->depth - 1] && !j->after_key);
	separate(j);
	j->after_key = true;
	to = strbuf_room(&j->out, len + 3);
	if (!to)
		return;
	to[0] = '"';
	memcpy(to + 1, key, len);
	to[len + 1] = '"';
	to[len + 2] = ':';
	j->out.len += len + 3;
}

void json_key_escaped(struct json *j, const char *key)
{
	if (j->out.error)
		return;
	assert(j->depth && j->is_object[j->depth - 1] && !j->after_key);
	separate(j);
	j->after_key = true;
	strbuf_putc(&j->out, '"');
	escape_json(&j->out, key, strlen(key));
	strbuf_write(&j->out, "\":", 2);
}

void json_null(struct json *j)
{
	before_value(j);
	strbuf_write(&j->out, "null", 4);
}

void json_bool(struct json *j, bool v)
{
	before_value(j);
	strbuf_puts(&j->out, v ? "true" : "false");
}

void json_u64(struct json *j, uint64_t v)
{
	before_value(j);
	strbuf_u64(&j->out, v);
}

void json_i64(struct json *j, int64_t v)
{
	before_value(j);
	strbuf_i64(&j->out, v);
}

void json_double(struct json *j, double v, unsigned bits)
{
	if (isnan(v)) {
		json_string(j, "nan");
	} else if (isinf(v)) {
		json_string(j, v < 0 ? "-inf" : "inf");
	} else {
		before_value(j);
		strbuf_double(&j->out, v, bits);
	}
}

void json_string_n(struct json *j, const char *s, size_t len)
{
	before_value(j);
	strbuf_putc(&j->out, '"');
	escape_json(&j->out, s, len);
	strbuf_putc(&j->out, '"');
}

char *json_room(struct json *j, size_t n)
{
	before_value(j);
	return strbuf_room(&j->out, n);
}

void json_addr(struct json *j, uint64_t addr)
{
	before_value(j);
	strbuf_putc(&j->out, '"');
	strbuf_hex(&j->out, addr, 16);
	strbuf_putc(&j->out, '"');
}

void json_bytes(struct json *j, const uint8_t *bytes, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	char *to;

	before_value(j);
	strbuf_putc(&j->out, '"');
	to = len ? strbuf_room(&j->out, len * 2) : NULL;
	if (to) {
		for (size_t i = 0; i < len; i++) {
			*to++ = hex[bytes[i] >> 4];
			*to++ = hex[bytes[i] & 15];
		}
		j->out.len += len * 2;
	}
	strbuf_putc(&j->out, '"');
}

void json_base64(struct json *j, const uint8_t *bytes, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				     "0123456789+/";
	size_t n = (len + 2) / 3 * 4;
	char *to;

	before_value(j);
	strbuf_putc(&j->out, '"');
	to = len ? strbuf_room(&j->out, n) : NULL;
	for (size_t i = 0; to && i < len; i += 3) {
		uint32_t v = (uint32_t)bytes[i] << 16;

		if (i + 1 < len)
			v |= (uint32_t)bytes[i + 1] << 8;
		if (i + 2 < len)
			v |= bytes[i + 2];
		*to++ = digits[v >> 18];
		*to++ = digits[v >> 12 & 63];
		*to++ = i + 1 < len ? digits[v >> 6 & 63] : '=';
		*to++ = i + 2 < len ? digits[v & 63] : '=';
	}
	if (to)
		j->out.len += n;
	strbuf_putc(&j->out, '"');
}

void json_unreadable(struct json *j, uint64_t addr, const char *reason)
{
	json_object(j);
	json_key(j, "kind");
	json_string(j, "unreadable");
	json_key(j, "addr");
	json_addr(j, addr);
	json_key(j, "reason");
	json_string(j, reason ? reason : "not known");
	json_object_end(j);
}

void json_opt_string(struct json *j, const char *key, const char *s)
{
	if (!s)
		return;
	json_key(j, key);
	json_string(j, s);
}
