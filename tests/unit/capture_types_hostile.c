/* SPDX-License-Identifier: BSD-2-Clause */
/* types.c: BTF that a guest made up to crash or to stall whoever reads it. */
#include <stdio.h>
#include <string.h>

#include "capture/kernel/types.h"
#include "tests/lib/btf_builder.h"
#include "tests/lib/unit.h"

#define KIND_ENUM64 19
#define NO_SUCH_ID 1000
#define NO_SUCH_NAME 0x7fffff00

static struct btf_builder b;
static struct types types;
static struct scxray_error err;
static uint32_t u32_id;

static void start(void)
{
	btf_builder_init(&b);
	memset(&err, 0, sizeof(err));
	u32_id = btf_builder_int(&b, "unsigned int", 4, false);
}

static int parse(void)
{
	return btf_builder_parse(&b, &types, &err);
}

static void drop(void)
{
	types_deinit(&types);
	btf_builder_deinit(&b);
}

START_TEST(references_out_of_range_are_refused)
{
	static const struct {
		uint32_t name_off, kind, vlen, size_or_type;
		uint32_t words[3];
		size_t nr;
	} cases[] = {
		{ 0, BTF_KIND_PTR, 0, NO_SUCH_ID, { 0 }, 0 },
		{ 0, BTF_KIND_TYPEDEF, 0, NO_SUCH_ID, { 0 }, 0 },
		{ 0, BTF_KIND_CONST, 0, UINT32_MAX, { 0 }, 0 },
		{ 0, BTF_KIND_VOLATILE, 0, NO_SUCH_ID, { 0 }, 0 },
		{ 0, BTF_KIND_RESTRICT, 0, NO_SUCH_ID, { 0 }, 0 },
		{ 0, BTF_KIND_FUNC, 0, NO_SUCH_ID, { 0 }, 0 },
		{ 0, BTF_KIND_VAR, 0, NO_SUCH_ID, { 0 }, 1 },
		{ 0, BTF_KIND_TYPE_TAG, 0, NO_SUCH_ID, { 0 }, 0 },
		{ 0, BTF_KIND_DECL_TAG, 0, NO_SUCH_ID, { 0 }, 1 },
		{ 0, BTF_KIND_ARRAY, 0, 0, { NO_SUCH_ID, 1, 1 }, 3 },
		{ 0, BTF_KIND_ARRAY, 0, 0, { 1, NO_SUCH_ID, 1 }, 3 },
		{ 0, BTF_KIND_STRUCT, 1, 8, { 0, NO_SUCH_ID, 0 }, 3 },
		{ 0, BTF_KIND_STRUCT, 1, 8, { NO_SUCH_NAME, 1, 0 }, 3 },
		{ 0, BTF_KIND_UNION, 1, 8, { 0, NO_SUCH_ID, 0 }, 3 },
		{ 0, BTF_KIND_ENUM, 1, 4, { NO_SUCH_NAME, 1 }, 2 },
		{ 0, KIND_ENUM64, 1, 8, { NO_SUCH_NAME, 1, 0 }, 3 },
		{ 0, BTF_KIND_FUNC_PROTO, 1, 1, { 0, NO_SUCH_ID }, 2 },
		{ 0, BTF_KIND_FUNC_PROTO, 1, 1, { NO_SUCH_NAME, 1 }, 2 },
		{ 0, BTF_KIND_FUNC_PROTO, 0, NO_SUCH_ID, { 0 }, 0 },
		{ 0, BTF_KIND_DATASEC, 1, 8, { NO_SUCH_ID, 0, 8 }, 3 },
		{ NO_SUCH_NAME, BTF_KIND_INT, 0, 4, { 32 }, 1 },
		{ NO_SUCH_NAME, BTF_KIND_STRUCT, 0, 4, { 0 }, 0 },
		{ NO_SUCH_NAME, BTF_KIND_FWD, 0, 0, { 0 }, 0 },
		{ NO_SUCH_NAME, BTF_KIND_FLOAT, 0, 8, { 0 }, 0 },
		{ 0, 30, 0, 0, { 0 }, 0 },		     /* no such kind */
		{ 0, BTF_KIND_STRUCT, 0xffff, 8, { 0 }, 3 }, /* members beyond the blob */
		{ 0, BTF_KIND_ENUM, 0xffff, 4, { 0 }, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		start();
		btf_builder_type(&b, cases[i].name_off, cases[i].kind, cases[i].vlen, false,
				 cases[i].size_or_type, cases[i].words, cases[i].nr);
		ck_assert_msg(parse() == -1, "case %zu was accepted", i);
		ck_assert_str_ne(err.text, "");
		ck_assert_ptr_null(types.btf);
		ck_assert_ptr_null(types.by_name);
		drop();
	}
}
END_TEST

START_TEST(blobs_that_are_no_btf_are_refused)
{
	uint32_t size, word;
	uint8_t *blob;

	start();
	blob = btf_builder_blob(&b, &size);
	for (uint32_t n = 0; n < size; n++) { /* cut at every byte, on an exact heap block */
		uint8_t *cut = malloc(n ? n : 1);

		ck_assert_ptr_nonnull(cut);
		memcpy(cut, blob, n);
		ck_assert_msg(types_parse(&types, cut, n, &err) == -1, "%u of %u bytes", n, size);
		free(cut);
	}
	for (uint32_t at = 0; at < 24; at += 4) /* each field of the header */
		for (int bit = 0; bit < 32; bit++) {
			uint8_t *flipped = malloc(size);

			ck_assert_ptr_nonnull(flipped);
			memcpy(flipped, blob, size);
			memcpy(&word, flipped + at, 4);
			word ^= 1u << bit;
			memcpy(flipped + at, &word, 4);
			if (!types_parse(&types, flipped, size, &err)) /* flags carry no meaning */
				types_deinit(&types);
			free(flipped);
		}
	free(blob);
	drop();
}
END_TEST

START_TEST(loops_of_typedefs_end)
{
	static const uint32_t lengths[] = { 1, 2, 40 };

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		uint32_t first, stripped, array, owner;

		start();
		first = b.nr_types + 1;
		for (uint32_t n = 0; n < lengths[i]; n++)
			btf_builder_ref(&b, "loop", n % 2 ? BTF_KIND_CONST : BTF_KIND_TYPEDEF,
					first + (n + 1) % lengths[i]);
		array = btf_builder_array(&b, first, 4);
		owner = btf_builder_struct(&b, "owner", BTF_KIND_STRUCT, 8,
					   (struct btf_builder_member[]){ { NULL, first, 0, 0 },
									  { "m", first, 0, 0 } },
					   2);
		if (!parse()) { /* libbpf may see it; if it doesn't, we have to */
			ck_assert_ptr_null(types_strip(&types, first, &stripped));
			ck_assert_uint_eq(types_size(&types, first), 0);
			ck_assert_uint_eq(types_size(&types, array), 0);
			ck_assert(types_member(&types, owner, "m").present);
			ck_assert_uint_eq(types_member(&types, owner, "m").size, 0);
			ck_assert(!types_member(&types, owner, "m.x").present);
		}
		drop();
	}
}
END_TEST

START_TEST(an_array_of_itself_has_no_size)
{
	uint32_t self;

	start();
	self = b.nr_types + 1;
	btf_builder_array(&b, self, 1);
	btf_builder_array(&b, self + 1, 0x80000000);
	if (!parse()) {
		ck_assert_uint_eq(types_size(&types, self), 0);
		ck_assert_uint_eq(types_size(&types, self + 1), 0);
	}
	drop();
}
END_TEST

START_TEST(absurd_sizes_are_no_sizes)
{
	uint32_t huge, array, square;

	start();
	huge = btf_builder_struct(&b, "huge", BTF_KIND_STRUCT, UINT32_MAX,
				  (struct btf_builder_member[]){ { "m", u32_id, 0xfffff8, 0 } }, 1);
	array = btf_builder_array(&b, huge, UINT32_MAX);
	square = btf_builder_array(&b, btf_builder_array(&b, u32_id, 0x10000), 0x10000);
	ck_assert(!parse());
	ck_assert_uint_eq(types_size(&types, huge), UINT32_MAX);
	ck_assert_uint_eq(types_size(&types, array), 0);
	ck_assert_uint_eq(types_size(&types, square), 0);
	ck_assert_uint_eq(types_member(&types, huge, "m").offset, 0x1fffff);
	drop();
}
END_TEST

/* A struct whose anonymous members are the struct itself: each level has `width` ways down. */
static uint32_t put_self(uint32_t width)
{
	struct btf_builder_member *members = calloc(width, sizeof(*members));
	uint32_t self = b.nr_types + 1;

	ck_assert_ptr_nonnull(members);
	for (uint32_t i = 0; i < width; i++)
		members[i] = (struct btf_builder_member){ NULL, self, 0, 0 };
	btf_builder_struct(&b, "task_struct", BTF_KIND_STRUCT, 8, members, width);
	free(members);
	return self;
}

START_TEST(a_struct_within_itself_is_searched_and_left)
{
	static const uint32_t widths[] = { 1, 2, 10, 1000, 0xffff };

	for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
		uint32_t self;

		start();
		self = put_self(widths[i]);
		ck_assert(!parse());
		for (int n = 0; n < 20; n++) /* as often as one struct has rows in the layout */
			ck_assert(!types_member(&types, self, "pid.x").present);
		drop();
	}
}
END_TEST

START_TEST(a_million_types_of_one_name_are_indexed_in_time)
{
	uint32_t name, found;

	start();
	name = btf_builder_string(&b, "rq");
	for (int i = 0; i < 400000; i++)
		btf_builder_type(&b, name, BTF_KIND_ENUM, 1, false, 4, (uint32_t[]){ 0, 1 }, 2);
	if (!parse()) {
		found = types_find(&types, "rq", BTF_KIND_STRUCT);
		ck_assert_uint_eq(found, 0);
	} else {
		ck_assert_str_ne(err.text, "");
	}
	drop();
}
END_TEST

START_TEST(names_made_to_collide_are_refused)
{
	char name[16];
	uint32_t nr = 0;

	start();
	for (uint32_t i = 0; nr < 400; i++) { /* FNV-1a, as in types.c, in a table of 1024 */
		uint32_t hash = 2166136261u;

		snprintf(name, sizeof(name), "n%u", i);
		for (const char *c = name; *c; c++)
			hash = (hash ^ (uint8_t)*c) * 16777619u;
		if (hash % 1024 != 77)
			continue;
		btf_builder_enum(&b, name, 4, false, (struct btf_builder_value[]){ { "V", 1 } }, 1);
		nr++;
	}
	ck_assert_int_eq(parse(), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "too many names of one hash"));
	drop();
}
END_TEST

static const unit_test tests[] = {
	&references_out_of_range_are_refused,
	&blobs_that_are_no_btf_are_refused,
	&loops_of_typedefs_end,
	&an_array_of_itself_has_no_size,
	&absurd_sizes_are_no_sizes,
	&a_struct_within_itself_is_searched_and_left,
	&a_million_types_of_one_name_are_indexed_in_time,
	&names_made_to_collide_are_refused,
};

UNIT_MAIN("capture_types_hostile", tests)
