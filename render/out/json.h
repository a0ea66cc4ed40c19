/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json.h - a streaming JSON writer
 *
 * The writer adds commas and nesting; a caller opens and closes containers, names keys and
 * gives values. Integers are exact to 64 bits. Strings may hold any bytes (escape.h). An
 * error is kept in the buffer and returned by json_finish(). A call against JSON's grammar
 * (a value without a key, an end without a begin) is a bug of the caller and asserted.
 */
#ifndef RENDER_JSON_H
#define RENDER_JSON_H

#include <stdbool.h>

#include <scxray/render.h>

#include "render/out/strbuf.h"

/* Deeper than any value walk (depth 64, five levels each) plus the report around it. */
#define JSON_MAX_DEPTH 512

struct json {
	struct strbuf out;
	unsigned depth;
	unsigned line_depth; /* in containers up to this depth each member has its own line */
	bool has_member[JSON_MAX_DEPTH];
	bool is_object[JSON_MAX_DEPTH];
	bool after_key;
	enum scxray_json_form form; /* of values whose form BTF decides */
};

void json_init(struct json *j, FILE *sink, unsigned line_depth);
/* Flushes and frees the buffer.  0, or -1 with errno. */
int json_finish(struct json *j);

void json_object(struct json *j);
void json_object_end(struct json *j);
void json_array(struct json *j);
void json_array_end(struct json *j);

/* `key` is one of scxray's own names: printable ASCII that needs no escapes. */
void json_key_n(struct json *j, const char *key, size_t len);
static inline void json_key(struct json *j, const char *key)
{
	json_key_n(j, key, strlen(key));
}
/* A key from the guest. */
void json_key_escaped(struct json *j, const char *key);

void json_null(struct json *j);
void json_bool(struct json *j, bool v);
void json_u64(struct json *j, uint64_t v);
void json_i64(struct json *j, int64_t v);
/* Not a number and infinities become the strings "nan", "inf", "-inf". */
void json_double(struct json *j, double v, unsigned bits);
void json_string_n(struct json *j, const char *s, size_t len);
static inline void json_string(struct json *j, const char *s)
{
	json_string_n(j, s, strlen(s));
}
/*
 * For values that are written a million times: room for `n` bytes of JSON. The caller
 * writes them and calls json_wrote(). NULL on error.
 */
char *json_room(struct json *j, size_t n);
static inline void json_wrote(struct json *j, const char *end)
{
	j->out.len = (size_t)(end - j->out.data);
}
/* "0x" and 16 digits, as a string. */
void json_addr(struct json *j, uint64_t addr);
/* Lower-case hex digits without separators, as a string. */
void json_bytes(struct json *j, const uint8_t *bytes, size_t len);
/* Base64 with its padding, as a string. */
void json_base64(struct json *j, const uint8_t *bytes, size_t len);
/* {"kind":"unreadable","addr":...,"reason":...} */
void json_unreadable(struct json *j, uint64_t addr, const char *reason);

/* A key and a string; nothing if `s` is NULL. */
void json_opt_string(struct json *j, const char *key, const char *s);

#endif
