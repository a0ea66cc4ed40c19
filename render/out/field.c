/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * field.c - writes the members of a struct by a table of fields
 */
#include "render/out/field.h"

static bool shown(enum scxray_state state)
{
	/* members that this kernel does not have are listed once, in guest.missing_members */
	return state == SCXRAY_PRESENT || state == SCXRAY_UNREADABLE;
}

/*
 * Writes <key>_hex with `value` as a hexadecimal string, for readers that make doubles of numbers.
 */
static void json_hex_twin(struct json *j, const char *key, uint64_t value)
{
	char text[64];

	snprintf(text, sizeof(text), "%s_hex", key);
	json_key(j, text);
	snprintf(text, sizeof(text), "0x%llx", (unsigned long long)value);
	json_string(j, text);
}

/* True if a double holds the number's neighbours as well. */
static bool is_exact(uint64_t value, enum field_kind kind)
{
	if (kind == FIELD_SIGNED && (int64_t)value < 0)
		value = -value;
	return value <= EXACT_IN_DOUBLE;
}

void json_num_field(struct json *j, const char *key, const struct scxray_num *num,
		    enum field_kind kind)
{
	if (!shown(num->state))
		return;
	json_key(j, key);
	if (num->state == SCXRAY_UNREADABLE) {
		json_unreadable(j, num->value, num->reason);
	} else if (kind == FIELD_FLAG) {
		json_bool(j, num->value);
	} else if (kind == FIELD_ADDR) {
		json_addr(j, num->value);
	} else {
		if (kind == FIELD_SIGNED)
			json_i64(j, (int64_t)num->value);
		else
			json_u64(j, num->value);
		if (kind == FIELD_ID || !is_exact(num->value, kind))
			json_hex_twin(j, key, num->value);
	}
}

/* Writes the value without a key. */
static void json_text(struct json *j, const struct scxray_text *text)
{
	if (text->state == SCXRAY_UNREADABLE)
		json_unreadable(j, text->addr, text->reason);
	else
		json_string_n(j, text->bytes ? text->bytes : "", text->bytes ? text->len : 0);
}

void json_text_field(struct json *j, const char *key, const struct scxray_text *text)
{
	if (!shown(text->state))
		return;
	json_key(j, key);
	json_text(j, text);
}

void cpumask_put_list(struct strbuf *sb, const struct scxray_cpumask *mask)
{
	if (mask->words) /* little-endian, as the guest is */
		strbuf_bit_list(sb, (const uint8_t *)mask->words, mask->nr_bits);
}

bool cpumask_has(const struct scxray_cpumask *mask, uint32_t cpu)
{
	return mask->state == SCXRAY_PRESENT && cpu < mask->nr_bits &&
	       mask->words[cpu / 64] >> cpu % 64 & 1;
}

static void cpus_field(struct json *j, const char *key, const struct scxray_cpumask *mask)
{
	struct strbuf list;

	if (!shown(mask->state))
		return;
	json_key(j, key);
	if (mask->state == SCXRAY_UNREADABLE) {
		json_unreadable(j, mask->addr, mask->reason);
		return;
	}
	strbuf_init(&list, NULL);
	cpumask_put_list(&list, mask);
	json_string_n(j, strbuf_str(&list), list.len);
	if (list.error)
		j->out.error = list.error;
	strbuf_deinit(&list);
}

static void symbol_field(struct json *j, const char *key, const struct scxray_address *address)
{
	char symbol_key[64];

	json_num_field(j, key, &address->addr, FIELD_ADDR);
	snprintf(symbol_key, sizeof(symbol_key), "%s_symbol", key);
	json_opt_string(j, symbol_key, address->symbol);
}

static void strings_field(struct json *j, const char *key, const void *at)
{
	const char *const *strings;
	size_t nr;

	memcpy(&strings, at, sizeof(strings));
	memcpy(&nr, (const char *)at + sizeof(strings), sizeof(nr));
	if (!nr)
		return;
	json_key(j, key);
	json_array(j);
	for (size_t i = 0; i < nr; i++)
		json_string(j, strings[i]);
	json_array_end(j);
}

static void plain_field(struct json *j, const struct field *f, const void *at)
{
	uint64_t v = 0;
	int32_t index;

	switch (f->kind) {
	case FIELD_INDEX:
		memcpy(&index, at, sizeof(index));
		if (index < 0)
			return;
		v = (uint64_t)index;
		break;
	case FIELD_U32:
		v = *(const uint32_t *)at;
		break;
	case FIELD_SIZE:
		v = *(const size_t *)at;
		break;
	default:
		v = *(const uint64_t *)at;
		break;
	}
	if (f->kind == FIELD_KVA_OR_0 && !v)
		return;
	json_key(j, f->key);
	if (f->kind == FIELD_KVA || f->kind == FIELD_KVA_OR_0)
		json_addr(j, v);
	else
		json_u64(j, v);
}

static void one_field(struct json *j, const struct field *f, const void *at)
{
	char letter;

	switch (f->kind) {
	case FIELD_NUM:
	case FIELD_ID:
	case FIELD_SIGNED:
	case FIELD_FLAG:
	case FIELD_ADDR:
		json_num_field(j, f->key, at, f->kind);
		break;
	case FIELD_SYMBOL:
		symbol_field(j, f->key, at);
		break;
	case FIELD_TEXT:
		json_text_field(j, f->key, at);
		break;
	case FIELD_STRING:
		json_opt_string(j, f->key, *(const char *const *)at);
		break;
	case FIELD_LETTER:
		letter = *(const char *)at;
		if (!letter)
			break;
		json_key(j, f->key);
		json_string_n(j, &letter, 1);
		break;
	case FIELD_BOOL:
		json_key(j, f->key);
		json_bool(j, *(const bool *)at);
		break;
	case FIELD_CPUS:
		cpus_field(j, f->key, at);
		break;
	case FIELD_STRINGS:
		strings_field(j, f->key, at);
		break;
	default:
		plain_field(j, f, at);
		break;
	}
}

void json_fields(struct json *j, const struct field *fields, size_t nr, const void *base)
{
	for (size_t i = 0; i < nr; i++)
		one_field(j, &fields[i], (const char *)base + fields[i].offset);
}
