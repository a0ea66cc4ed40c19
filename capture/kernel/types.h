/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * types.h - the guest kernel's BTF
 *
 * libbpf parses the blob.  libbpf 1.1 trusts the references inside it, so types_load() checks each of them
 * first; then code that walks the types may rely on what the comment of struct types says.
 */
#ifndef CAPTURE_TYPES_H
#define CAPTURE_TYPES_H

#include <bpf/btf.h>

#include <scxray/error.h>

#include "capture/memory/guest.h"

/*
 * Every type id in the types is valid, every name offset is in the strings.  Types may still form loops, and
 * sizes may make no sense.
 */
struct types {
	struct btf *btf;
	uint32_t nr;	   /* ids are 1 to nr - 1 */
	uint32_t nr_chars; /* names begin below that offset */
	uint32_t *by_name; /* hash of struct, union, enum and typedef names -> type id, 0 empty */
	uint32_t mask;
	bool borrowed; /* btf and by_name belong to other types */
};

/* A member of a struct, found by its path: "scx.local_dsq", through anonymous members. */
struct member {
	uint32_t offset; /* bytes */
	uint32_t size;	 /* bytes; for a bitfield, those that hold it */
	uint32_t type_id;
	uint8_t bit_offset; /* within the bytes at `offset` */
	uint8_t bits;	    /* 0: not a bitfield */
	bool is_signed;
	bool present;
};

/*
 * Reads the BTF blob at [start, stop), which may build on `base`: its ids and names go on where those of `base` end.
 * If `known` was made of the same bytes, it is borrowed.  Both must outlive these types; NULL: there is none.
 * 0, or -1 with *err.
 */
int types_load(struct types *types, struct guest *g, uint64_t start, uint64_t stop,
	       const struct types *base, const struct types *known, struct scxray_error *err);

/* As types_load(), from bytes in this process; `data` stays the caller's. */
int types_parse(struct types *types, const void *data, uint32_t size, struct scxray_error *err);
void types_deinit(struct types *types);

/* The id of the named struct or union with members (enum with values), or 0. */
uint32_t types_find(const struct types *types, const char *name, uint32_t kind);

/* Resolves typedefs and qualifiers; NULL if that does not end. */
const struct btf_type *types_strip(const struct types *types, uint32_t id, uint32_t *stripped_id);

/* A member by its path of names joined by dots. */
struct member types_member(const struct types *types, uint32_t struct_id, const char *path);

/* Size in bytes of any sized type; 0 if it has none (or an absurd one). */
uint32_t types_size(const struct types *types, uint32_t id);

/* Values of an enum or enum64: false at the end. */
bool types_enum_value(const struct btf *btf, const struct btf_type *t, uint32_t i,
		      const char **name, uint64_t *value);

/* The value of enumerator `name` in enum `enum_name`; false if there is none. */
bool types_enumerator(const struct types *types, const char *enum_name, const char *name,
		      uint64_t *value);

/* The name of `value` in the enum; NULL if it has none. Borrowed from the BTF. */
const char *types_enum_name(const struct types *types, const char *enum_name, uint64_t value);

#endif
