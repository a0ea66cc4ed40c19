/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * btf_type.h - questions about BTF types that may be hostile
 *
 * libbpf 1.1 checks only that a blob's records and strings lie inside it: type ids may
 * point nowhere, sizes may be absurd, references may form cycles. Every function here
 * handles any BTF in bounded time.
 */
#ifndef RENDER_BTF_TYPE_H
#define RENDER_BTF_TYPE_H

#include <stdbool.h>
#include <stdint.h>

#include <bpf/btf.h>
#include <linux/btf.h>

/* Guests are x86-64. */
#define GUEST_POINTER_SIZE 8

/* A type without its typedefs, qualifiers and tags. */
struct btf_peeled {
	const struct btf_type *type; /* NULL: void, or it could not be resolved */
	uint32_t id;
	const char *typedef_name; /* the outermost typedef, or NULL */
	const char *error;	  /* why `type` is NULL, unless it is plain void */
};

struct btf_peeled btf_peel(const struct btf *btf, uint32_t type_id);

/* A name, or "" for anonymous types and bad offsets. */
const char *btf_name(const struct btf *btf, uint32_t name_off);

/*
 * The bytes that a value of the type takes. False for types without a size (void,
 * functions, forward declarations), for cycles and for sizes over 2^40.
 */
bool btf_size(const struct btf *btf, uint32_t type_id, uint64_t *size);

/* True if values of the type may be longer than its size: it ends in an array without a length. */
bool btf_is_flexible(const struct btf *btf, uint32_t type_id);

/* How an integer-like type is stored: int, enum, enum64. */
struct btf_int_form {
	unsigned bits;	 /* value bits */
	unsigned offset; /* bit of the lowest value bit (BTF_INT_OFFSET of old encoders) */
	bool is_signed;
};

/* False if the type is not like an integer, or its form is invalid. */
bool btf_int_form(const struct btf_type *type, struct btf_int_form *form);

/*
 * Reads `bits` (1 to 128) at bit `offset` of `bytes` and extends them to 128 bits. The
 * caller has checked that they lie inside.
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
