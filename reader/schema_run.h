/* SPDX-License-Identifier: BSD-2-Clause */
/* schema_run.h - the state of one validation, and its parts */
#ifndef READER_SCHEMA_RUN_H
#define READER_SCHEMA_RUN_H

#include <regex.h>

#include "reader/json.h"

/* One step from the document's root to a value. */
struct step {
	const struct step *up;
	const char *key; /* NULL: an element */
	uint64_t index;
	unsigned depth;
};

#define MAX_PATTERNS 32

struct place;

struct run {
	/* Does the value fit the schema?  True and false are schemas as well. */
	bool (*check)(const struct place *at, const struct json_value *schema);
	const struct json_value *defs;
	/* compiled once each */
	struct {
		const char *text;
		regex_t regex;
	} patterns[MAX_PATTERNS];
	size_t nr_patterns;
	unsigned quiet; /* what does not fit is only asked, not told */
	/* what is told: of all that does not fit the deepest, which got furthest */
	unsigned depth;
	bool found;
	char text[400];
};

/* One value that is checked. */
struct place {
	struct run *run;
	const struct json_value *value;
	const struct step *step;
};

/* Notes why the value does not fit; false. */
bool schema_refuse(const struct place *at, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Does the value fit the schema?  Nothing is told. */
bool schema_fits(const struct place *at, const struct json_value *schema);

/* The definition that "#/$defs/NAME" leads to. */
const struct json_value *schema_ref(const struct run *run, const struct json_value *ref);

/* True if the pattern is in the text. */
bool schema_matches(struct run *run, const struct json_value *pattern, const char *text);

/* Keywords of a value alone: type, enum, const, pattern, minimum, ... */
bool schema_check_scalar(const struct place *at, const char *keyword, const struct json_value *is,
			 bool *known);

/* Keywords of objects and arrays. */
bool schema_check_parts(const struct place *at, const char *keyword, const struct json_value *is,
			const struct json_value *schema, bool *known);

#endif
