/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fold.c - finds equal values in a list by sorting them
 */
#include "render/text/fold.h"

#include <stdlib.h>

#include "render/value/leaf.h"

bool fold_init(struct fold *f, size_t nr)
{
	*f = (struct fold){ .values = calloc(nr ? nr : 1, sizeof(*f->values)) };
	return f->values;
}

void fold_deinit(struct fold *f)
{
	free(f->values);
}

void fold_add(struct fold *f, const uint8_t *bytes, size_t size)
{
	struct fold_value *value = &f->values[f->nr];

	*value = (struct fold_value){ .bytes = bytes,
				      .size = bytes ? size : 0,
				      .first = f->nr++,
				      .next = SIZE_MAX,
				      .nr = 1,
				      .zero = bytes && size && bytes_are_zero(bytes, size) };
	f->nr_zero += value->zero;
}

void fold_add_repeated(struct fold *f)
{
	f->nr_repeated++;
	f->values[f->nr] =
		(struct fold_value){ .first = f->nr, .next = SIZE_MAX, .nr = 1, .repeated = true };
	f->nr++;
}

static int compare_bytes(const struct fold_value *a, const struct fold_value *b)
{
	if (a->size != b->size)
		return a->size < b->size ? -1 : 1;
	return a->size ? memcmp(a->bytes, b->bytes, a->size) : 0;
}

static int by_bytes_and_place(const void *va, const void *vb)
{
	const struct fold_value *const *a = va, *const *b = vb;
	int order = compare_bytes(*a, *b);

	return order ? order : *a < *b ? -1 : *a > *b;
}

bool fold_group(struct fold *f)
{
	struct fold_value **sorted = malloc((f->nr ? f->nr : 1) * sizeof(struct fold_value *));
	struct fold_value *first = NULL;
	size_t nr = 0;

	if (!sorted)
		return false;
	for (size_t i = 0; i < f->nr; i++)
		if (f->values[i].bytes)
			sorted[nr++] = &f->values[i];
	qsort(sorted, nr, sizeof(struct fold_value *), by_bytes_and_place);
	for (size_t i = 0; i < nr; i++) {
		if (first && !compare_bytes(first, sorted[i])) {
			first->nr++;
			sorted[i - 1]->next = (size_t)(sorted[i] - f->values);
			sorted[i]->first = (size_t)(first - f->values);
		} else {
			first = sorted[i];
		}
	}
	free(sorted);
	f->grouped = true;
	return true;
}

void fold_put_ranges(struct strbuf *sb, const struct fold *f, size_t first, size_t cap,
		     uint32_t (*number)(const void *arg, size_t i), const void *arg)
{
	size_t left = f->values[first].nr, ranges = 0, i = first;

	while (i != SIZE_MAX) {
		uint32_t from = number(arg, i), to = from;

		if (ranges++ == cap) {
			strbuf_printf(sb, ", +%zu more", left);
			return;
		}
		for (; i != SIZE_MAX && number(arg, i) == to; i = f->values[i].next, left--)
			to++;
		strbuf_printf(sb, ranges > 1 ? ",%u" : "%u", from);
		if (to - from > 1)
			strbuf_printf(sb, "-%u", to - 1);
	}
}
