/* SPDX-License-Identifier: BSD-2-Clause */
/* capture_read_texts.c - texts, masks and flags */
#include "tests/unit/read_fixture.h"

/* ---- text ----------------------------------------------------------------- */

START_TEST(text_arrays_end_at_their_nul_or_their_size)
{
	static const struct {
		const char *bytes;
		size_t len;
	} cases[] = {
		{ "scx_simple\0\0\0\0\0", 10 },
		{ "exactly_16_bytes", 16 }, /* no NUL at all */
		{ "\0hidden\0\0\0\0\0\0\0\0", 0 },
		{ "a\xff\x01\n\x80zzzzz\0\0\0\0\0", 10 }, /* bytes as they are */
	};

	start();
	walk_fixture_member(&f, M_task_struct_comm, 0x20, 16);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct scxray_text text;

		guest_put(&f.b, OBJECT + 0x20, cases[i].bytes, 16);
		guest_put(&f.b, OBJECT + 0x30, "behind", 6);
		text = read_text_array(&f.walk, OBJECT, M_task_struct_comm);
		ck_assert_int_eq(text.state, SCXRAY_PRESENT);
		ck_assert_uint_eq(text.len, cases[i].len);
		ck_assert_mem_eq(text.bytes, cases[i].bytes, cases[i].len);
		ck_assert_int_eq(text.bytes[text.len], '\0');
		ck_assert_uint_eq(text.addr, OBJECT + 0x20);
	}
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(a_text_array_over_a_hole_is_unreadable)
{
	struct scxray_text text;

	start();
	ck_assert_int_eq(read_text_array(&f.walk, OBJECT, M_task_struct_comm).state,
			 SCXRAY_MISSING);
	ck_assert(f.walk.member_missing[M_task_struct_comm]);
	walk_fixture_member(&f, M_task_struct_comm, 0, 16);
	text = read_text_array(&f.walk, HOLE - 15, M_task_struct_comm);
	ck_assert_int_eq(text.state, SCXRAY_UNREADABLE);
	ck_assert_str_eq(text.reason, "page not mapped");
	ck_assert_ptr_null(text.bytes);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(text_behind_a_pointer_may_cross_pages)
{
	static const struct {
		uint64_t addr; /* of 20 characters and a NUL */
		size_t max, len;
	} cases[] = {
		{ OBJECT + 0x100, 100, 20 }, { OBJECT + PAGE_SIZE - 7, 100, 20 },
		{ HOLE - 21, 100, 20 },	     { OBJECT + 0x100, 20, 20 },
		{ OBJECT + 0x100, 19, 19 }, /* cut */
		{ OBJECT + 0x100, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct scxray_text text;

		start();
		walk_fixture_member(&f, M_scx_exit_info_msg, 8, 8);
		guest_put_u64(&f.b, OBJECT + 8, cases[i].addr);
		guest_put(&f.b, cases[i].addr, "abcdefghijklmnopqrst", 21);
		text = read_text_pointer(&f.walk, OBJECT, M_scx_exit_info_msg, cases[i].max);
		ck_assert_int_eq(text.state, SCXRAY_PRESENT);
		ck_assert_msg(text.len == cases[i].len, "case %zu: %zu bytes", i, text.len);
		ck_assert_mem_eq(text.bytes, "abcdefghijklmnopqrst", text.len);
		ck_assert_int_eq(text.bytes[text.len], '\0');
		ck_assert_uint_eq(text.addr, cases[i].addr);
		walk_fixture_deinit(&f);
	}
}
END_TEST

START_TEST(text_behind_a_pointer_has_a_reason_where_there_is_none)
{
	static const struct {
		uint64_t pointer, addr;
		enum scxray_state state;
		const char *reason;
	} cases[] = {
		{ 0, 0, SCXRAY_NONE, NULL },
		{ 8, 8, SCXRAY_UNREADABLE, "NULL pointer" },
		{ UNMAPPED, UNMAPPED, SCXRAY_UNREADABLE, "page not mapped" },
		{ HOLE - 6, HOLE, SCXRAY_UNREADABLE,
		  "page not mapped" }, /* no NUL before the hole */
	};
	struct scxray_text text;
	size_t used;

	start();
	walk_fixture_member(&f, M_scx_exit_info_msg, 8, 8);
	guest_put(&f.b, HOLE - 6, "abcdef", 6);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		guest_put_u64(&f.b, OBJECT + 8, cases[i].pointer);
		text = read_text_pointer(&f.walk, OBJECT, M_scx_exit_info_msg, 100);
		ck_assert_int_eq(text.state, cases[i].state);
		ck_assert_uint_eq(text.addr, cases[i].addr);
		ck_assert_ptr_null(text.bytes);
		if (cases[i].reason)
			ck_assert_str_eq(text.reason, cases[i].reason);
	}
	text = read_text_pointer(&f.walk, UNMAPPED, M_scx_exit_info_msg, 100);
	ck_assert_int_eq(text.state, SCXRAY_UNREADABLE);
	ck_assert_uint_eq(text.addr, UNMAPPED + 8);

	/* a short text takes no more of the pool than it needs, a long one too many is said */
	guest_put_u64(&f.b, OBJECT + 8, OBJECT + 0x200);
	guest_put(&f.b, OBJECT + 0x200, "short", 6);
	used = f.pool.used;
	ck_assert_int_eq(read_text_pointer(&f.walk, OBJECT, M_scx_exit_info_msg, 100000).state,
			 SCXRAY_PRESENT);
	ck_assert_uint_lt(f.pool.used - used, 100);
	text = read_text_pointer(&f.walk, OBJECT, M_scx_exit_info_msg, f.pool.size);
	ck_assert_int_eq(text.state, SCXRAY_UNREADABLE);
	ck_assert_str_eq(text.reason, "report memory is used up");
	walk_fixture_deinit(&f);
}
END_TEST

/* ---- masks and flags ------------------------------------------------------ */

START_TEST(a_cpumask_is_an_array_or_a_pointer_by_btf)
{
	struct btf_builder b;
	uint32_t word, array, pointer;
	struct scxray_cpumask mask;

	start();
	btf_builder_init(&b);
	word = btf_builder_int(&b, "long unsigned int", 8, false);
	array = btf_builder_array(&b, word, 1);
	pointer = btf_builder_ref(&b, "cpumask_var_t", BTF_KIND_TYPEDEF,
				  btf_builder_ref(&b, NULL, BTF_KIND_PTR, array));
	walk_fixture_types(&f, &b);
	f.kernel.nr_cpus = 70;
	guest_put_u64(&f.b, OBJECT + 16, OBJECT + 0x100);
	guest_put_u64(&f.b, OBJECT + 24, UINT64_MAX);
	guest_put_u64(&f.b, OBJECT + 0x100, 0x5);
	guest_put_u64(&f.b, OBJECT + 0x108, UINT64_MAX);

	walk_fixture_member(&f, M_task_struct_cpus_ptr, 16, 8);
	f.kernel.layout.member[M_task_struct_cpus_ptr].type_id = array;
	mask = read_cpumask(&f.walk, OBJECT, M_task_struct_cpus_ptr);
	ck_assert_int_eq(mask.state, SCXRAY_PRESENT);
	ck_assert_uint_eq(mask.addr, OBJECT + 16);
	ck_assert_uint_eq(mask.words[0], OBJECT + 0x100);
	ck_assert_uint_eq(mask.words[1], 0x3f); /* 70 bits, no more */

	f.kernel.layout.member[M_task_struct_cpus_ptr].type_id = pointer;
	mask = read_cpumask(&f.walk, OBJECT, M_task_struct_cpus_ptr);
	ck_assert_int_eq(mask.state, SCXRAY_PRESENT);
	ck_assert_uint_eq(mask.addr, OBJECT + 0x100);
	ck_assert_uint_eq(mask.nr_bits, 70);
	ck_assert_uint_eq(mask.words[0], 0x5);
	ck_assert_uint_eq(mask.words[1], 0x3f);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(a_cpumask_that_is_not_there_says_why)
{
	struct btf_builder b;
	uint32_t pointer;
	struct scxray_cpumask mask;

	start();
	btf_builder_init(&b);
	pointer = btf_builder_ref(&b, NULL, BTF_KIND_PTR, 0);
	walk_fixture_types(&f, &b);
	f.kernel.nr_cpus = 4;
	mask = read_cpumask(&f.walk, OBJECT, M_task_struct_cpus_ptr);
	ck_assert_int_eq(mask.state, SCXRAY_MISSING);
	ck_assert_str_eq(mask.reason, "task_struct.cpus_ptr");
	walk_fixture_member(&f, M_task_struct_cpus_ptr, 16, 8);
	f.kernel.layout.member[M_task_struct_cpus_ptr].type_id = pointer;
	guest_put_u64(&f.b, OBJECT + 16, UNMAPPED);
	mask = read_cpumask(&f.walk, OBJECT, M_task_struct_cpus_ptr);
	ck_assert_int_eq(mask.state, SCXRAY_UNREADABLE);
	ck_assert_uint_eq(mask.addr, UNMAPPED);
	mask = read_cpumask(&f.walk, UNMAPPED, M_task_struct_cpus_ptr);
	ck_assert_int_eq(mask.state, SCXRAY_UNREADABLE);
	ck_assert_uint_eq(mask.addr, UNMAPPED + 16);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(masks_of_64_cpus_use_all_bits_of_their_word)
{
	struct scxray_cpumask mask;

	start();
	guest_put_u64(&f.b, OBJECT, UINT64_MAX);
	f.kernel.nr_cpus = 64;
	mask = read_cpumask_at(&f.walk, OBJECT);
	ck_assert_uint_eq(mask.words[0], UINT64_MAX);
	f.kernel.nr_cpus = 1;
	ck_assert_uint_eq(read_cpumask_at(&f.walk, OBJECT).words[0], 1);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(flags_have_names_and_what_has_none_is_hexadecimal)
{
	static const struct btf_builder_value values[] = {
		{ "RQ_MASK", 3 }, /* two bits: no flag */
		{ "RQ_ONLINE", 1 },	 { "RQ_CAN_STOP", 2 },	 { "RQ_NONE", 0 },
		{ "OTHER", 1ULL << 63 }, { "RQ_ONLINE_TOO", 1 }, /* the first counts */
	};
	static const struct {
		uint64_t value, mask;
		const char *text;
	} cases[] = {
		{ 0, UINT64_MAX, "" },
		{ 1, UINT64_MAX, "ONLINE" },
		{ 3, UINT64_MAX, "ONLINE|CAN_STOP" },
		{ 0x43, UINT64_MAX, "ONLINE|CAN_STOP|0x40" },
		{ 0x40, UINT64_MAX, "0x40" },
		{ 1ULL << 63 | 2, UINT64_MAX, "CAN_STOP|OTHER" },
		{ 0xff, 2, "CAN_STOP" },
		{ 0xff, 0x30, "0x30" },
	};
	struct btf_builder b;

	start();
	btf_builder_init(&b);
	btf_builder_enum(&b, "flags", 8, false, values, ARRAY_SIZE(values));
	walk_fixture_types(&f, &b);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		ck_assert_str_eq(flag_names(&f.walk, "flags", "RQ_", cases[i].value, cases[i].mask),
				 cases[i].text);
	ck_assert_str_eq(flag_names(&f.walk, "none", "RQ_", 5, UINT64_MAX), "0x5");
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(more_flags_than_fit_are_named_or_hexadecimal_but_not_both)
{
	static char names[64][64];
	static struct btf_builder_value values[64];
	const char *text, *hex;
	struct btf_builder b;
	unsigned named = 0;

	start();
	btf_builder_init(&b);
	for (int i = 0; i < 64; i++) {
		snprintf(names[i], sizeof(names[i]), "FLAG_%02d_of_a_name_that_is_longer_than_most",
			 i);
		values[i] = (struct btf_builder_value){ names[i], 1ULL << i };
	}
	btf_builder_enum(&b, "flags", 8, false, values, 64);
	walk_fixture_types(&f, &b);
	text = flag_names(&f.walk, "flags", "", UINT64_MAX, UINT64_MAX);
	ck_assert_uint_lt(strlen(text), 512);
	for (const char *at = text; (at = strstr(at, "FLAG_")); at++)
		named++;
	hex = strstr(text, "|0x");
	ck_assert_ptr_nonnull(hex);
	ck_assert_int_eq(named + (unsigned)__builtin_popcountll(strtoull(hex + 1, NULL, 16)), 64);
	walk_fixture_deinit(&f);
}
END_TEST

static const unit_test tests[] = {
	&text_arrays_end_at_their_nul_or_their_size,
	&a_text_array_over_a_hole_is_unreadable,
	&text_behind_a_pointer_may_cross_pages,
	&text_behind_a_pointer_has_a_reason_where_there_is_none,
	&a_cpumask_is_an_array_or_a_pointer_by_btf,
	&a_cpumask_that_is_not_there_says_why,
	&masks_of_64_cpus_use_all_bits_of_their_word,
	&flags_have_names_and_what_has_none_is_hexadecimal,
	&more_flags_than_fit_are_named_or_hexadecimal_but_not_both,
};

UNIT_MAIN("capture_read_texts", tests)
