/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * parse.c - from bytes to a tree of values (RFC 8259)
 *
 * Recursive, at most MAX_DEPTH deep: a report is some twenty deep, with values up to 160 more.
 */
#include "reader/parse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 512

struct parser {
	struct json_tree *tree;
	const char *begin, *at, *end;
	unsigned depth;
	struct scxray_error *err;
	bool failed;
};

static struct json_value *fail(struct parser *p, const char *what)
{
	size_t line = 1;

	if (p->failed)
		return NULL;
	p->failed = true;
	for (const char *c = p->begin; c < p->at && c < p->end; c++)
		line += *c == '\n';
	scxray_fail(p->err, SCXRAY_ERR_INVALID, 0, "line %zu: %s", line, what);
	return NULL;
}

static void skip_blanks(struct parser *p)
{
	while (p->at < p->end &&
	       (*p->at == ' ' || *p->at == '\n' || *p->at == '\t' || *p->at == '\r'))
		p->at++;
}

static bool take(struct parser *p, char c)
{
	skip_blanks(p);
	if (p->at == p->end || *p->at != c)
		return false;
	p->at++;
	return true;
}

static struct json_value *new_value(struct parser *p, enum json_kind kind)
{
	struct json_value *value = doc_alloc(p->tree, sizeof(*value));

	if (!value)
		return fail(p, "no memory for it");
	*value = (struct json_value){ .kind = kind };
	return value;
}

/* ---- strings ---------------------------------------------------------------- */

static int hex4(struct parser *p)
{
	int value = 0;

	for (int i = 0; i < 4; i++, p->at++) {
		char c = p->at < p->end ? *p->at : '\0';

		if (c >= '0' && c <= '9')
			value = value * 16 + c - '0';
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			value = value * 16 + (c | 32) - 'a' + 10;
		else
			return -1;
	}
	return value;
}

static char *put_utf8(char *to, uint32_t c)
{
	if (c < 0x80) {
		*to++ = (char)c;
	} else if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
		*to++ = (char)(0x80 | (c & 63));
	} else if (c < 0x10000) {
		*to++ = (char)(0xe0 | c >> 12);
		*to++ = (char)(0x80 | (c >> 6 & 63));
		*to++ = (char)(0x80 | (c & 63));
	} else {
		*to++ = (char)(0xf0 | c >> 18);
		*to++ = (char)(0x80 | (c >> 12 & 63));
		*to++ = (char)(0x80 | (c >> 6 & 63));
		*to++ = (char)(0x80 | (c & 63));
	}
	return to;
}

/* After "\u"; NULL where it is no character. */
static char *unescape_u(struct parser *p, char *to)
{
	int high = hex4(p), low;

	if (high < 0 || (high >= 0xdc00 && high < 0xe000))
		return NULL;
	if (high < 0xd800 || high >= 0xe000)
		return put_utf8(to, (uint32_t)high);
	if (p->end - p->at < 2 || p->at[0] != '\\' || p->at[1] != 'u')
		return NULL;
	p->at += 2;
	low = hex4(p);
	if (low < 0xdc00 || low >= 0xe000)
		return NULL;
	return put_utf8(to, 0x10000 + ((uint32_t)(high - 0xd800) << 10) + (uint32_t)(low - 0xdc00));
}

static char *unescape(struct parser *p, char *to)
{
	static const char from[] = "\"\\/bfnrt", is[] = "\"\\/\b\f\n\r\t";
	const char *found;

	p->at++;
	if (p->at == p->end)
		return NULL;
	if (*p->at == 'u') {
		p->at++;
		return unescape_u(p, to);
	}
	found = strchr(from, *p->at);
	if (!found || !*p->at)
		return NULL;
	p->at++;
	*to++ = is[found - from];
	return to;
}

/* Length of the well-formed UTF-8 character at `at`, 0 if there is none. */
static size_t utf8_length(const char *at, const char *end)
{
	const unsigned char *s = (const unsigned char *)at;
	size_t n = *s < 0x80 ? 1 : *s >= 0xc2 && *s < 0xe0 ? 2 : (*s & 0xf0) == 0xe0 ? 3 : 0;

	if (!n && *s >= 0xf0 && *s < 0xf5)
		n = 4;
	if (!n || (size_t)(end - at) < n)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

/* The string whose quote is at p->at, NUL-terminated; NULL on an error. */
static const char *parse_text(struct parser *p, size_t *len)
{
	const char *close = p->at + 1;
	char *text, *to;

	while (close < p->end && *close != '"')
		close += *close == '\\' ? 2 : 1;
	if (close >= p->end) {
		fail(p, "a string does not end");
		return NULL;
	}
	/* what is unescaped is never longer */
	text = to = doc_alloc(p->tree, (size_t)(close - p->at));
	if (!text) {
		fail(p, "no memory for it");
		return NULL;
	}
	for (p->at++; to && p->at < close;) {
		size_t n = utf8_length(p->at, close);

		if (*p->at == '\\') {
			to = unescape(p, to);
			continue;
		}
		if (!n || (unsigned char)*p->at < 0x20)
			to = NULL;
		else
			to = mempcpy(to, p->at, n);
		p->at += n;
	}
	if (!to || p->at != close) {
		fail(p, "a string with a character that may not be in it");
		return NULL;
	}
	p->at = close + 1;
	*to = '\0';
	*len = (size_t)(to - text);
	return text;
}

/* ---- numbers ------------------------------------------------------------------ */

static const char *skip_digits(const char *at, const char *end)
{
	while (at < end && *at >= '0' && *at <= '9')
		at++;
	return at;
}

/* The end of a number by JSON's grammar, NULL where there is none. */
static const char *number_end(const char *at, const char *end)
{
	const char *digits = at < end && *at == '-' ? at + 1 : at;

	at = skip_digits(digits, end);
	if (at == digits || (*digits == '0' && at > digits + 1))
		return NULL;
	if (at < end && *at == '.') {
		digits = at + 1;
		at = skip_digits(digits, end);
		if (at == digits)
			return NULL;
	}
	if (at < end && (*at | 32) == 'e') {
		at++;
		if (at < end && (*at == '+' || *at == '-'))
			at++;
		digits = at;
		at = skip_digits(digits, end);
		if (at == digits)
			return NULL;
	}
	return at;
}

static struct json_value *parse_number(struct parser *p)
{
	const char *end = number_end(p->at, p->end);
	struct json_value *value;
	char *text;

	if (!end)
		return fail(p, "no JSON value");
	value = new_value(p, JSON_NUMBER);
	text = value ? doc_alloc(p->tree, (size_t)(end - p->at) + 1) : NULL;
	if (!text)
		return fail(p, "no memory for it");
	value->len = (size_t)(end - p->at);
	*(char *)mempcpy(text, p->at, value->len) = '\0';
	value->text = text;
	p->at = end;
	return value;
}

/* ---- containers ------------------------------------------------------------- */

static struct json_value *parse_value(struct parser *p);

static int by_key(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A key that is there twice; NULL if there is none. */
static const char *twice(struct parser *p, const struct json_value *object)
{
	const char **keys = object->nr > 1 ? malloc(object->nr * sizeof(*keys)) : NULL;
	const char *found = NULL;
	size_t nr = 0;

	if (!keys) {
		if (object->nr > 1)
			fail(p, "no memory for it");
		return NULL;
	}
	doc_each(member, object) keys[nr++] = member->key;
	qsort(keys, nr, sizeof(*keys), by_key);
	for (size_t i = 1; i < nr && !found; i++)
		if (!strcmp(keys[i - 1], keys[i]))
			found = keys[i];
	free(keys);
	return found;
}

static bool parse_key(struct parser *p, const char **key)
{
	size_t len;

	skip_blanks(p);
	if (p->at == p->end || *p->at != '"') {
		fail(p, "no key where one should be");
		return false;
	}
	*key = parse_text(p, &len);
	if (*key && strlen(*key) != len)
		fail(p, "a key with a NUL");
	if (*key && !p->failed && !take(p, ':'))
		fail(p, "no colon after a key");
	return *key && !p->failed;
}

static struct json_value *parse_container(struct parser *p, enum json_kind kind, char close)
{
	struct json_value *value = new_value(p, kind);
	const struct json_value **link = value ? &value->first : NULL;
	const char *key = NULL, *same;
	char what[120];

	p->at++;
	if (!value || take(p, close))
		return value;
	do {
		struct json_value *part;

		if (kind == JSON_OBJECT && !parse_key(p, &key))
			return NULL;
		part = parse_value(p);
		if (!part)
			return NULL;
		part->key = key;
		*link = part;
		link = &part->next;
		if (!++value->nr)
			return fail(p, "more members than can be counted");
	} while (take(p, ','));
	if (!take(p, close))
		return fail(p, kind == JSON_OBJECT ? "no comma or brace after a member"
						   : "no comma or bracket after an element");
	same = kind == JSON_OBJECT ? twice(p, value) : NULL;
	if (same) {
		snprintf(what, sizeof(what), "key is there twice in one object: %.60s", same);
		return fail(p, what);
	}
	return value;
}

static struct json_value *parse_word(struct parser *p)
{
	static const struct {
		const char *word;
		enum json_kind kind;
	} words[] = { { "null", JSON_NULL }, { "false", JSON_FALSE }, { "true", JSON_TRUE } };

	for (size_t i = 0; i < 3; i++) {
		size_t len = strlen(words[i].word);

		if ((size_t)(p->end - p->at) < len || memcmp(p->at, words[i].word, len) != 0)
			continue;
		p->at += len;
		return new_value(p, words[i].kind);
	}
	return parse_number(p);
}

static struct json_value *parse_value(struct parser *p)
{
	struct json_value *value;

	skip_blanks(p);
	if (p->at == p->end)
		return fail(p, "it ends too early");
	if (++p->depth > MAX_DEPTH)
		return fail(p, "values inside one another, too deep");
	if (*p->at == '{') {
		value = parse_container(p, JSON_OBJECT, '}');
	} else if (*p->at == '[') {
		value = parse_container(p, JSON_ARRAY, ']');
	} else if (*p->at == '"') {
		value = new_value(p, JSON_STRING);
		if (value)
			value->text = parse_text(p, &value->len);
	} else {
		value = parse_word(p);
	}
	p->depth--;
	return p->failed ? NULL : value;
}

int json_tree_parse(struct json_tree *tree, const char *bytes, size_t nr, struct scxray_error *err)
{
	struct parser p = {
		.tree = tree, .begin = bytes, .at = bytes, .end = bytes + nr, .err = err
	};

	*tree = (struct json_tree){ 0 };
	tree->root = parse_value(&p);
	skip_blanks(&p);
	if (!p.failed && p.at != p.end)
		fail(&p, "something after the value");
	if (p.failed)
		tree->root = NULL;
	return p.failed ? -1 : 0;
}
