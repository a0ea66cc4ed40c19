/* SPDX-License-Identifier: BSD-2-Clause */
#include "btf_builder.h"

#include <stdlib.h>
#include <string.h>

#include <linux/btf.h>

#define KIND_ENUM64 19 /* newer than bookworm's linux/btf.h */

static void *grow(void *p, size_t need, size_t *room, size_t elem)
{
	if (need <= *room)
		return p;
	*room = need * 2;
	p = realloc(p, *room * elem);
	if (!p)
		abort();
	return p;
}

void btf_builder_init(struct btf_builder *b)
{
	memset(b, 0, sizeof(*b));
	b->strings = grow(NULL, 64, &b->room_strings, 1);
	b->strings[0] = '\0';
	b->nr_strings = 1;
}

void btf_builder_deinit(struct btf_builder *b)
{
	free(b->words);
	free(b->strings);
	memset(b, 0, sizeof(*b));
}

uint32_t btf_builder_string(struct btf_builder *b, const char *s)
{
	size_t at = b->nr_strings, len = s ? strlen(s) : 0;

	if (!len)
		return 0;
	b->strings = grow(b->strings, at + len + 1, &b->room_strings, 1);
	memcpy(b->strings + at, s, len + 1);
	b->nr_strings += len + 1;
	return (uint32_t)at;
}

static void put(struct btf_builder *b, const uint32_t *words, size_t nr)
{
	if (!nr)
		return;
	b->words = grow(b->words, b->nr_words + nr, &b->room_words, sizeof(*b->words));
	memcpy(b->words + b->nr_words, words, nr * sizeof(*words));
	b->nr_words += nr;
}

uint32_t btf_builder_type(struct btf_builder *b, uint32_t name_off, uint32_t kind, uint32_t vlen,
			  bool kflag, uint32_t size_or_type, const uint32_t *words, size_t nr)
{
	put(b, (uint32_t[]){ name_off, (uint32_t)kflag << 31 | kind << 24 | vlen, size_or_type },
	    3);
	put(b, words, nr);
	return ++b->nr_types;
}

uint32_t btf_builder_int(struct btf_builder *b, const char *name, uint32_t size, bool is_signed)
{
	uint32_t encoding = (is_signed ? BTF_INT_SIGNED << 24 : 0) | size * 8;

	return btf_builder_type(b, btf_builder_string(b, name), BTF_KIND_INT, 0, false, size,
				&encoding, 1);
}

uint32_t btf_builder_ref(struct btf_builder *b, const char *name, uint32_t kind, uint32_t type)
{
	return btf_builder_type(b, btf_builder_string(b, name), kind, 0, false, type, NULL, 0);
}

uint32_t btf_builder_array(struct btf_builder *b, uint32_t type, uint32_t nr)
{
	uint32_t words[] = { type, type, nr };

	return btf_builder_type(b, 0, BTF_KIND_ARRAY, 0, false, 0, words, 3);
}

uint32_t btf_builder_struct(struct btf_builder *b, const char *name, uint32_t kind, uint32_t size,
			    const struct btf_builder_member *members, uint32_t nr)
{
	bool kflag = false;
	uint32_t id;

	for (uint32_t i = 0; i < nr; i++)
		kflag |= members[i].bits != 0;
	id = btf_builder_type(b, btf_builder_string(b, name), kind, nr, kflag, size, NULL, 0);
	for (uint32_t i = 0; i < nr; i++) {
		uint32_t words[] = { btf_builder_string(b, members[i].name), members[i].type,
				     members[i].bit_offset | members[i].bits << 24 };

		put(b, words, 3);
	}
	return id;
}

uint32_t btf_builder_enum(struct btf_builder *b, const char *name, uint32_t size, bool is_signed,
			  const struct btf_builder_value *values, uint32_t nr)
{
	uint32_t id = btf_builder_type(b, btf_builder_string(b, name),
				       size == 8 ? KIND_ENUM64 : BTF_KIND_ENUM, nr, is_signed, size,
				       NULL, 0);

	for (uint32_t i = 0; i < nr; i++) {
		uint32_t words[] = { btf_builder_string(b, values[i].name),
				     (uint32_t)values[i].value, (uint32_t)(values[i].value >> 32) };

		put(b, words, size == 8 ? 3 : 2);
	}
	return id;
}

uint8_t *btf_builder_blob(const struct btf_builder *b, uint32_t *size)
{
	struct btf_header header = {
		.magic = BTF_MAGIC,
		.version = BTF_VERSION,
		.hdr_len = sizeof(header),
		.type_len = (uint32_t)(b->nr_words * 4),
		.str_off = (uint32_t)(b->nr_words * 4),
		.str_len = (uint32_t)b->nr_strings,
	};
	uint8_t *blob;

	*size = (uint32_t)(sizeof(header) + header.type_len + header.str_len);
	blob = malloc(*size);
	if (!blob)
		abort();
	memcpy(blob, &header, sizeof(header));
	if (b->nr_words)
		memcpy(blob + sizeof(header), b->words, header.type_len);
	memcpy(blob + sizeof(header) + header.type_len, b->strings, header.str_len);
	return blob;
}

int btf_builder_parse(const struct btf_builder *b, struct types *types, struct scxray_error *err)
{
	uint32_t size;
	uint8_t *blob = btf_builder_blob(b, &size);
	int failed = types_parse(types, blob, size, err);

	free(blob);
	return failed;
}
