/* SPDX-License-Identifier: BSD-2-Clause */
/* types.c: members by path, sizes, enums of a well-formed BTF. */
#include <stdio.h>
#include <string.h>

#include "capture/kernel/types.h"
#include "tests/lib/btf_builder.h"
#include "tests/lib/guest_builder.h"
#include "tests/lib/unit.h"

static struct btf_builder b;
static struct types types;
static struct scxray_error err;

static struct {
	uint32_t s32, u32, u64, u8, outer, bits, u64_typedef;
} id;

/*
 * struct outer {
 *	int first;
 *	union { struct { u32 a, b; }; u64 both; };	at 8
 *	struct { union { u8 deep; } ; struct named { u64 x; } in; };	at 16, in at 24
 *	u64 array[5];	at 32
 *	const volatile u64_t *ptr;	at 72
 * };
 */
static void build(void)
{
	uint32_t ab, both, deep, named, tail, array, qualified, ptr;

	btf_builder_init(&b);
	memset(&err, 0, sizeof(err));
	id.s32 = btf_builder_int(&b, "int", 4, true);
	id.u32 = btf_builder_int(&b, "unsigned int", 4, false);
	id.u64 = btf_builder_int(&b, "long unsigned int", 8, false);
	id.u8 = btf_builder_int(&b, "unsigned char", 1, false);
	ab = btf_builder_struct(
		&b, NULL, BTF_KIND_STRUCT, 8,
		(struct btf_builder_member[]){ { "a", id.u32, 0, 0 }, { "b", id.u32, 32, 0 } }, 2);
	both = btf_builder_struct(
		&b, NULL, BTF_KIND_UNION, 8,
		(struct btf_builder_member[]){ { NULL, ab, 0, 0 }, { "both", id.u64, 0, 0 } }, 2);
	deep = btf_builder_struct(&b, NULL, BTF_KIND_UNION, 1,
				  (struct btf_builder_member[]){ { "deep", id.u8, 0, 0 } }, 1);
	named = btf_builder_struct(&b, "named", BTF_KIND_STRUCT, 8,
				   (struct btf_builder_member[]){ { "x", id.u64, 0, 0 } }, 1);
	tail = btf_builder_struct(
		&b, NULL, BTF_KIND_STRUCT, 16,
		(struct btf_builder_member[]){ { NULL, deep, 0, 0 }, { "in", named, 64, 0 } }, 2);
	array = btf_builder_array(&b, id.u64, 5);
	id.u64_typedef = btf_builder_ref(&b, "u64_t", BTF_KIND_TYPEDEF, id.u64);
	qualified = btf_builder_ref(&b, NULL, BTF_KIND_CONST,
				    btf_builder_ref(&b, NULL, BTF_KIND_VOLATILE, id.u64_typedef));
	ptr = btf_builder_ref(&b, NULL, BTF_KIND_PTR, qualified);
	id.outer = btf_builder_struct(&b, "outer", BTF_KIND_STRUCT, 80,
				      (struct btf_builder_member[]){
					      { "first", id.s32, 0, 0 },
					      { NULL, both, 64, 0 },
					      { NULL, tail, 128, 0 },
					      { "array", array, 256, 0 },
					      { "ptr", ptr, 576, 0 },
				      },
				      5);
	id.bits = btf_builder_struct(&b, "bits", BTF_KIND_STRUCT, 16,
				     (struct btf_builder_member[]){
					     { "s3", id.s32, 0, 3 },
					     { "u5", id.u32, 3, 5 },
					     { "u24", id.u32, 12, 20 },
					     { "u64", id.u64, 64, 0 },
					     { "straddles", id.u64, 70, 40 },
				     },
				     5);
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

START_TEST(members_are_found_through_anonymous_ones)
{
	static const struct {
		const char *path;
		bool present;
		uint32_t offset, size;
		bool is_signed;
	} cases[] = {
		{ "first", true, 0, 4, true },
		{ "a", true, 8, 4, false },
		{ "b", true, 12, 4, false },
		{ "both", true, 8, 8, false },
		{ "deep", true, 16, 1, false },
		{ "in", true, 24, 8, false },
		{ "in.x", true, 24, 8, false },
		{ "array", true, 32, 40, false },
		{ "ptr", true, 72, 8, false },
		{ "x", false, 0, 0, false }, /* only within `in` */
		{ "", true, 0, 80, false },
		{ "none", false, 0, 0, false },
		{ "fir", false, 0, 0, false },
		{ "firsts", false, 0, 0, false },
		{ "in.none", false, 0, 0, false },
		{ "first.x", false, 0, 0, false },
		{ "ptr.x", false, 0, 0, false },
		{ ".a", false, 0, 0, false },
		{ "in..x", false, 0, 0, false },
	};

	build();
	ck_assert_msg(!parse(), "%s", err.text);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct member m = types_member(&types, id.outer, cases[i].path);

		ck_assert_msg(m.present == cases[i].present, "\"%s\"", cases[i].path);
		ck_assert_msg(m.offset == cases[i].offset, "\"%s\": %u", cases[i].path, m.offset);
		ck_assert_msg(m.size == cases[i].size, "\"%s\": %u bytes", cases[i].path, m.size);
		ck_assert_msg(m.is_signed == cases[i].is_signed, "\"%s\"", cases[i].path);
		ck_assert_uint_eq(m.bits, 0);
	}
	ck_assert(!types_member(&types, 0, "first").present);
	ck_assert(!types_member(&types, id.u32, "first").present);
	ck_assert(!types_member(&types, 9999, "first").present);
	drop();
}
END_TEST

START_TEST(bitfields_know_their_bits_and_storage)
{
	static const struct {
		const char *path;
		uint32_t offset, size;
		uint8_t bit_offset, bits;
		bool is_signed;
	} cases[] = {
		{ "s3", 0, 1, 0, 3, true },	     { "u5", 0, 1, 3, 5, false },
		{ "u24", 1, 3, 4, 20, false },	     { "u64", 8, 8, 0, 0, false },
		{ "straddles", 8, 6, 6, 40, false },
	};

	build();
	ck_assert(!parse());
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct member m = types_member(&types, id.bits, cases[i].path);

		ck_assert(m.present);
		ck_assert_uint_eq(m.offset, cases[i].offset);
		ck_assert_uint_eq(m.size, cases[i].size);
		ck_assert_uint_eq(m.bit_offset, cases[i].bit_offset);
		ck_assert_uint_eq(m.bits, cases[i].bits);
		ck_assert(m.is_signed == cases[i].is_signed);
	}
	drop();
}
END_TEST

START_TEST(types_are_found_by_name_and_kind)
{
	uint32_t twice, forward, other;

	build();
	forward =
		btf_builder_struct(&b, "later", BTF_KIND_STRUCT, 8, NULL, 0); /* without members */
	twice = btf_builder_struct(&b, "later", BTF_KIND_STRUCT, 8,
				   (struct btf_builder_member[]){ { "x", id.u64, 0, 0 } }, 1);
	btf_builder_struct(&b, "later", BTF_KIND_STRUCT, 4,
			   (struct btf_builder_member[]){ { "y", id.u32, 0, 0 } }, 1);
	other = btf_builder_struct(&b, "later", BTF_KIND_UNION, 4,
				   (struct btf_builder_member[]){ { "z", id.u32, 0, 0 } }, 1);
	ck_assert(!parse());
	ck_assert_uint_eq(types.nr, b.nr_types + 1);
	ck_assert_uint_ne(forward, twice);
	ck_assert_uint_eq(types_find(&types, "outer", BTF_KIND_STRUCT), id.outer);
	ck_assert_uint_eq(types_find(&types, "outer", BTF_KIND_UNION), 0);
	ck_assert_uint_eq(types_find(&types, "later", BTF_KIND_STRUCT),
			  twice); /* the first with members */
	ck_assert_uint_eq(types_find(&types, "later", BTF_KIND_UNION), other);
	ck_assert_uint_eq(types_find(&types, "none", BTF_KIND_STRUCT), 0);
	ck_assert_uint_eq(types_find(&types, "", BTF_KIND_STRUCT), 0);
	drop();
}
END_TEST

START_TEST(thousands_of_names_are_all_found)
{
	enum {
		NR = 8000
	};
	static uint32_t ids[NR];
	char name[16];

	build();
	for (int i = 0; i < NR; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		ids[i] = btf_builder_struct(&b, name, BTF_KIND_STRUCT, 4,
					    (struct btf_builder_member[]){ { "m", id.u32, 0, 0 } },
					    1);
	}
	ck_assert(!parse());
	for (int i = 0; i < NR; i++) {
		snprintf(name, sizeof(name), "s%d", i);
		ck_assert_uint_eq(types_find(&types, name, BTF_KIND_STRUCT), ids[i]);
	}
	drop();
}
END_TEST

START_TEST(strip_and_size_see_through_typedefs_and_arrays)
{
	uint32_t stripped = 0, array, void_ptr, void_typedef;

	build();
	array = btf_builder_array(&b, btf_builder_array(&b, id.u64_typedef, 3), 7);
	void_ptr = btf_builder_ref(&b, NULL, BTF_KIND_PTR, 0);
	void_typedef = btf_builder_ref(&b, "nothing", BTF_KIND_TYPEDEF, 0);
	ck_assert(!parse());
	ck_assert_ptr_nonnull(types_strip(&types, id.u64_typedef, &stripped));
	ck_assert_uint_eq(stripped, id.u64);
	ck_assert_uint_eq(types_size(&types, array), 7 * 3 * 8);
	ck_assert_uint_eq(types_size(&types, void_ptr), 8);
	ck_assert_uint_eq(types_size(&types, void_typedef), 0);
	ck_assert_uint_eq(types_size(&types, 0), 0);
	ck_assert_uint_eq(types_size(&types, 123456), 0);
	ck_assert_uint_eq(types_size(&types, id.outer), 80);
	drop();
}
END_TEST

START_TEST(enums_of_32_and_64_bits_have_names)
{
	static const struct btf_builder_value small[] = { { "NONE", 0 }, { "TOP", 0xffffffff } };
	static const struct btf_builder_value negative[] = { { "MINUS", (uint64_t)-3 },
							     { "ONE", 1 } };
	static const struct btf_builder_value large[] = { { "LOCAL", 1ULL << 63 | 2 },
							  { "LOW", 2 } };
	static const struct {
		const char *type, *name;
		uint64_t value;
	} cases[] = {
		{ "small", "NONE", 0 },
		{ "small", "TOP", 0xffffffff },
		{ "negative", "MINUS", (uint64_t)-3 },
		{ "negative", "ONE", 1 },
		{ "large", "LOCAL", 1ULL << 63 | 2 },
		{ "large", "LOW", 2 },
	};
	uint64_t value;

	build();
	btf_builder_enum(&b, "small", 4, false, small, 2);
	btf_builder_enum(&b, "negative", 4, true, negative, 2);
	btf_builder_enum(&b, "large", 8, false, large, 2);
	ck_assert_msg(!parse(), "%s", err.text);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		ck_assert_str_eq(types_enum_name(&types, cases[i].type, cases[i].value),
				 cases[i].name);
		ck_assert(types_enumerator(&types, cases[i].type, cases[i].name, &value));
		ck_assert_uint_eq(value, cases[i].value);
	}
	ck_assert_ptr_null(types_enum_name(&types, "small", 7));
	ck_assert_ptr_null(types_enum_name(&types, "none", 0));
	ck_assert(!types_enumerator(&types, "small", "NON", &value));
	ck_assert(!types_enumerator(&types, "outer", "first", &value));
	drop();
}
END_TEST

START_TEST(a_blob_is_read_from_guest_memory)
{
	static const uint64_t start = GUEST_KVA + 0xff0; /* not aligned, over pages */
	struct guest_builder g;
	uint32_t size;
	uint8_t *blob;

	build();
	blob = btf_builder_blob(&b, &size);
	guest_init(&g, 0, 1 << 20, 4);
	guest_put(&g, start, blob, size);
	ck_assert(!types_load(&types, &g.guest, start, start + size, NULL, NULL, &err));
	ck_assert_uint_eq(types_find(&types, "outer", BTF_KIND_STRUCT), id.outer);
	types_deinit(&types);
	ck_assert(types_load(&types, &g.guest, start, start, NULL, NULL, &err));
	ck_assert(types_load(&types, &g.guest, start, start - 1, NULL, NULL, &err));
	ck_assert(types_load(&types, &g.guest, start, start + (1ULL << 40), NULL, NULL, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "impossible size"));
	ck_assert(types_load(&types, &g.guest, start, start + 0x8000, NULL, NULL, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "page not mapped"));
	ck_assert_int_eq(err.code, SCXRAY_ERR_UNREAD);
	guest_deinit(&g);
	free(blob);
	drop();
}
END_TEST

START_TEST(types_of_the_same_bytes_are_borrowed)
{
	struct guest_builder g;
	struct types again;
	uint32_t size;
	uint8_t *blob;

	build();
	blob = btf_builder_blob(&b, &size);
	guest_init(&g, 0, 1 << 20, 4);
	guest_put(&g, GUEST_KVA, blob, size);
	ck_assert(!types_load(&types, &g.guest, GUEST_KVA, GUEST_KVA + size, NULL, NULL, &err));
	ck_assert(!types_load(&again, &g.guest, GUEST_KVA, GUEST_KVA + size, NULL, &types, &err));
	ck_assert_ptr_eq(again.btf, types.btf);
	types_deinit(&again);
	ck_assert_uint_eq(types_find(&types, "outer", BTF_KIND_STRUCT), id.outer);
	blob[size - 2] ^= 1; /* the last letter of the last name: another kernel */
	guest_put(&g, GUEST_KVA, blob, size);
	ck_assert(!types_load(&again, &g.guest, GUEST_KVA, GUEST_KVA + size, NULL, &types, &err));
	ck_assert_ptr_ne(again.btf, types.btf);
	types_deinit(&again);
	guest_deinit(&g);
	free(blob);
	drop();
}
END_TEST

static const unit_test tests[] = {
	&members_are_found_through_anonymous_ones,
	&bitfields_know_their_bits_and_storage,
	&types_are_found_by_name_and_kind,
	&thousands_of_names_are_all_found,
	&strip_and_size_see_through_typedefs_and_arrays,
	&enums_of_32_and_64_bits_have_names,
	&a_blob_is_read_from_guest_memory,
	&types_of_the_same_bytes_are_borrowed,
};

UNIT_MAIN("capture_types", tests)
