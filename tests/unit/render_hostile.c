/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render_hostile.c - types and bytes that a guest made up to do harm
 *
 * Each must end, within its budgets and without a read outside the bytes (the
 * sanitizers watch), and must say what is wrong.
 */
#include <scxray/map.h>
#include <scxray/task.h>

#include "render/diff/values.h"
#include "tests/render/values.h"
#include "tests/lib/unit.h"

static struct btf_type *type_of(struct types *t, int id)
{
	return (struct btf_type *)btf__type_by_id(t->btf, (uint32_t)id);
}

static void expect(struct types *t, int id, size_t size, const char *part)
{
	uint8_t *bytes = calloc(1, size + 1);
	char *got;

	memset(bytes, 0x11, size);
	got = render(true, t->btf, id, bytes, size, NULL);
	ck_assert_msg(strstr(got, part), "%s: no %s", got, part);
	free(got);
	got = render(false, t->btf, id, bytes, size, NULL);
	ck_assert_msg(strlen(got) > 0, "no text");
	free(got);
	free(bytes);
}

START_TEST(type_ids_out_of_range)
{
	struct types t = types_create();
	int array = btf__add_array(t.btf, t.u32, t.u32, 4), ptr, td, s;

	expect(&t, 12345678, 8, "type id outside the BTF");
	expect(&t, 0, 8, "void");
	btf_array(type_of(&t, array))->type = 0x7fffffff;
	expect(&t, array, 16, "array whose size makes no sense");
	td = btf__add_typedef(t.btf, "td", t.u32);
	type_of(&t, td)->type = 0xffffffff;
	expect(&t, td, 4, "type id outside the BTF");
	ptr = btf__add_ptr(t.btf, t.u32);
	type_of(&t, ptr)->type = 0xfffffff0;
	expect(&t, ptr, 8, "\"kind\":\"ptr\"");
	s = btf__add_struct(t.btf, "s", 8);
	btf__add_field(t.btf, "m", t.u32, 0, 0);
	btf_members(type_of(&t, s))->type = 4000000000u;
	expect(&t, s, 8, "type id outside the BTF");
	btf__free(t.btf);
}
END_TEST

START_TEST(cycles_of_types)
{
	struct types t = types_create();
	int a = btf__add_typedef(t.btf, "a", t.u32), b = btf__add_const(t.btf, a);
	int array = btf__add_array(t.btf, t.u32, t.u32, 1), s;

	type_of(&t, a)->type = (uint32_t)b;
	expect(&t, a, 4, "a cycle of them");
	btf_array(type_of(&t, array))->type = (uint32_t)array;
	expect(&t, array, 64, "array whose size makes no sense");
	/* a struct that contains itself, at its own beginning */
	s = btf__add_struct(t.btf, "self", 8);
	btf__add_field(t.btf, "me", s, 0, 0);
	expect(&t, s, 8, "render depth exceeded");
	btf__free(t.btf);
}
END_TEST

START_TEST(structs_that_multiply)
{
	struct types t = types_create();
	struct scxray_value_options few = { .max_nodes = 1000 };
	int s = btf__add_struct(t.btf, "bomb", 8);
	uint64_t v = 1;
	char *got;

	/* 16 times itself, 32 levels: 2^128 nodes without a budget */
	for (int i = 0; i < 16; i++) {
		char name[] = { 'm', (char)('a' + i), 0 };

		ck_assert_int_eq(btf__add_field(t.btf, name, s, 0, 0), 0);
	}
	got = render(true, t.btf, s, &v, 8, &few);
	ck_assert_ptr_nonnull(strstr(got, "the budget of nodes for one value is used up"));
	ck_assert_uint_lt(strlen(got), 1000 * 200);
	free(got);
	got = render(false, t.btf, s, &v, 8, &few);
	ck_assert_ptr_nonnull(strstr(got, "the budget of nodes for one value is used up"));
	free(got);
	/* and with the default budget, in bearable time */
	expect(&t, s, 8, "the budget of nodes for one value is used up");
	btf__free(t.btf);
}
END_TEST

START_TEST(unions_of_large_members)
{
	struct types t = types_create();
	struct scxray_value_options few = { .max_bytes = 3000 };
	int blob = btf__add_array(t.btf, t.u32, t.chr, 1000), u;
	char bytes[1000];
	char *got;

	memset(bytes, 'x', sizeof(bytes));
	u = btf__add_union(t.btf, "wide", 1000);
	for (int i = 0; i < 20; i++) {
		char name[] = { 'm', (char)('a' + i), 0 };

		btf__add_field(t.btf, name, blob, 0, 0);
	}
	got = render(true, t.btf, u, bytes, 1000, &few);
	ck_assert_ptr_nonnull(strstr(got, "the budget of bytes for one value is used up"));
	ck_assert_uint_lt(strlen(got), 3 * 3100 + 2000);
	free(got);
	btf__free(t.btf);
}
END_TEST

START_TEST(members_outside_their_struct)
{
	struct types t = types_create();
	int s = btf__add_struct(t.btf, "s", 8), bits, flex;

	btf__add_field(t.btf, "a", t.u64, 0, 0);
	btf_members(type_of(&t, s))->offset = 0xfffffff8;
	expect(&t, s, 8, "member lies outside its struct");
	expect(&t, s, 0, "\"had\":0");
	btf_members(type_of(&t, s))->offset = 32;
	expect(&t, s, 8, "member lies outside its struct");
	/* the struct claims more than there is */
	type_of(&t, s)->size = 0xffffffff;
	btf_members(type_of(&t, s))->offset = 0x7ffffff8;
	expect(&t, s, 8, "\"kind\":\"truncated\",\"needed\":4294967295");

	bits = btf__add_struct(t.btf, "bits", 4);
	btf__add_field(t.btf, "b", t.u32, 0, 7);
	btf_members(type_of(&t, bits))->offset = 0xff000000 | 30;
	expect(&t, bits, 4, "member lies outside its struct");
	type_of(&t, bits)->size = 100;
	expect(&t, bits, 100, "bitfield wider than 128 bits");
	btf_members(type_of(&t, bits))->offset = 0x80000000 | 7; /* 128 bits from bit 7 */
	expect(&t, bits, 17, "\"bits\":128");
	expect(&t, bits, 16, "\"kind\":\"truncated\"");

	flex = btf__add_array(t.btf, t.u32, t.u64, 0);
	s = btf__add_struct(t.btf, "tail", 8);
	btf__add_field(t.btf, "nr_data", t.u64, 0, 0);
	btf__add_field(t.btf, "data", flex, 64, 0);
	/* 0x1111111111111111 elements of 8 bytes do not fit 64 bits */
	expect(&t, s, 24, "\"needed\":9838263505978427528");
	btf_members(type_of(&t, s))[1].offset = 0x00fffff8;
	expect(&t, s, 24, "member lies outside its struct");
	btf__free(t.btf);
}
END_TEST

START_TEST(absurd_sizes)
{
	struct types t = types_create();
	int inner = btf__add_array(t.btf, t.u32, t.u64, 0xffffffff), outer, odd, zero, empty;

	expect(&t, inner, 16, "\"needed\":34359738360");
	outer = btf__add_array(t.btf, t.u32, inner, 0xffffffff);
	expect(&t, outer, 16, "array whose size makes no sense");

	odd = btf__add_int(t.btf, "odd", 4, 0);
	*(uint32_t *)(type_of(&t, odd) + 1) = 200; /* bits */
	expect(&t, odd, 4, "integer type whose size and bits do not agree");
	*(uint32_t *)(type_of(&t, odd) + 1) = 255 << 16 | 32; /* offset */
	expect(&t, odd, 4, "integer type whose size and bits do not agree");
	*(uint32_t *)(type_of(&t, odd) + 1) = 0;
	expect(&t, odd, 4, "integer type whose size and bits do not agree");
	type_of(&t, odd)->size = 0;
	expect(&t, odd, 4, "integer type whose size and bits do not agree");

	type_of(&t, t.f64)->size = 5;
	expect(&t, t.f64, 5, "float of an unknown size");

	/* four billion elements of no size */
	empty = btf__add_struct(t.btf, "empty", 0);
	zero = btf__add_array(t.btf, t.u32, empty, 0xffffffff);
	expect(&t, zero, 0, "4096 of 4294967295 elements shown");
	btf__free(t.btf);
}
END_TEST

START_TEST(enums_of_odd_sizes)
{
	struct types t = types_create();
	int e = btf__add_enum(t.btf, "e", 4);
	static const uint32_t sizes[] = { 0, 3, 8, 100, 0xffffffff };

	btf__add_enum_value(t.btf, "A", 1);
	btf__add_enum_value(t.btf, "B", 4);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		type_of(&t, e)->size = sizes[i];
		expect(&t, e, 8,
		       sizes[i] == 3  ? "\"bits\":24"
		       : sizes[i] > 8 ? "truncated"
				      : "integer type whose size and bits do not agree");
	}
	btf__free(t.btf);
}
END_TEST

START_TEST(names_that_are_no_names)
{
	struct types t = types_create();
	int s = btf__add_struct(t.btf, "s\033[2J\"\xff", 4);
	uint32_t v = 3;

	btf__add_field(t.btf, "a\nb", t.u32, 0, 0);
	ck_text(t.btf, s, &v, 4, "s\\x1b[2J\"\\xff{a\\nb=3}");
	ck_json(t.btf, s, &v, 4,
		"{\"kind\":\"struct\",\"type_name\":\"s\\u001b[2J\\\"\\\\xff\",\"members\":["
		"{\"name\":\"a\\nb\",\"value\":{\"kind\":\"uint\",\"bits\":32,\"value\":3}}]}");
	/* a name beyond the strings */
	type_of(&t, s)->name_off = 0x7fffffff;
	ck_text(t.btf, s, &v, 4, "{a\\nb=3}");
	btf__free(t.btf);
}
END_TEST

START_TEST(sections_that_lie)
{
	struct types t = types_create();
	int x = btf__add_var(t.btf, "x", BTF_VAR_GLOBAL_ALLOCATED, t.u64);
	int sec = btf__add_datasec(t.btf, ".data", 16);

	btf__add_datasec_var_info(t.btf, x, 0, 8);
	btf_var_secinfos(type_of(&t, sec))->offset = 0xfffffffc;
	expect(&t, sec, 16, "variable lies outside its section");
	btf_var_secinfos(type_of(&t, sec))->offset = 0;
	btf_var_secinfos(type_of(&t, sec))->size = 4;
	expect(&t, sec, 16, "\"kind\":\"truncated\",\"needed\":8,\"had\":4");
	btf_var_secinfos(type_of(&t, sec))->type = (uint32_t)t.u64;
	expect(&t, sec, 16, "section entry that is no variable");
	btf__free(t.btf);
}
END_TEST

START_TEST(masks_that_lie)
{
	struct types t = types_create();
	int s = btf__add_struct(t.btf, "scx_bitmap", 4), huge;

	/* too short for what its name promises: shown as the struct that it is */
	btf__add_field(t.btf, "tid", t.u32, 0, 0);
	expect(&t, s, 4, "\"type_name\":\"scx_bitmap\"");
	huge = btf__add_struct(t.btf, "cpumask", 0x7fffffff);
	expect(&t, huge, 16, "\"kind\":\"truncated\"");
	btf__free(t.btf);
}
END_TEST

/* The difference to bytes of which every third is another one. */
static void differ(const struct btf *btf, uint32_t id, const uint8_t *bytes, uint32_t size)
{
	uint8_t *was = malloc(size ? size : 1), *is = malloc(size ? size : 1);
	struct scxray_value new = {
		.btf = btf, .type_id = id, .bytes = is, .size = size, .state = SCXRAY_PRESENT
	};
	struct value_budget budget = { .nodes = 2000, .bytes = 20000 };
	struct scxray_value old = new;
	struct value_diff found;
	struct diff d = { 0 };

	memcpy(is, bytes, size);
	for (uint32_t i = 0; i < size; i++)
		was[i] = bytes[i] ^ (i % 3 ? 0 : 0x41);
	old.bytes = was;
	found = diff_values(&d, &old, &new, 16, &budget);
	ck_assert_uint_le(d.nr_changes, 16);
	ck_assert_uint_ge(found.nr_changes, d.nr_changes);
	ck_assert_int_eq(d.error, 0);
	diff_deinit(&d);
	free(was);
	free(is);
}

/* Any bits at all as types: whatever comes, it ends. */
START_TEST(random_types)
{
	uint64_t seed = 88172645463325252ULL;

	for (int round = 0; round < 200; round++) {
		struct types t = types_create();
		struct scxray_value_options few = { .max_nodes = 2000, .max_bytes = 20000 };
		uint8_t bytes[64];
		uint32_t nr;

		for (int i = 0; i < 12; i++) {
			int s = btf__add_struct(t.btf, "s", 32);

			ck_assert_int_gt(s, 0);
			for (int m = 0; m < 3; m++)
				btf__add_field(t.btf, "nr", 1 + (i * 3 + m) % 12, (uint32_t)m * 64,
					       0);
			btf__add_array(t.btf, t.u32, s, 3);
			btf__add_ptr(t.btf, s);
			btf__add_enum(t.btf, "e", 4);
			btf__add_enum_value(t.btf, "A", i);
		}
		nr = btf__type_cnt(t.btf);
		for (uint32_t id = 1; id < nr; id++) {
			struct btf_type *type = type_of(&t, (int)id);
			uint32_t *words = (uint32_t *)type;
			/* the words behind the header that every kind of these has */
			unsigned n = btf_is_ptr(type)	      ? 3
				     : btf_is_array(type)     ? 6
				     : btf_is_composite(type) ? 12
				     : btf_is_float(type)     ? 3
							      : 4;

			for (unsigned w = 0; w < n; w++) {
				seed ^= seed << 13;
				seed ^= seed >> 7;
				seed ^= seed << 17;
				/* kinds and counts stay: libbpf has checked that much */
				if (w == 1 || seed % 4)
					continue;
				words[w] = seed >> 40 & 1 ? (uint32_t)(seed >> 32) % 64
							  : (uint32_t)(seed >> 16);
			}
		}
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)(seed >> i % 8 * 8);
		for (uint32_t id = 1; id < nr; id++) {
			free(render(true, t.btf, (int)id, bytes, sizeof(bytes), &few));
			free(render(false, t.btf, (int)id, bytes, id % 64, &few));
			differ(t.btf, id, bytes, sizeof(bytes));
			differ(t.btf, id, bytes, id % 64);
		}
		btf__free(t.btf);
	}
}
END_TEST

static const unit_test tests[] = {
	&type_ids_out_of_range,
	&cycles_of_types,
	&structs_that_multiply,
	&unions_of_large_members,
	&members_outside_their_struct,
	&absurd_sizes,
	&enums_of_odd_sizes,
	&names_that_are_no_names,
	&sections_that_lie,
	&masks_that_lie,
	&random_types,
};

UNIT_MAIN("render_hostile", tests)
