/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fields.c - what json_fields() writes, read again: one case for each kind of field
 */
#include "reader/fields.h"

#include <stdlib.h>
#include <string.h>

#define MAX_CPU \
	65535 /* of a mask: a CPU number in the file is not to decide how much memory is taken */

uint64_t doc_read_addr(const struct json_value *value)
{
	const char *text = doc_text(value);

	return text && !strncmp(text, "0x", 2) ? strtoull(text, NULL, 16) : 0;
}

void *doc_array(struct json_tree *tree, size_t nr, size_t size)
{
	void *array = nr ? doc_alloc(tree, nr * size) : NULL;

	return array ? memset(array, 0, nr * size) : NULL;
}

static bool is_unreadable(const struct json_value *value)
{
	return doc_is(doc_member(value, "kind"), "unreadable");
}

struct scxray_num doc_read_num(const struct json_value *value, enum field_kind kind)
{
	struct scxray_num num = { .state = SCXRAY_PRESENT };
	int64_t number;

	if (is_unreadable(value))
		return (struct scxray_num){ .value = doc_read_addr(doc_member(value, "addr")),
					    .reason = doc_text(doc_member(value, "reason")),
					    .state = SCXRAY_UNREADABLE };
	if (value && kind == FIELD_FLAG && value->kind <= JSON_TRUE && value->kind != JSON_NULL)
		num.value = value->kind == JSON_TRUE;
	else if (kind == FIELD_ADDR && doc_text(value))
		num.value = doc_read_addr(value);
	else if (doc_get_i64(value, &number))
		num.value = (uint64_t)number;
	else if (!doc_get_u64(value, &num.value))
		num.state = SCXRAY_NONE;
	return num;
}

static struct scxray_text read_text(const struct json_value *value)
{
	struct scxray_num num;

	if (doc_text(value))
		return (struct scxray_text){ .bytes = value->text,
					     .len = value->len,
					     .state = SCXRAY_PRESENT };
	num = doc_read_num(value, FIELD_NUM);
	return (struct scxray_text){ .addr = num.value,
				     .reason = num.reason,
				     .state = num.state == SCXRAY_UNREADABLE ? SCXRAY_UNREADABLE
									     : SCXRAY_NONE };
}

/* "0-3,5" */
static int read_cpus(struct json_tree *tree, const struct json_value *value,
		     struct scxray_cpumask *mask)
{
	const struct scxray_num num = doc_read_num(value, FIELD_NUM);
	const char *at = doc_text(value);
	uint64_t *words;
	char *end;

	*mask = (struct scxray_cpumask){ .addr = num.value, .reason = num.reason };
	if (!at) {
		mask->state = num.state == SCXRAY_UNREADABLE ? num.state : SCXRAY_NONE;
		return 0;
	}
	words = doc_array(tree, MAX_CPU / 64 + 1, sizeof(*words));
	if (!words)
		return -1;
	while (*at) {
		unsigned long first = strtoul(at, &end, 10), last = first;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		for (unsigned long c = first; c <= last && c <= MAX_CPU; c++)
			words[c / 64] |= 1ULL << c % 64;
		if (last <= MAX_CPU && last + 1 > mask->nr_bits)
			mask->nr_bits = (uint32_t)last + 1;
		at = *end == ',' && end > at ? end + 1 : "";
	}
	mask->words = words;
	mask->state = SCXRAY_PRESENT;
	return 0;
}

static int read_strings(struct json_tree *tree, const struct json_value *value, void *at)
{
	size_t nr = value && value->kind == JSON_ARRAY ? value->nr : 0, i = 0;
	const char **strings = doc_array(tree, nr, sizeof(*strings));

	if (nr && !strings)
		return -1;
	doc_each(one, nr ? value : NULL) strings[i++] = doc_text(one) ? one->text : "";
	memcpy(at, &strings, sizeof(strings));
	memcpy((char *)at + sizeof(strings), &nr, sizeof(nr));
	return 0;
}

static void read_plain(const struct json_value *value, enum field_kind kind, void *at)
{
	uint64_t number = 0;

	if (kind == FIELD_KVA || kind == FIELD_KVA_OR_0)
		number = doc_read_addr(value);
	else if (!doc_get_u64(value, &number) && kind == FIELD_INDEX)
		number = UINT32_MAX; /* -1: none */
	if (kind == FIELD_INDEX || kind == FIELD_U32)
		memcpy(at, &(uint32_t){ (uint32_t)number }, sizeof(uint32_t));
	else
		memcpy(at, &number, sizeof(number));
}

static int read_field(struct json_tree *tree, const struct json_value *object,
		      const struct field *f, void *at)
{
	const struct json_value *value = doc_member(object, f->key);
	const char *text = doc_text(value);
	char key[64];

	switch (f->kind) {
	case FIELD_NUM:
	case FIELD_ID:
	case FIELD_SIGNED:
	case FIELD_FLAG:
	case FIELD_ADDR:
		*(struct scxray_num *)at = doc_read_num(value, f->kind);
		return 0;
	case FIELD_SYMBOL:
		snprintf(key, sizeof(key), "%s_symbol", f->key);
		((struct scxray_address *)at)->addr = doc_read_num(value, FIELD_ADDR);
		((struct scxray_address *)at)->symbol = doc_text(doc_member(object, key));
		return 0;
	case FIELD_TEXT:
		*(struct scxray_text *)at = read_text(value);
		return 0;
	case FIELD_STRING:
		*(const char **)at = text;
		return 0;
	case FIELD_LETTER:
		*(char *)at = text ? text[0] : '\0';
		return 0;
	case FIELD_BOOL:
		*(bool *)at = value && value->kind == JSON_TRUE;
		return 0;
	case FIELD_CPUS:
		return read_cpus(tree, value, at);
	case FIELD_STRINGS:
		return read_strings(tree, value, at);
	default:
		read_plain(value, f->kind, at);
		return 0;
	}
}

int doc_read_fields(struct json_tree *tree, const struct json_value *object,
		    const struct field_table *table, void *base)
{
	for (size_t i = 0; i < table->nr; i++)
		if (read_field(tree, object, &table->fields[i],
			       (char *)base + table->fields[i].offset))
			return -1;
	return 0;
}
