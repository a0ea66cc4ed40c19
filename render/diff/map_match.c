/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_match.c - pairs the parts of two lists: sorts the keys of both, then merges
 */
#include "render/diff/map_match.h"

#include <stdlib.h>
#include <string.h>

bool parts_init(struct part_list *parts, size_t nr)
{
	*parts = (struct part_list){ .nr = nr };
	if (!nr)
		return true;
	parts->keys = malloc(nr * sizeof(*parts->keys));
	parts->other = malloc(nr * sizeof(*parts->other));
	for (size_t i = 0; parts->other && i < nr; i++)
		parts->other[i] = PART_UNKNOWN;
	return parts->keys && parts->other;
}

void parts_deinit(struct part_list *parts)
{
	free(parts->keys);
	free(parts->other);
}

void parts_add(struct part_list *parts, const struct part_key *key)
{
	parts->keys[parts->nr_keys++] = *key;
	parts->other[key->index] = PART_ALONE;
}

static int by_key(const struct part_key *a, const struct part_key *b)
{
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return a->len ? memcmp(a->bytes, b->bytes, a->len) : 0;
}

static int by_key_and_place(const void *a, const void *b)
{
	const struct part_key *x = a, *y = b;
	int order = by_key(x, y);

	return order ? order : x->index < y->index ? -1 : x->index > y->index;
}

static void sort_keys(struct part_list *parts)
{
	if (parts->nr_keys)
		qsort(parts->keys, parts->nr_keys, sizeof(*parts->keys), by_key_and_place);
}

void parts_match(struct part_list *early, struct part_list *late)
{
	size_t e = 0, l = 0;

	sort_keys(early);
	sort_keys(late);
	while (e < early->nr_keys && l < late->nr_keys) {
		int order = by_key(&early->keys[e], &late->keys[l]);

		if (!order) {
			early->other[early->keys[e].index] = late->keys[l].index;
			late->other[late->keys[l].index] = early->keys[e].index;
		}
		e += order <= 0;
		l += order >= 0;
	}
}
