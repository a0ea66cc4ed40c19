/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * schema_parts.c - keywords of a schema that are about the parts of objects and arrays
 */
#include <stdlib.h>
#include <string.h>

#include "reader/schema_run.h"

static bool check_member(const struct place *at, const struct json_value *member,
			 const struct json_value *schema)
{
	struct step step = { .up = at->step, .key = member->key, .depth = at->step->depth + 1 };

	return at->run->check(&(struct place){ at->run, member, &step }, schema);
}

/* A schema's own word on a member: by its name, by a pattern, or for all others. */
static const struct json_value *schema_of(const struct place *at, const struct json_value *schema,
					  const char *key)
{
	const struct json_value *found = doc_member(doc_member(schema, "properties"), key);

	if (found)
		return found;
	doc_each(pattern, doc_member(schema, "patternProperties"))
	{
		const struct json_value text = { .kind = JSON_STRING, .text = pattern->key };

		if (schema_matches(at->run, &text, key))
			return pattern;
	}
	return doc_member(schema, "additionalProperties");
}

/* Does the schema, or one that is part of it, say anything of the member? */
static bool evaluates(const struct place *at, const struct json_value *schema, const char *key)
{
	static const char *const lists[] = { "allOf", "anyOf", "oneOf" };
	const struct json_value *part = doc_member(schema, "$ref");

	if (schema_of(at, schema, key))
		return true;
	if (part && schema_ref(at->run, part) && evaluates(at, schema_ref(at->run, part), key))
		return true;
	for (size_t i = 0; i < 3; i++)
		doc_each(one, doc_member(schema, lists[i])) if (evaluates(at, one, key) &&
								schema_fits(at, one)) return true;
	part = doc_member(schema, "if");
	if (part) {
		bool yes = schema_fits(at, part);
		const struct json_value *then = doc_member(schema, yes ? "then" : "else");

		return (yes && evaluates(at, part, key)) || (then && evaluates(at, then, key));
	}
	return false;
}

static bool check_properties(const struct place *at, const struct json_value *is)
{
	doc_each(wanted, is)
	{
		const struct json_value *member = doc_member(at->value, wanted->key);

		if (member && !check_member(at, member, wanted))
			return false;
	}
	return true;
}

static bool check_patterns(const struct place *at, const struct json_value *is)
{
	doc_each(member, at->value) doc_each(pattern, is)
	{
		const struct json_value text = { .kind = JSON_STRING, .text = pattern->key };

		if (schema_matches(at->run, &text, member->key) &&
		    !check_member(at, member, pattern))
			return false;
	}
	return true;
}

static bool check_others(const struct place *at, const struct json_value *is,
			 const struct json_value *schema, bool unevaluated)
{
	doc_each(member, at->value)
	{
		bool other = unevaluated ? !evaluates(at, schema, member->key)
					 : schema_of(at, schema, member->key) == is;

		if (!other)
			continue;
		if (is->kind == JSON_FALSE)
			return schema_refuse(at, "has a key that is not known: %.60s", member->key);
		if (!check_member(at, member, is))
			return false;
	}
	return true;
}

static bool check_required(const struct place *at, const struct json_value *is)
{
	doc_each(key, is) if (!doc_member(at->value, key->text)) return schema_refuse(
		at, "does not have %.60s", key->text);
	return true;
}

static bool check_dependent(const struct place *at, const struct json_value *is, bool schemas)
{
	doc_each(key, is)
	{
		if (!doc_member(at->value, key->key))
			continue;
		if (schemas ? !at->run->check(at, key) : !check_required(at, key))
			return false;
	}
	return true;
}

static bool check_items(const struct place *at, const struct json_value *is)
{
	uint64_t index = 0;

	doc_each(element, at->value)
	{
		struct step step = { .up = at->step,
				     .index = index++,
				     .depth = at->step->depth + 1 };

		if (!at->run->check(&(struct place){ at->run, element, &step }, is))
			return false;
	}
	return true;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Of strings and numbers: scxray's schema asks of no others. */
static bool check_unique(const struct place *at)
{
	const char **texts = malloc(((size_t)at->value->nr + 1) * sizeof(*texts));
	size_t nr = 0, twice = 0;

	doc_each(element, at->value) if (texts && element->text) texts[nr++] = element->text;
	if (texts)
		qsort(texts, nr, sizeof(*texts), by_text);
	for (size_t i = 1; i < nr; i++)
		twice += !strcmp(texts[i - 1], texts[i]);
	free(texts);
	return !twice || schema_refuse(at, "an element is there twice");
}

static bool check_count(const struct place *at, const char *keyword, const struct json_value *is)
{
	enum json_kind kind = strstr(keyword, "Items") ? JSON_ARRAY : JSON_OBJECT;
	uint64_t limit;

	if (at->value->kind != kind || !doc_get_u64(is, &limit))
		return true;
	return (keyword[1] == 'i' ? at->value->nr >= limit : at->value->nr <= limit) ||
	       schema_refuse(at, "has %u parts, %s is %.20s", at->value->nr, keyword, is->text);
}

bool schema_check_parts(const struct place *at, const char *keyword, const struct json_value *is,
			const struct json_value *schema, bool *known)
{
	bool object = at->value->kind == JSON_OBJECT, array = at->value->kind == JSON_ARRAY;

	if (!strcmp(keyword, "properties"))
		return !object || check_properties(at, is);
	if (!strcmp(keyword, "patternProperties"))
		return !object || check_patterns(at, is);
	if (!strcmp(keyword, "additionalProperties") || !strcmp(keyword, "unevaluatedProperties"))
		return !object || check_others(at, is, schema, keyword[0] == 'u');
	if (!strcmp(keyword, "required"))
		return !object || check_required(at, is);
	if (!strcmp(keyword, "dependentRequired") || !strcmp(keyword, "dependentSchemas"))
		return !object || check_dependent(at, is, keyword[9] == 'S');
	if (!strcmp(keyword, "items"))
		return !array || check_items(at, is);
	if (!strcmp(keyword, "uniqueItems"))
		return !array || is->kind != JSON_TRUE || check_unique(at);
	if (!strcmp(keyword, "minItems") || !strcmp(keyword, "minProperties") ||
	    !strcmp(keyword, "maxProperties"))
		return check_count(at, keyword, is);
	*known = false;
	return true;
}
