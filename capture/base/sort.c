/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sort.c - a heap sort: in place, and n log n steps for any data that a guest holds
 */
#include "capture/base/sort.h"

#include <stdbool.h>
#include <stdint.h>

static void swap(uint8_t *a, uint8_t *b, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		uint8_t byte = a[i];

		a[i] = b[i];
		b[i] = byte;
	}
}

static void sift_down(uint8_t *base, size_t root, size_t nr, size_t size,
		      int (*compare)(const void *a, const void *b))
{
	for (;;) {
		size_t child = 2 * root + 1;

		if (child >= nr)
			return;
		if (child + 1 < nr && compare(base + child * size, base + (child + 1) * size) < 0)
			child++;
		if (compare(base + root * size, base + child * size) >= 0)
			return;
		swap(base + root * size, base + child * size, size);
		root = child;
	}
}

void sort_array(void *base, size_t nr, size_t size, int (*compare)(const void *a, const void *b))
{
	uint8_t *bytes = base;
	bool sorted = true;

	for (size_t i = 1; i < nr && sorted; i++)
		sorted = compare(bytes + (i - 1) * size, bytes + i * size) <= 0;
	if (sorted)
		return;
	for (size_t root = nr / 2; root-- > 0;)
		sift_down(bytes, root, nr, size, compare);
	for (size_t end = nr - 1; end > 0; end--) {
		swap(bytes, bytes + end * size, size);
		sift_down(bytes, 0, end, size, compare);
	}
}
