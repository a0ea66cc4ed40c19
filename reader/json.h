/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json.h - JSON as a tree
 *
 * A parser of our own: numbers of 64 bits stay exact (and those that are larger are seen), a key
 * that is there twice in an object is an error, and so are invalid UTF-8 and half a surrogate.
 */
#ifndef READER_JSON_H
#define READER_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <scxray/error.h>

enum json_kind {
	JSON_NULL,
	JSON_FALSE,
	JSON_TRUE,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT,
};

/* A value; it and all below it live as long as the tree. */
struct json_value {
	enum json_kind kind;
	uint32_t nr;	  /* elements or members */
	const char *key;  /* of a member: NUL-terminated; NULL of an element */
	const char *text; /* STRING: its bytes, NUL-terminated; NUMBER: as it was written */
	size_t len;	  /* of `text`, which may hold NULs */
	const struct json_value *first; /* ARRAY, OBJECT: in the order of the file */
	const struct json_value *next;	/* the next element or member */
};

struct json_tree {
	const struct json_value *root;
	struct json_chunk *chunks;
};

/*
 * Parses `nr` bytes, which are not needed afterwards.  0, or -1 with *err: what is wrong, and in
 * which line.  json_tree_deinit() in both cases.
 */
int json_tree_parse(struct json_tree *tree, const char *bytes, size_t nr, struct scxray_error *err);
void json_tree_deinit(struct json_tree *tree);

/* The member with this key, or NULL; NULL of what is no object, and of NULL. */
const struct json_value *doc_member(const struct json_value *object, const char *key);

/* The element of an array, or NULL. */
const struct json_value *doc_element(const struct json_value *array, uint64_t index);

/* What a path such as late.maps[3].id leads to, or NULL. */
const struct json_value *doc_follow(const struct json_value *root, const char *path);

/* The string's bytes; NULL of what is no string. */
const char *doc_text(const struct json_value *value);
bool doc_is(const struct json_value *value, const char *text);

/* The integer, exact; false of all else, fractions and numbers out of range included. */
bool doc_get_u64(const struct json_value *value, uint64_t *number);
bool doc_get_i64(const struct json_value *value, int64_t *number);

/* Any number, rounded to a double; 0 of all else. */
double doc_number(const struct json_value *value);

#define doc_each(value, in) \
	for (const struct json_value *value = (in) ? (in)->first : NULL; value; value = value->next)

#endif
