/* SPDX-License-Identifier: BSD-2-Clause */
/* read.c: members as numbers, texts and masks that know why they are none. */
#include "tests/unit/read_fixture.h"

/* ---- numbers -------------------------------------------------------------- */

START_TEST(integers_are_extended_by_their_sign)
{
	static const struct {
		uint32_t size;
		bool is_signed;
		uint64_t value;
	} cases[] = {
		{ 1, false, 0x81 },
		{ 1, true, 0xffffffffffffff81 },
		{ 2, false, 0x8281 },
		{ 2, true, 0xffffffffffff8281 },
		{ 4, false, 0x84838281 },
		{ 4, true, 0xffffffff84838281 },
		{ 8, false, 0x8887868584838281 },
		{ 8, true, 0x8887868584838281 },
	};
	static const uint8_t bytes[] = { 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88 };

	start();
	guest_put(&f.b, OBJECT + 3, bytes, sizeof(bytes));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct scxray_num num =
			read_int(&f.walk, OBJECT + 3, cases[i].size, cases[i].is_signed);

		ck_assert_int_eq(num.state, SCXRAY_PRESENT);
		ck_assert_uint_eq(num.value, cases[i].value);
	}
	guest_put(&f.b, OBJECT + 3, "\x7f", 1);
	ck_assert_uint_eq(read_int(&f.walk, OBJECT + 3, 1, true).value, 0x7f);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(what_is_no_integer_is_unreadable_not_zero)
{
	static const uint32_t sizes[] = { 0, 9, 16, UINT32_MAX };

	start();
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct scxray_num num = read_int(&f.walk, OBJECT, sizes[i], true);

		ck_assert_int_eq(num.state, SCXRAY_UNREADABLE);
		ck_assert_uint_eq(num.value, OBJECT);
		ck_assert_ptr_nonnull(num.reason);
	}
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(unreadable_members_say_where_and_why)
{
	static const struct {
		uint64_t base;
		const char *reason;
	} cases[] = {
		{ UNMAPPED, "page not mapped" },
		{ HOLE - 8 - 4, "page not mapped" }, /* half of it is there */
		{ 0, "NULL pointer" },
		{ 0x6b6b6b6b6b6b6b6b, "page not mapped" },
	};

	start();
	walk_fixture_member(&f, M_rq_curr, 8, 8);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct scxray_num num = read_member(&f.walk, cases[i].base, M_rq_curr);

		ck_assert_int_eq(num.state, SCXRAY_UNREADABLE);
		ck_assert_uint_eq(num.value, cases[i].base + 8);
		ck_assert_str_eq(num.reason, cases[i].reason);
	}
	ck_assert(!f.walk.member_missing[M_rq_curr]);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(missing_members_and_symbols_are_named_and_remembered)
{
	struct scxray_num num;

	start();
	num = read_member(&f.walk, OBJECT, M_scx_rq_ops_qseq);
	ck_assert_int_eq(num.state, SCXRAY_MISSING);
	ck_assert_str_eq(num.reason, "scx_rq.ops_qseq");
	ck_assert(f.walk.member_missing[M_scx_rq_ops_qseq]);
	num = read_symbol(&f.walk, S_scx_root, false);
	ck_assert_int_eq(num.state, SCXRAY_MISSING);
	ck_assert_str_eq(num.reason, "scx_root");
	ck_assert(f.walk.symbol_missing[S_scx_root]);
	/* where one of several shapes is asked for, absence is normal */
	num = read_optional(&f.walk, OBJECT, M_scx_rq_pnt_seq);
	ck_assert_int_eq(num.state, SCXRAY_NONE);
	ck_assert(!f.walk.member_missing[M_scx_rq_pnt_seq]);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(symbols_are_read_in_the_size_of_the_layout)
{
	start();
	guest_put_u64(&f.b, OBJECT, 0xffffffff80000001);
	f.kernel.layout.symbol[S_nr_cpu_ids] = OBJECT;
	f.kernel.layout.symbol[S_scx_root] = OBJECT;
	f.kernel.layout.symbol[S_jiffies_64] = UNMAPPED;
	ck_assert_uint_eq(read_symbol(&f.walk, S_nr_cpu_ids, false).value, 0x80000001);
	ck_assert_uint_eq(read_symbol(&f.walk, S_nr_cpu_ids, true).value, 0xffffffff80000001);
	ck_assert_uint_eq(read_symbol(&f.walk, S_scx_root, false).value, 0xffffffff80000001);
	ck_assert_int_eq(read_symbol(&f.walk, S_jiffies_64, false).state, SCXRAY_UNREADABLE);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(bitfields_are_cut_out_and_keep_their_sign)
{
	static const struct {
		struct member m;
		uint64_t value;
	} cases[] = {
		/* the bytes from offset 16 on: b5 c3 0f f0 ff ff ff ff 81 */
		{ { .offset = 16, .size = 1, .bit_offset = 0, .bits = 3 }, 5 },
		{ { .offset = 16, .size = 1, .bit_offset = 0, .bits = 3, .is_signed = true },
		  (uint64_t)-3 },
		{ { .offset = 16, .size = 1, .bit_offset = 3, .bits = 5 }, 0x16 },
		{ { .offset = 16, .size = 1, .bit_offset = 7, .bits = 1 }, 1 },
		{ { .offset = 16, .size = 1, .bit_offset = 7, .bits = 1, .is_signed = true },
		  UINT64_MAX },
		{ { .offset = 16, .size = 3, .bit_offset = 4, .bits = 20 }, 0x0fc3b },
		{ { .offset = 16, .size = 8, .bit_offset = 0, .bits = 64 }, 0xfffffffff00fc3b5 },
		{ { .offset = 16, .size = 8, .bit_offset = 4, .bits = 60, .is_signed = true },
		  0xffffffffff00fc3b },
	};

	start();
	guest_put(&f.b, OBJECT + 16, "\xb5\xc3\x0f\xf0\xff\xff\xff\xff\x81", 9);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct scxray_num num;

		f.kernel.layout.member[M_task_struct_policy] = cases[i].m;
		f.kernel.layout.member[M_task_struct_policy].present = true;
		num = read_member(&f.walk, OBJECT, M_task_struct_policy);
		ck_assert_int_eq(num.state, SCXRAY_PRESENT);
		ck_assert_msg(num.value == cases[i].value, "case %zu: 0x%llx", i,
			      (unsigned long long)num.value);
	}
	/* 64 bits over 9 bytes: no integer of ours */
	f.kernel.layout.member[M_task_struct_policy] = (struct member){
		.offset = 16, .size = 9, .bit_offset = 7, .bits = 64, .present = true
	};
	ck_assert_int_eq(read_member(&f.walk, OBJECT, M_task_struct_policy).state,
			 SCXRAY_UNREADABLE);
	walk_fixture_deinit(&f);
}
END_TEST

static const unit_test tests[] = {
	&integers_are_extended_by_their_sign,
	&what_is_no_integer_is_unreadable_not_zero,
	&unreadable_members_say_where_and_why,
	&missing_members_and_symbols_are_named_and_remembered,
	&symbols_are_read_in_the_size_of_the_layout,
	&bitfields_are_cut_out_and_keep_their_sign,
};

UNIT_MAIN("capture_read", tests)
