/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json.c - the tree: look-ups, numbers, memory
 */
#include "reader/parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_SIZE (256 * 1024)

struct json_chunk {
	struct json_chunk *next;
	size_t used, size;
	max_align_t bytes[];
};

void *doc_alloc(struct json_tree *tree, size_t size)
{
	struct json_chunk *chunk = tree->chunks;
	void *at;

	size = (size + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
	if (!chunk || chunk->size - chunk->used < size) {
		size_t room = size > CHUNK_SIZE ? size : CHUNK_SIZE;

		chunk = malloc(sizeof(*chunk) + room);
		if (!chunk)
			return NULL;
		*chunk = (struct json_chunk){ tree->chunks, 0, room };
		tree->chunks = chunk;
	}
	at = (char *)chunk->bytes + chunk->used;
	chunk->used += size;
	return at;
}

void json_tree_deinit(struct json_tree *tree)
{
	while (tree->chunks) {
		struct json_chunk *chunk = tree->chunks;

		tree->chunks = chunk->next;
		free(chunk);
	}
	tree->root = NULL;
}

const struct json_value *doc_member(const struct json_value *object, const char *key)
{
	if (!object || object->kind != JSON_OBJECT)
		return NULL;
	doc_each(member, object) if (!strcmp(member->key, key)) return member;
	return NULL;
}

const struct json_value *doc_element(const struct json_value *array, uint64_t index)
{
	if (!array || array->kind != JSON_ARRAY || index >= array->nr)
		return NULL;
	doc_each(element, array) if (!index--) return element;
	return NULL;
}

const struct json_value *doc_follow(const struct json_value *root, const char *path)
{
	char key[64];

	while (root && *path) {
		size_t len = strcspn(path + 1, ".[") + 1;

		if (*path == '[') {
			root = doc_element(root, strtoull(path + 1, NULL, 10));
		} else {
			path += *path == '.';
			len = strcspn(path, ".[");
			if (len >= sizeof(key))
				return NULL;
			memcpy(key, path, len);
			key[len] = '\0';
			root = doc_member(root, key);
		}
		path += len;
	}
	return root;
}

const char *doc_text(const struct json_value *value)
{
	return value && value->kind == JSON_STRING ? value->text : NULL;
}

bool doc_is(const struct json_value *value, const char *text)
{
	const char *mine = doc_text(value);

	return mine && !strcmp(mine, text);
}

static bool is_integer(const struct json_value *value)
{
	return value && value->kind == JSON_NUMBER && !strpbrk(value->text, ".eE");
}

bool doc_get_u64(const struct json_value *value, uint64_t *number)
{
	if (!is_integer(value) || value->text[0] == '-')
		return false;
	errno = 0;
	*number = strtoull(value->text, NULL, 10);
	return !errno;
}

bool doc_get_i64(const struct json_value *value, int64_t *number)
{
	if (!is_integer(value))
		return false;
	errno = 0;
	*number = strtoll(value->text, NULL, 10);
	return !errno;
}

double doc_number(const struct json_value *value)
{
	return value && value->kind == JSON_NUMBER ? strtod(value->text, NULL) : 0;
}
