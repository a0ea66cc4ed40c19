/* SPDX-License-Identifier: BSD-2-Clause */
/* sort.c: against qsort(), on what a guest may hold. */
#include <string.h>

#include "capture/base/sort.h"
#include "tests/lib/unit.h"

#define MAX 300

struct item {
	uint32_t key;
	uint8_t rest[13]; /* an odd size */
};

static int by_key(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return x->key < y->key ? -1 : x->key > y->key;
}

START_TEST(it_sorts_as_qsort_does)
{
	static struct item a[MAX], b[MAX];
	uint32_t seed = 1;

	for (size_t nr = 0; nr < MAX; nr++) {
		for (int kind = 0; kind < 4; kind++) {
			for (size_t i = 0; i < nr; i++) {
				seed = seed * 1664525u + 1013904223u;
				a[i].key = kind == 0   ? seed
					   : kind == 1 ? seed >> 28
					   : kind == 2 ? (uint32_t)i
						       : (uint32_t)(nr - i);
				memset(a[i].rest, (int)(a[i].key & 0xff), sizeof(a[i].rest));
			}
			memcpy(b, a, sizeof(a));
			sort_array(a, nr, sizeof(*a), by_key);
			qsort(b, nr, sizeof(*b), by_key);
			for (size_t i = 0; i < nr; i++) {
				ck_assert_uint_eq(a[i].key, b[i].key);
				ck_assert_uint_eq(a[i].rest[12], a[i].key & 0xff);
			}
		}
	}
}
END_TEST

static const unit_test tests[] = { &it_sorts_as_qsort_does };

UNIT_MAIN("capture_sort", tests)
