/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf_builder.h - raw BTF blobs, valid ones and others
 *
 * Nothing is checked: ids may be of types that come later or never.
 */
#ifndef TESTS_BTF_BUILDER_H
#define TESTS_BTF_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "capture/kernel/types.h"

struct btf_builder {
	uint32_t *words; /* the types */
	size_t nr_words, room_words;
	char *strings;
	size_t nr_strings, room_strings;
	uint32_t nr_types;
};

struct btf_builder_member {
	const char *name; /* NULL: anonymous */
	uint32_t type;
	uint32_t bit_offset;
	uint32_t bits; /* of a bitfield; else 0 */
};

struct btf_builder_value {
	const char *name;
	uint64_t value;
};

void btf_builder_init(struct btf_builder *b);
void btf_builder_deinit(struct btf_builder *b);

/* The offset of a string, "" and NULL at 0. */
uint32_t btf_builder_string(struct btf_builder *b, const char *s);

/* A type of any kind: `size_or_type` and `nr` words after the three common ones.  Its id. */
uint32_t btf_builder_type(struct btf_builder *b, uint32_t name_off, uint32_t kind, uint32_t vlen,
			  bool kflag, uint32_t size_or_type, const uint32_t *words, size_t nr);

uint32_t btf_builder_int(struct btf_builder *b, const char *name, uint32_t size, bool is_signed);
/* PTR, TYPEDEF, CONST, VOLATILE, ... */
uint32_t btf_builder_ref(struct btf_builder *b, const char *name, uint32_t kind, uint32_t type);
uint32_t btf_builder_array(struct btf_builder *b, uint32_t type, uint32_t nr);
/* STRUCT or UNION; bitfields make kind_flag set. */
uint32_t btf_builder_struct(struct btf_builder *b, const char *name, uint32_t kind, uint32_t size,
			    const struct btf_builder_member *members, uint32_t nr);
/* A struct of these members, each { name, type, bit offset, bits }.  Its id. */
#define BTF_STRUCT(b, name, size, ...)                                                  \
	btf_builder_struct(b, name, BTF_KIND_STRUCT, size,                              \
			   (const struct btf_builder_member[]){ __VA_ARGS__ },          \
			   sizeof((const struct btf_builder_member[]){ __VA_ARGS__ }) / \
				   sizeof(struct btf_builder_member))
/* ENUM (size 4) or ENUM64 (size 8) */
uint32_t btf_builder_enum(struct btf_builder *b, const char *name, uint32_t size, bool is_signed,
			  const struct btf_builder_value *values, uint32_t nr);

/* The blob, malloc()ed to its exact size. */
uint8_t *btf_builder_blob(const struct btf_builder *b, uint32_t *size);

/* types_parse() of the blob, which is gone afterwards. */
int btf_builder_parse(const struct btf_builder *b, struct types *types, struct scxray_error *err);

#endif
