/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * schema.c - a value against a schema: references, and schemas made of schemas
 */
#include "reader/schema.h"

#include <string.h>

#include "reader/schema_run.h"

static bool check_value(const struct place *at, const struct json_value *schema);

/* allOf, anyOf, oneOf */
static bool check_choice(const struct place *at, const char *keyword, const struct json_value *of)
{
	bool all = !strcmp(keyword, "allOf"), one = !strcmp(keyword, "oneOf");
	unsigned nr = 0;

	doc_each(schema, of)
	{
		if (all && !check_value(at, schema))
			return false;
		nr += !all && schema_fits(at, schema);
	}
	if (all || nr == 1 || (nr && !one))
		return true;
	if (nr || at->run->quiet)
		return schema_refuse(at, "is %u things at once", nr);
	/* now aloud: the branch that comes furthest says what is wrong */
	doc_each(schema, of) check_value(at, schema);
	return schema_refuse(at, "is none of what may be here");
}

static bool check_if(const struct place *at, const struct json_value *condition,
		     const struct json_value *schema)
{
	const struct json_value *then =
		doc_member(schema, schema_fits(at, condition) ? "then" : "else");

	return !then || check_value(at, then);
}

static bool check_keyword(const struct place *at, const struct json_value *is,
			  const struct json_value *schema)
{
	static const char *const silent[] = { "description", "title", "$schema",
					      "$defs",	     "then",  "else" };
	const char *keyword = is->key;
	bool known = true, yes;

	for (size_t i = 0; i < sizeof(silent) / sizeof(silent[0]); i++)
		if (!strcmp(keyword, silent[i]))
			return true;
	if (!strcmp(keyword, "$ref"))
		return schema_ref(at->run, is)
			       ? check_value(at, schema_ref(at->run, is))
			       : schema_refuse(at, "the schema's $ref leads nowhere");
	if (!strcmp(keyword, "allOf") || !strcmp(keyword, "anyOf") || !strcmp(keyword, "oneOf"))
		return check_choice(at, keyword, is);
	if (!strcmp(keyword, "not"))
		return !schema_fits(at, is) || schema_refuse(at, "may not be here");
	if (!strcmp(keyword, "if"))
		return check_if(at, is, schema);
	yes = schema_check_scalar(at, keyword, is, &known);
	if (!known) {
		known = true;
		yes = schema_check_parts(at, keyword, is, schema, &known);
	}
	return known ? yes : schema_refuse(at, "the schema's keyword %s is not known", keyword);
}

static bool check_value(const struct place *at, const struct json_value *schema)
{
	if (schema->kind == JSON_TRUE)
		return true;
	if (schema->kind != JSON_OBJECT)
		return schema_refuse(at, "may not be here");
	doc_each(keyword, schema) if (!check_keyword(at, keyword, schema)) return false;
	return true;
}

int schema_check(const struct json_value *schema, const struct json_value *value,
		 struct scxray_error *err)
{
	struct run run = { .defs = doc_member(schema, "$defs"), .check = check_value };
	struct step top = { .depth = 1 };
	bool yes = check_value(&(struct place){ &run, value, &top }, schema);

	for (size_t i = 0; i < run.nr_patterns; i++)
		regfree(&run.patterns[i].regex);
	return yes ? 0 : scxray_fail(err, SCXRAY_ERR_INVALID, 0, "%s", run.text);
}
