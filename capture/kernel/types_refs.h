/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * types_refs.h - the references of a BTF type
 */
#ifndef CAPTURE_TYPES_REFS_H
#define CAPTURE_TYPES_REFS_H

#include "capture/kernel/types.h"

/* Newer than bookworm's linux/btf.h; the numbers are ABI. */
#define KIND_ENUM64 19

/* Is each type id that `t` refers to one of the types, and each name within the strings? */
bool types_valid_refs(const struct types *types, const struct btf_type *t);

#endif
