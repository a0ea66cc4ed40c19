/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fields.h - the members of a report's struct, read from an object by the table that wrote it
 */
#ifndef READER_FIELDS_H
#define READER_FIELDS_H

#include "reader/parse.h"
#include "render/json/tables.h"

/*
 * Fills the members of the struct at `base` (zeroed) with what the object has; what it does not
 * have stays NONE. Strings point into the tree, and masks are allocated there. -1: no memory.
 */
int doc_read_fields(struct json_tree *tree, const struct json_value *object,
		    const struct field_table *table, void *base);

/* A number of `kind`, or why there is none. */
struct scxray_num doc_read_num(const struct json_value *value, enum field_kind kind);

/* "0xffff888000000000"; 0 of all else. */
uint64_t doc_read_addr(const struct json_value *value);

/* `nr` zeroed structs of `size` bytes that live as long as the tree; NULL: no memory, or nr is 0. */
void *doc_array(struct json_tree *tree, size_t nr, size_t size);

#endif
