/* SPDX-License-Identifier: BSD-2-Clause */
/* kallsyms_search.c: the tables in a bare image, at each alignment, among decoys. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/lib/kallsyms_builder.h"
#include "tests/lib/kallsyms_bytes.h"
#include "tests/lib/sanitized.h"
#include "tests/lib/unit.h"

#define TEXT 0xffffffff9e200000ULL
#define NR_SYMBOLS 1000u
#define IMAGE_SIZE (256u << 10)
#define TABLES_AT 0x12340u /* a multiple of 16 */

static const struct {
	const char *name;
	struct kallsyms_options options;
} kinds[] = {
	{ "6.12", { .encoding = KALLSYMS_ABSOLUTE_PERCPU, .align = 8, .relative_base = TEXT } },
	{ "6.18", { .encoding = KALLSYMS_BASE_RELATIVE, .align = 8, .relative_base = TEXT } },
	{ "4-aligned with a base",
	  { .encoding = KALLSYMS_BASE_RELATIVE, .align = 4, .relative_base = TEXT } },
	{ "7.0", { .encoding = KALLSYMS_PLACE_RELATIVE, .align = 4 } },
	{ "8-aligned without a base", { .encoding = KALLSYMS_PLACE_RELATIVE, .align = 8 } },
};

static char names[NR_SYMBOLS][16];
static struct kallsyms_symbol symbols[NR_SYMBOLS];
static uint8_t *image;
static struct kallsyms_tables tables;

static void make_symbols(void)
{
	for (uint32_t i = 0; i < NR_SYMBOLS; i++) {
		snprintf(names[i], sizeof(names[i]), "%ssym_%u", i % 3 ? "" : "scx_", i);
		symbols[i] = (struct kallsyms_symbol){ names[i], TEXT + 16ULL * i, 'T' };
	}
}

/* An image of noise with `nr` symbols' tables in it. */
static void make_image(struct kallsyms_options options, uint32_t nr, uint32_t at)
{
	uint64_t noise = 88172645463325252ULL;

	make_symbols();
	image = malloc(IMAGE_SIZE);
	ck_assert_ptr_nonnull(image);
	for (size_t i = 0; i < IMAGE_SIZE; i++) {
		noise ^= noise << 13;
		noise ^= noise >> 7;
		noise ^= noise << 17;
		image[i] = (uint8_t)noise;
	}
	tables = kallsyms_build(TEXT + at, symbols, nr, options);
	ck_assert_uint_lt(at + tables.size, IMAGE_SIZE);
	memcpy(image + at, tables.bytes, tables.size);
}

static void drop(void)
{
	free(image);
	free(tables.bytes);
}

static void expect_found(const struct kallsyms_where *where, const char *name)
{
	const struct kallsyms_where *t = &tables.where;

	ck_assert_msg(where->num_syms == t->num_syms, "%s: num_syms", name);
	ck_assert_msg(where->names == t->names, "%s: names", name);
	ck_assert_msg(where->token_table == t->token_table, "%s: token_table", name);
	ck_assert_msg(where->token_index == t->token_index, "%s: token_index", name);
	ck_assert_msg(where->offsets == t->offsets, "%s: offsets", name);
	ck_assert_msg(where->relative_base == t->relative_base, "%s: relative_base", name);
}

START_TEST(tables_of_every_kind_are_found)
{
	static const uint32_t sizes[] = { 257, 300, 511, 512, 513, 768, 999, 1000 };

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
		for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
			struct kallsyms_where where = { 0 };

			make_image(kinds[k].options, sizes[s], TABLES_AT);
			ck_assert_msg(kallsyms_search_bytes(image, IMAGE_SIZE, TEXT, &where),
				      "%s, %u symbols", kinds[k].name, sizes[s]);
			expect_found(&where, kinds[k].name);
			drop();
		}
}
END_TEST

START_TEST(tables_near_either_end_of_the_image_are_found)
{
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		struct kallsyms_where where = { 0 };
		uint8_t *exact;

		/* the image ends with the tables; ASan sees who reads on */
		make_image(kinds[k].options, NR_SYMBOLS, 16);
		exact = malloc(16 + tables.size);
		ck_assert_ptr_nonnull(exact);
		memcpy(exact, image, 16 + tables.size);
		ck_assert(kallsyms_search_bytes(exact, 16 + tables.size, TEXT, &where));
		expect_found(&where, kinds[k].name);
		free(exact);
		drop();
	}
}
END_TEST

START_TEST(an_image_that_ends_within_the_tables_has_none)
{
	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++) {
		struct kallsyms_where where;
		size_t index;

		make_image(kinds[k].options, NR_SYMBOLS, TABLES_AT);
		index = tables.where.token_index - TEXT;
		for (size_t size = 0; size < index + 512;
		     size += size + 97 < TABLES_AT ? 9999 : 97) {
			uint8_t *cut = malloc(size ? size : 1);

			ck_assert_ptr_nonnull(cut);
			memcpy(cut, image, size);
			ck_assert_msg(!kallsyms_search_bytes(cut, size, TEXT, &where), "%zu bytes",
				      size);
			free(cut);
		}
		drop();
	}
}
END_TEST

START_TEST(noise_has_no_tables)
{
	struct kallsyms_where where;

	make_image(kinds[0].options, NR_SYMBOLS, TABLES_AT);
	memset(image + TABLES_AT, 0x5a, tables.size);
	ck_assert(!kallsyms_search_bytes(image, IMAGE_SIZE, TEXT, &where));
	ck_assert(!kallsyms_search_bytes(image, 0, TEXT, &where));
	drop();
}
END_TEST

/* ---- decoys: each stands before the tables, which must be found all the same -- */

static void digits_alone(uint8_t *at)
{
	memcpy(at, "0\0001\0002\0003\0004\0005\0006\0007\0008\0009", 20);
}

static void token_table_alone(uint8_t *at)
{
	size_t from = tables.where.token_table - tables.va;

	memcpy(at, tables.bytes + from, tables.where.token_index - tables.where.token_table);
}

static void tokens_and_index_alone(uint8_t *at)
{
	size_t from = tables.where.token_table - tables.va;

	memcpy(at, tables.bytes + from, tables.where.offsets - tables.where.token_table);
}

static void index_with_an_error(uint8_t *at)
{
	tokens_and_index_alone(at);
	at[tables.where.token_index - tables.where.token_table + 511] ^= 1;
}

static void tables_without_a_count(uint8_t *at)
{
	memcpy(at, tables.bytes, tables.where.offsets - tables.va);
	memset(at, 0, 4);
}

static void tables_with_a_wrong_name(uint8_t *at)
{
	memcpy(at, tables.bytes, tables.where.offsets - tables.va);
	at[tables.where.names - tables.va] ^= 1;
}

static void all_zero_before_the_tokens(uint8_t *at)
{
	memset(at, 0, 256);
	tokens_and_index_alone(at + 256);
}

START_TEST(decoys_are_passed_by)
{
	static void (*const decoys[])(uint8_t * at) = {
		digits_alone,
		token_table_alone,
		tokens_and_index_alone,
		index_with_an_error,
		tables_without_a_count,
		tables_with_a_wrong_name,
		all_zero_before_the_tokens,
	};

	for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
		for (size_t d = 0; d < ARRAY_SIZE(decoys); d++)
			for (unsigned shift = 0; shift < 8; shift += 4) {
				struct kallsyms_where where = { 0 };

				make_image(kinds[k].options, NR_SYMBOLS, TABLES_AT);
				decoys[d](image + 64 + shift);
				ck_assert_msg(
					kallsyms_search_bytes(image, IMAGE_SIZE, TEXT, &where),
					"%s, decoy %zu", kinds[k].name, d);
				expect_found(&where, kinds[k].name);
				drop();
			}
}
END_TEST

START_TEST(an_image_full_of_digits_is_given_up_soon)
{
	struct timespec start, end;
	struct kallsyms_where where;
	/* a sanitizer's memmem() looks at the shadow of all that is left, at each call */
	size_t size = SANITIZED ? 1u << 20 : 64u << 20;
	uint8_t *digits = malloc(size);

	ck_assert_ptr_nonnull(digits);
	for (size_t i = 0; i + 20 <= size; i += 20)
		digits_alone(digits + i);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
	ck_assert(!kallsyms_search_bytes(digits, size, TEXT, &where));
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
	ck_assert_int_lt(end.tv_sec - start.tv_sec, 5);
	free(digits);
}
END_TEST

static const unit_test tests[] = {
	&tables_of_every_kind_are_found,
	&tables_near_either_end_of_the_image_are_found,
	&an_image_that_ends_within_the_tables_has_none,
	&noise_has_no_tables,
	&decoys_are_passed_by,
	&an_image_full_of_digits_is_given_up_soon,
};

UNIT_MAIN("capture_kallsyms_search", tests)
