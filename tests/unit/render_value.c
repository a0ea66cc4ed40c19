/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render_value.c - each form of a BTF value, as text and as JSON
 */
#include <scxray/map.h>
#include <scxray/report_struct.h>
#include <scxray/task.h>

#include "tests/render/values.h"
#include "tests/lib/unit.h"

START_TEST(integers_are_decimal_and_exact)
{
	struct types t = types_create();
	uint64_t big = UINT64_MAX;
	int32_t minus = -5;
	uint64_t wide[2] = { 0, 1 }; /* 2^64 */

	ck_both(t.btf, t.u64, &big, 8, "18446744073709551615",
		"{\"kind\":\"uint\",\"bits\":64,\"value\":18446744073709551615,\"hex\":\"0xffffffffffffffff\"}");
	ck_both(t.btf, t.s32, &minus, 4, "-5", "{\"kind\":\"int\",\"bits\":32,\"value\":-5}");
	ck_both(t.btf, t.u128, wide, 16, "18446744073709551616",
		"{\"kind\":\"uint\",\"bits\":128,\"value\":\"0x00000000000000010000000000000000\"}");
	btf__free(t.btf);
}
END_TEST

START_TEST(int128_is_signed)
{
	struct types t = types_create();
	int s128 = btf__add_int(t.btf, "__int128", 16, BTF_INT_SIGNED);
	uint64_t minus[2] = { (uint64_t)-7, UINT64_MAX };

	ck_both(t.btf, s128, minus, 16, "-7", "{\"kind\":\"int\",\"bits\":128,\"value\":-7}");
	btf__free(t.btf);
}
END_TEST

START_TEST(bool_char_float)
{
	struct types t = types_create();
	float f = 0.1f;
	double d = -2.5, inf = 1.0 / 0.0;

	ck_both(t.btf, t.boolean, "\x02", 1, "true", "{\"kind\":\"bool\",\"value\":true}");
	ck_both(t.btf, t.chr, "A", 1, "'A'", "{\"kind\":\"char\",\"value\":65}");
	ck_both(t.btf, t.chr, "\x1b", 1, "0x1b", "{\"kind\":\"char\",\"value\":27}");
	ck_both(t.btf, t.f64, &d, 8, "-2.5", "{\"kind\":\"float\",\"bits\":64,\"value\":-2.5}");
	ck_text(t.btf, t.f32, &f, 4, "0.1");
	ck_json(t.btf, t.f64, &inf, 8, "{\"kind\":\"float\",\"bits\":64,\"value\":\"inf\"}");
	btf__free(t.btf);
}
END_TEST

START_TEST(enums_have_names)
{
	struct types t = types_create();
	int e = btf__add_enum(t.btf, "state", 4), e64;
	uint32_t one = 1, none = 9;
	uint64_t high = 1ULL << 63 | 2;
	int32_t minus = -1;

	btf__add_enum_value(t.btf, "A", 0);
	btf__add_enum_value(t.btf, "B", 1);
	btf__add_enum_value(t.btf, "MINUS", -1);
	ck_both(t.btf, e, &one, 4, "B (1)",
		"{\"kind\":\"enum\",\"bits\":32,\"value\":1,\"variant\":\"B\",\"is_signed\":true}");
	ck_text(t.btf, e, &none, 4, "9");
	ck_text(t.btf, e, &minus, 4, "MINUS (-1)");

	e64 = btf__add_enum64(t.btf, "dsq_id", 8, false);
	btf__add_enum64_value(t.btf, "SCX_DSQ_LOCAL", high);
	ck_both(t.btf, e64, &high, 8, "SCX_DSQ_LOCAL (9223372036854775810)",
		"{\"kind\":\"enum\",\"bits\":64,\"value\":9223372036854775810,\"hex\":\"0x8000000000000002\","
		"\"variant\":\"SCX_DSQ_LOCAL\"}");
	btf__free(t.btf);
}
END_TEST

START_TEST(flag_enums_are_taken_apart)
{
	struct types t = types_create();
	int e = btf__add_enum(t.btf, "flags", 4);
	uint32_t v = 0x45, unknown = 0x80;

	btf__add_enum_value(t.btf, "QUEUED", 1);
	btf__add_enum_value(t.btf, "RESET", 4);
	btf__add_enum_value(t.btf, "DEQD", 8);
	ck_both(t.btf, e, &v, 4, "QUEUED|RESET|0x40",
		"{\"kind\":\"enum\",\"bits\":32,\"value\":69,\"flags\":\"QUEUED|RESET|0x40\"}");
	/* nothing of it has a name: a plain number says as much */
	ck_text(t.btf, e, &unknown, 4, "128");
	btf__free(t.btf);
}
END_TEST

START_TEST(counting_enums_are_no_flags)
{
	struct types t = types_create();
	int e = btf__add_enum(t.btf, "kind", 4);
	uint32_t v = 5;

	for (int i = 0; i < 5; i++) {
		char name[] = { 'K', (char)('0' + i), 0 };

		btf__add_enum_value(t.btf, name, i);
	}
	ck_text(t.btf, e, &v, 4, "5");
	btf__free(t.btf);
}
END_TEST

START_TEST(a_small_struct_is_one_line_without_zeros)
{
	struct types t = types_create();
	int s = btf__add_struct(t.btf, "ctx", 12);
	uint32_t v[3] = { 1, 0, 3 }, zero[3] = { 0 };

	btf__add_field(t.btf, "a", t.u32, 0, 0);
	btf__add_field(t.btf, "b", t.u32, 32, 0);
	btf__add_field(t.btf, "c", t.s32, 64, 0);
	ck_both(t.btf, s, v, 12, "ctx{a=1, c=3}",
		"{\"kind\":\"struct\",\"type_name\":\"ctx\",\"members\":["
		"{\"name\":\"a\",\"value\":{\"kind\":\"uint\",\"bits\":32,\"value\":1}},"
		"{\"name\":\"b\",\"value\":{\"kind\":\"uint\",\"bits\":32,\"value\":0}},"
		"{\"name\":\"c\",\"value\":{\"kind\":\"int\",\"bits\":32,\"value\":3}}]}");
	ck_text(t.btf, s, zero, 12, "ctx{}");
	btf__free(t.btf);
}
END_TEST

START_TEST(a_large_struct_has_three_scalars_a_row)
{
	struct types t = types_create();
	int inner = btf__add_struct(t.btf, "inner", 4), s, list;
	uint64_t v[8] = { 1000000000000000000ULL,
			  2,
			  3000000000000000000ULL,
			  4,
			  5000000000000000000ULL,
			  6,
			  7,
			  8 };
	char expect[] = "big:\n"
			"  a_member_with_a_name=1000000000000000000   b=2                     "
			"c_member_with_a_name=3000000000000000000\n"
			"  d=4                                        e=5000000000000000000\n"
			"  sub inner{x=6}\n"
			"  list [7, 8]";

	btf__add_field(t.btf, "x", t.u32, 0, 0);
	list = btf__add_array(t.btf, t.u32, t.u64, 2);
	s = btf__add_struct(t.btf, "big", 64);
	btf__add_field(t.btf, "a_member_with_a_name", t.u64, 0, 0);
	btf__add_field(t.btf, "b", t.u64, 64, 0);
	btf__add_field(t.btf, "c_member_with_a_name", t.u64, 128, 0);
	btf__add_field(t.btf, "d", t.u64, 192, 0);
	btf__add_field(t.btf, "sub", inner, 320, 0);
	btf__add_field(t.btf, "list", list, 384, 0);
	btf__add_field(t.btf, "e", t.u64, 256, 0);
	ck_text(t.btf, s, v, 64, expect);
	btf__free(t.btf);
}
END_TEST

START_TEST(anonymous_members_are_flattened_in_text_only)
{
	struct types t = types_create();
	int anon = btf__add_union(t.btf, NULL, 4), s;
	uint32_t v[2] = { 7, 9 };

	btf__add_field(t.btf, "u", t.u32, 0, 0);
	btf__add_field(t.btf, "low", t.u16, 0, 0);
	s = btf__add_struct(t.btf, "outer", 8);
	btf__add_field(t.btf, "a", t.u32, 0, 0);
	btf__add_field(t.btf, NULL, anon, 32, 0);
	ck_both(t.btf, s, v, 8, "outer{a=7, u=9, low=9}",
		"{\"kind\":\"struct\",\"type_name\":\"outer\",\"members\":["
		"{\"name\":\"a\",\"value\":{\"kind\":\"uint\",\"bits\":32,\"value\":7}},"
		"{\"name\":\"\",\"value\":{\"kind\":\"struct\",\"is_union\":true,\"members\":["
		"{\"name\":\"u\",\"value\":{\"kind\":\"uint\",\"bits\":32,\"value\":9}},"
		"{\"name\":\"low\",\"value\":{\"kind\":\"uint\",\"bits\":16,\"value\":9}}]}}]}");
	btf__free(t.btf);
}
END_TEST

START_TEST(bitfields_keep_their_sign)
{
	struct types t = types_create();
	int s = btf__add_struct(t.btf, "bits", 4);
	/* a: 3 bits = -1, b: 5 bits = 17, c: 20 bits = -2 */
	uint32_t v = 7 | 17 << 3 | (uint32_t)(0xffffe & 0xfffff) << 8;

	btf__add_field(t.btf, "a", t.s32, 0, 3);
	btf__add_field(t.btf, "b", t.u32, 3, 5);
	btf__add_field(t.btf, "c", t.s32, 8, 20);
	ck_both(t.btf, s, &v, 4, "bits{a=-1, b=17, c=-2}",
		"{\"kind\":\"struct\",\"type_name\":\"bits\",\"members\":["
		"{\"name\":\"a\",\"value\":{\"kind\":\"int\",\"bits\":3,\"value\":-1}},"
		"{\"name\":\"b\",\"value\":{\"kind\":\"uint\",\"bits\":5,\"value\":17}},"
		"{\"name\":\"c\",\"value\":{\"kind\":\"int\",\"bits\":20,\"value\":-2}}]}");
	btf__free(t.btf);
}
END_TEST

START_TEST(old_bitfields_have_their_offset_in_the_int)
{
	struct types t = types_create();
	int s, narrow = btf__add_int(t.btf, "int", 4, BTF_INT_SIGNED);
	struct btf_type *type = (struct btf_type *)btf__type_by_id(t.btf, (uint32_t)narrow);
	uint32_t v = 0x5u << 6;

	/* 3 bits at bit 2 of the int, which stands at bit 4 of the struct */
	*(uint32_t *)(type + 1) = BTF_INT_SIGNED << 24 | 2 << 16 | 3;
	s = btf__add_struct(t.btf, "old", 4);
	ck_assert_int_eq(btf__add_field(t.btf, "f", narrow, 0, 0), 0);
	/* libbpf only adds such a member at a byte: moved by hand */
	type = (struct btf_type *)btf__type_by_id(t.btf, (uint32_t)s);
	btf_members(type)->offset = 4;
	ck_text(t.btf, s, &v, 4, "old{f=-3}");
	btf__free(t.btf);
}
END_TEST

START_TEST(pointers_are_named)
{
	struct types t = types_create();
	struct scxray_task task = {
		.kva = 0xffff888000001000,
		.pid = { .value = 42, .state = SCXRAY_PRESENT },
		.comm = { .bytes = "hog0", .len = 4, .state = SCXRAY_PRESENT },
	};
	struct scxray_report report = { .tasks = &task, .nr_tasks = 1 };
	struct scxray_value_options options = { .report = &report };
	int task_struct = btf__add_fwd(t.btf, "task_struct", BTF_FWD_STRUCT), p, q;
	uint64_t text = KERNEL_TEXT + 0x1c, kva = task.kva, none = 0, err = (uint64_t)-12;
	char *got;

	p = btf__add_ptr(t.btf, 0);
	got = render(false, t.btf, p, &text, 8, &options);
	ck_assert_str_eq(got, "0xffffffff8100001c (scx_tick+0x1c)");
	free(got);
	got = render(true, t.btf, p, &text, 8, &options);
	ck_assert_str_eq(got, "{\"kind\":\"ptr\",\"value\":\"0xffffffff8100001c\","
			      "\"symbol\":\"scx_tick+0x1c\"}");
	free(got);
	ck_text(t.btf, p, &none, 8, "0x0");
	ck_text(t.btf, p, &err, 8, "0xfffffffffffffff4 (error -12)");

	/* only a complete task_struct is taken for one */
	q = btf__add_ptr(t.btf, task_struct);
	got = render(false, t.btf, q, &kva, 8, &options);
	ck_assert_str_eq(got, "0xffff888000001000");
	free(got);
	task_struct = btf__add_struct(t.btf, "task_struct", 4);
	q = btf__add_ptr(t.btf, btf__add_const(t.btf, task_struct));
	got = render(false, t.btf, q, &kva, 8, &options);
	ck_assert_str_eq(got, "0xffff888000001000 (hog0[42])");
	free(got);
	got = render(true, t.btf, q, &kva, 8, &options);
	ck_assert_str_eq(got, "{\"kind\":\"ptr\",\"value\":\"0xffff888000001000\","
			      "\"task\":\"hog0[42]\"}");
	free(got);
	/* programs also keep them as numbers: a number is a number, and in text named */
	got = render(false, t.btf, t.u64, &kva, 8, &options);
	ck_assert_str_eq(got, "0xffff888000001000 (hog0[42])");
	free(got);
	got = render(true, t.btf, t.u64, &kva, 8, &options);
	ck_assert_str_eq(
		got,
		"{\"kind\":\"uint\",\"bits\":64,\"value\":18446612682070036480,\"hex\":\"0xffff888000001000\"}");
	free(got);
	kva += 8;
	got = render(false, t.btf, t.u64, &kva, 8, &options);
	ck_assert_str_eq(got, "18446612682070036488");
	free(got);
	ck_text(t.btf, t.u64, &err, 8, "18446744073709551604");
	btf__free(t.btf);
}
END_TEST

/* A list of two nodes that point at each other, and a pointer that nobody wants. */
struct guest_list {
	struct types t;
	int node;
	uint64_t bytes[2][2];
};

static bool follow_list(void *arg, const struct btf *btf, uint32_t type_id, uint64_t addr,
			unsigned depth, struct scxray_followed *followed)
{
	struct guest_list *list = arg;
	struct scxray_value *to = &followed->value;

	(void)btf;
	(void)type_id;
	(void)depth;
	if (addr == 0x3000) {
		followed->skipped = "arena page not captured";
		return false;
	}
	if (addr == 0x5000) {
		followed->label = "hog[106]";
		return false;
	}
	to->btf = list->t.btf;
	to->type_id = (uint32_t)list->node;
	to->bytes = (const uint8_t *)list->bytes[addr == 0x2000];
	to->size = 16;
	to->addr = addr;
	to->state = addr == 0x4000 ? SCXRAY_UNREADABLE : SCXRAY_PRESENT;
	to->reason = "not mapped";
	return true;
}

START_TEST(pointers_are_followed_once)
{
	struct guest_list list = { .t = types_create() };
	struct scxray_value_options options = { .follow = follow_list, .follow_arg = &list };
	uint64_t start = 0x1000;
	int fwd = btf__add_ptr(list.t.btf, list.t.btf ? 14 + 0 : 0);
	char *got;

	/* struct node { struct node *next; u64 v; }: the pointer comes first, so it names the next id */
	list.node = btf__add_struct(list.t.btf, "node", 16);
	ck_assert_int_eq(list.node, 14);
	btf__add_field(list.t.btf, "next", fwd, 0, 0);
	btf__add_field(list.t.btf, "v", list.t.u64, 64, 0);
	memcpy(list.bytes, (uint64_t[2][2]){ { 0x2000, 1 }, { 0x1000, 2 } }, sizeof(list.bytes));

	got = render(false, list.t.btf, fwd, &start, 8, &options);
	ck_assert_str_eq(got, "0x1000 → node{next=0x2000 → node{next=0x1000 [cycle], v=2}, v=1}");
	free(got);
	start = 0x3000;
	got = render(false, list.t.btf, fwd, &start, 8, &options);
	ck_assert_str_eq(got, "0x3000 [chase: arena page not captured]");
	free(got);
	got = render(true, list.t.btf, fwd, &start, 8, &options);
	ck_assert_str_eq(got, "{\"kind\":\"ptr\",\"value\":\"0x0000000000003000\","
			      "\"deref_skipped_reason\":\"arena page not captured\"}");
	free(got);
	start = 0x5000;
	got = render(false, list.t.btf, fwd, &start, 8, &options);
	ck_assert_str_eq(got, "0x5000 → hog[106]");
	free(got);
	got = render(true, list.t.btf, fwd, &start, 8, &options);
	ck_assert_str_eq(got, "{\"kind\":\"ptr\",\"value\":\"0x0000000000005000\","
			      "\"label\":\"hog[106]\"}");
	free(got);
	start = 0x4000;
	got = render(true, list.t.btf, fwd, &start, 8, &options);
	ck_assert_str_eq(got, "{\"kind\":\"ptr\",\"value\":\"0x0000000000004000\",\"deref\":"
			      "{\"kind\":\"unreadable\",\"addr\":\"0x0000000000004000\","
			      "\"reason\":\"not mapped\"}}");
	free(got);
	btf__free(list.t.btf);
}
END_TEST

START_TEST(a_section_is_a_struct_named_after_it)
{
	struct types t = types_create();
	int x = btf__add_var(t.btf, "nr_queued", BTF_VAR_GLOBAL_ALLOCATED, t.u64);
	int str = btf__add_array(t.btf, t.u32, t.chr, 8);
	int y = btf__add_var(t.btf, "enqueue.____fmt", BTF_VAR_STATIC, str), sec;
	struct {
		uint64_t nr;
		char fmt[8];
	} v = { 3, "hi %d" };

	sec = btf__add_datasec(t.btf, ".bss", 16);
	btf__add_datasec_var_info(t.btf, x, 0, 8);
	btf__add_datasec_var_info(t.btf, y, 8, 8);
	ck_both(t.btf, sec, &v, 16, ".bss{nr_queued=3}",
		"{\"kind\":\"struct\",\"type_name\":\".bss\",\"members\":["
		"{\"name\":\"nr_queued\",\"value\":{\"kind\":\"uint\",\"bits\":64,\"value\":3}},"
		"{\"name\":\"enqueue.____fmt\",\"value\":{\"kind\":\"bytes\",\"len\":8,"
		"\"hex\":\"6869202564000000\",\"text\":\"hi %d\"}}]}");
	btf__free(t.btf);
}
END_TEST

static const unit_test tests[] = {
	&integers_are_decimal_and_exact,
	&int128_is_signed,
	&bool_char_float,
	&enums_have_names,
	&flag_enums_are_taken_apart,
	&counting_enums_are_no_flags,
	&a_small_struct_is_one_line_without_zeros,
	&a_large_struct_has_three_scalars_a_row,
	&anonymous_members_are_flattened_in_text_only,
	&bitfields_keep_their_sign,
	&old_bitfields_have_their_offset_in_the_int,
	&pointers_are_named,
	&pointers_are_followed_once,
	&a_section_is_a_struct_named_after_it,
};

UNIT_MAIN("render_value", tests)
