/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * schema_scalar.c - keywords of a schema that a value without parts can break
 */
#include <string.h>

#include "reader/schema_run.h"

/* Integers of any length: those beyond 128 bits are as good as infinite. False of fractions. */
static bool integer(const struct json_value *value, __int128 *number)
{
	const __int128 most = (__int128)1 << 100;
	const char *digits = value->text;
	bool negative;

	if (value->kind != JSON_NUMBER || strpbrk(digits, ".eE"))
		return false;
	negative = *digits == '-';
	*number = 0;
	for (digits += negative; *digits && *number < most; digits++)
		*number = *number * 10 + (*digits - '0');
	if (negative)
		*number = -*number;
	return true;
}

static bool is_type(const struct json_value *value, const char *type)
{
	static const struct {
		const char *name;
		enum json_kind kind;
	} types[] = {
		{ "null", JSON_NULL },	   { "boolean", JSON_FALSE }, { "boolean", JSON_TRUE },
		{ "number", JSON_NUMBER }, { "string", JSON_STRING }, { "array", JSON_ARRAY },
		{ "object", JSON_OBJECT },
	};
	__int128 number;

	if (!strcmp(type, "integer"))
		return integer(value, &number);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(type, types[i].name) && value->kind == types[i].kind)
			return true;
	return false;
}

static bool check_type(const struct place *at, const struct json_value *is)
{
	if (is->kind == JSON_STRING)
		return is_type(at->value, is->text) ||
		       schema_refuse(at, "is not of type %.20s", is->text);
	doc_each(type, is) if (doc_text(type) && is_type(at->value, type->text)) return true;
	return schema_refuse(at, "is of no type that may be here");
}

static bool is_equal(const struct json_value *a, const struct json_value *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == JSON_STRING || a->kind == JSON_NUMBER)
		return a->len == b->len && !memcmp(a->text, b->text, a->len);
	return a->kind <= JSON_TRUE;
}

static bool check_enum(const struct place *at, const struct json_value *is)
{
	doc_each(one, is) if (is_equal(at->value, one)) return true;
	return schema_refuse(at, "is not one of those that there are");
}

static bool check_limit(const struct place *at, const struct json_value *is, bool most)
{
	__int128 number, limit;
	bool yes;

	if (at->value->kind != JSON_NUMBER)
		return true;
	if (integer(at->value, &number) && integer(is, &limit))
		yes = most ? number <= limit : number >= limit;
	else
		yes = most ? doc_number(at->value) <= doc_number(is)
			   : doc_number(at->value) >= doc_number(is);
	return yes || schema_refuse(at, "%.40s is %s than %.40s", at->value->text,
				    most ? "more" : "less", is->text);
}

static bool check_pattern(const struct place *at, const struct json_value *is)
{
	if (at->value->kind != JSON_STRING)
		return true;
	if (strlen(at->value->text) == at->value->len &&
	    schema_matches(at->run, is, at->value->text))
		return true;
	return schema_refuse(at, "\"%.60s\" does not match %.80s", at->value->text, is->text);
}

bool schema_check_scalar(const struct place *at, const char *keyword, const struct json_value *is,
			 bool *known)
{
	uint64_t least;

	if (!strcmp(keyword, "type"))
		return check_type(at, is);
	if (!strcmp(keyword, "const"))
		return is_equal(at->value, is) ||
		       schema_refuse(at, "is not %.40s", is->text ? is->text : "that");
	if (!strcmp(keyword, "enum"))
		return check_enum(at, is);
	if (!strcmp(keyword, "pattern"))
		return check_pattern(at, is);
	if (!strcmp(keyword, "minimum") || !strcmp(keyword, "maximum"))
		return check_limit(at, is, keyword[1] == 'a');
	if (!strcmp(keyword, "minLength"))
		return at->value->kind != JSON_STRING || !doc_get_u64(is, &least) ||
		       at->value->len >= least || schema_refuse(at, "is too short");
	*known = false;
	return true;
}
