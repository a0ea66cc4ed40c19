/* SPDX-License-Identifier: BSD-2-Clause */
/* pool.c: memory that is handed out front to back, and runs out with grace. */
#include <stdint.h>
#include <string.h>

#include "capture/base/pool.h"
#include "tests/lib/unit.h"

static struct pool pool;

static void start(size_t size)
{
	memset(&pool, 0, sizeof(pool));
	ck_assert_int_eq(pool_init(&pool, size), 0);
}

START_TEST(memory_is_zeroed_aligned_and_apart)
{
	static const size_t sizes[] = { 1, 15, 16, 17, 4096, 3, 100000 };
	uint8_t *p[ARRAY_SIZE(sizes)];

	start(1 << 20);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		p[i] = pool_alloc(&pool, sizes[i]);
		ck_assert_ptr_nonnull(p[i]);
		ck_assert_uint_eq((uintptr_t)p[i] % 16, 0);
		for (size_t b = 0; b < sizes[i]; b++)
			ck_assert_uint_eq(p[i][b], 0);
		memset(p[i], (int)i + 1, sizes[i]);
	}
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		for (size_t b = 0; b < sizes[i]; b++)
			ck_assert_uint_eq(p[i][b], i + 1);
	pool_deinit(&pool);
}
END_TEST

START_TEST(a_pool_that_is_used_up_says_so_and_lives_on)
{
	size_t nr = 0, count = 0;
	void *array = NULL;

	start(1 << 16);
	ck_assert_ptr_null(pool_alloc(&pool, (1 << 16) + 1));
	ck_assert_ptr_null(pool_alloc(&pool, SIZE_MAX));
	ck_assert_ptr_null(pool_alloc(&pool, SIZE_MAX - 15));
	while (pool_alloc(&pool, 1000))
		nr++;
	ck_assert_uint_ge(nr, 60);
	ck_assert_uint_le(pool.used, pool.size);
	while (pool_alloc(&pool, 1))
		ck_assert_uint_le(pool.used, pool.size);
	ck_assert_ptr_null(pool_strndup(&pool, "", 0));
	ck_assert_ptr_null(pool_push(&pool, &array, &count, 8));
	ck_assert_uint_eq(count, 0);
	ck_assert_str_eq(pool_printf(&pool, "%d", 7), "report memory is used up");
	pool_deinit(&pool);
}
END_TEST

START_TEST(an_array_grows_and_keeps_its_elements)
{
	struct {
		uint64_t a, b, c;
	} *array = NULL, *e;
	size_t count = 0;

	start(1 << 20);
	for (uint64_t i = 0; i < 1000; i++) {
		e = pool_push(&pool, (void **)&array, &count, sizeof(*array));
		ck_assert_ptr_nonnull(e);
		ck_assert_uint_eq(count, i + 1);
		ck_assert_ptr_eq(e, &array[i]);
		ck_assert_uint_eq(e->a | e->b | e->c, 0);
		e->a = i;
		e->c = ~i;
		pool_alloc(&pool, i % 3); /* somebody else's, in between */
	}
	for (uint64_t i = 0; i < 1000; i++) {
		ck_assert_uint_eq(array[i].a, i);
		ck_assert_uint_eq(array[i].c, ~i);
	}
	pool_deinit(&pool);
}
END_TEST

START_TEST(an_array_that_cannot_grow_keeps_what_it_has)
{
	uint64_t *array = NULL, *e;
	size_t count = 0;

	start(1 << 14);
	while ((e = pool_push(&pool, (void **)&array, &count, sizeof(*array))))
		*e = count;
	ck_assert_uint_ge(count, 256);
	for (size_t i = 0; i < count; i++)
		ck_assert_uint_eq(array[i], i + 1);
	pool_deinit(&pool);
}
END_TEST

START_TEST(trim_gives_back_the_rest_of_the_latest)
{
	size_t used;
	char *p, *next;

	start(1 << 16);
	pool_alloc(&pool, 100);
	used = pool.used;
	p = pool_alloc(&pool, 30000);
	memcpy(p, "text", 5);
	pool_trim(&pool, used, p, 5);
	ck_assert_uint_lt(pool.used, used + 64);
	next = pool_alloc(&pool, 30000); /* fits only because of the trim, and is zeroed */
	ck_assert_ptr_nonnull(next);
	ck_assert_uint_ge((uintptr_t)next, (uintptr_t)p + 5);
	for (size_t i = 0; i < 30000; i++)
		ck_assert_int_eq(next[i], 0);
	ck_assert_str_eq(p, "text");
	pool_deinit(&pool);
}
END_TEST

START_TEST(strings_are_copied_with_their_nul)
{
	char *s;

	start(1 << 16);
	s = pool_strndup(&pool, "abcdef", 3);
	ck_assert_str_eq(s, "abc");
	ck_assert_str_eq(pool_strndup(&pool, "x", 0), "");
	ck_assert_str_eq(pool_printf(&pool, "%s-%d", "a", 5), "a-5");
	pool_deinit(&pool);
	pool_deinit(&pool); /* twice is once */
}
END_TEST

static const unit_test tests[] = {
	&memory_is_zeroed_aligned_and_apart,	 &a_pool_that_is_used_up_says_so_and_lives_on,
	&an_array_grows_and_keeps_its_elements,	 &an_array_that_cannot_grow_keeps_what_it_has,
	&trim_gives_back_the_rest_of_the_latest, &strings_are_copied_with_their_nul,
};

UNIT_MAIN("capture_pool", tests)
