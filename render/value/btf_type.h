/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf_type.h - questions about BTF types that may be hostile
 *
 * libbpf checks that a blob's records and strings lie inside it, and (1.1) not
 * much more: type ids may point nowhere, sizes may be absurd, references may
 * form cycles.  Every function here is total and bounded.
 */
#ifndef RENDER_BTF_TYPE_H
#define RENDER_BTF_TYPE_H

#include <stdbool.h>
#include <stdint.h>

#include <bpf/btf.h>
#include <linux/btf.h>

/* Guests are x86-64. */
#define GUEST_POINTER_SIZE 8

/* What is left of a type when typedefs, qualifiers and tags are taken off. */
struct btf_peeled {
	const struct btf_type *type; /* NULL: void, or it could not be resolved */
	uint32_t id;
	const char *typedef_name; /* the outermost typedef, or NULL */
	const char *error;	  /* why `type` is NULL, where it is not plain void */
};

struct btf_peeled btf_peel(const struct btf *btf, uint32_t type_id);

/* A name, or "" for anonymous types and bad offsets. */
const char *btf_name(const struct btf *btf, uint32_t name_off);

/*
 * Bytes that a value of the type takes.  False for types without a size (void,
 * functions, forward declarations), for cycles and for sizes over 2^40.
 */
bool btf_size(const struct btf *btf, uint32_t type_id, uint64_t *size);

/* True if a value of that type goes on behind its size: it ends in an array without a length. */
bool btf_is_flexible(const struct btf *btf, uint32_t type_id);

/* How an integer-like type is stored: int, enum, enum64. */
struct btf_int_form {
	unsigned bits;	 /* value bits */
	unsigned offset; /* of the lowest value bit (BTF_INT_OFFSET of old encoders) */
	bool is_signed;
};

/* False where the type is no integer-like type, or its form makes no sense. */
bool btf_int_form(const struct btf_type *type, struct btf_int_form *form);

/*
 * Reads `bits` (1 to 128) at bit `offset` of `bytes` and extends them to 128.
 * The caller has checked that they lie inside.
 */
void bits_read(const uint8_t *bytes, uint64_t offset, unsigned bits, bool is_signed, uint64_t *lo,
	       uint64_t *hi);

/* The enumerator with this value (masked to the enum's width), or NULL. */
const char *btf_enum_name(const struct btf *btf, const struct btf_type *type, uint64_t value);

/*
 * The value as "A|B|0x40" where the enum is a set of flags and at least one of
 * them is set; else false.
 */
struct strbuf;
bool btf_enum_flags(const struct btf *btf, const struct btf_type *type, uint64_t value,
		    struct strbuf *out);

#endif
