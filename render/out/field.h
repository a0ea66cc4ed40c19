/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * field.h - the members of a report's struct as rows of a table
 *
 * Most structs of the report are described once as rows of {key, offset, kind}; JSON and
 * the comparison of early and late both use the description.
 */
#ifndef RENDER_FIELD_H
#define RENDER_FIELD_H

#include <scxray/atoms.h>

#include "render/out/json.h"

enum field_kind {
	FIELD_NUM,	/* scxray_num, unsigned */
	FIELD_ID,	/* scxray_num, the id of a DSQ: <key>, and always <key>_hex */
	FIELD_SIGNED,	/* scxray_num whose value is sign-extended */
	FIELD_FLAG,	/* scxray_num that is true or false */
	FIELD_ADDR,	/* scxray_num holding a guest address */
	FIELD_SYMBOL,	/* scxray_address: an address, and <key>_symbol */
	FIELD_TEXT,	/* scxray_text */
	FIELD_STRING,	/* const char *, left out if NULL */
	FIELD_LETTER,	/* char, left out if NUL */
	FIELD_BOOL,	/* bool */
	FIELD_CPUS,	/* scxray_cpumask: "0-3,5" */
	FIELD_U32,	/* uint32_t */
	FIELD_U64,	/* uint64_t */
	FIELD_SIZE,	/* size_t */
	FIELD_KVA,	/* uint64_t holding a guest address */
	FIELD_KVA_OR_0, /* the same, left out if 0 */
	FIELD_INDEX,	/* int32_t, left out if negative */
	FIELD_STRINGS,	/* const char *const *, followed by its count; left out if empty */
};

struct field {
	const char *key;
	size_t offset;
	enum field_kind kind;
};

#define FIELD(type, member, json_key, kind)                   \
	{                                                     \
		json_key, offsetof(struct type, member), kind \
	}

/* Writes keys and values of the struct at `base` into the open object. */
void json_fields(struct json *j, const struct field *fields, size_t nr, const void *base);

/* Writes a key and a value, or nothing where memory held none; `kind` is one of a scxray_num. */
void json_num_field(struct json *j, const char *key, const struct scxray_num *num,
		    enum field_kind kind);
void json_text_field(struct json *j, const char *key, const struct scxray_text *text);

/* Up to here each integer has a double of its own; jq 1.6 and JavaScript make doubles of numbers. */
#define EXACT_IN_DOUBLE (1ULL << 53)

/* The mask as a list of ranges; "" if it is empty. */
void cpumask_put_list(struct strbuf *sb, const struct scxray_cpumask *mask);
/* False as well where the mask is not known. */
bool cpumask_has(const struct scxray_cpumask *mask, uint32_t cpu);

#endif
