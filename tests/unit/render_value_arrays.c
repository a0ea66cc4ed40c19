/* SPDX-License-Identifier: BSD-2-Clause */
/* render_value_arrays.c - arrays, masks, flexible arrays, and values that are short */
#include <scxray/map.h>
#include <scxray/report_struct.h>
#include <scxray/task.h>

#include "tests/render/values.h"
#include "tests/lib/unit.h"

START_TEST(char_arrays_are_strings)
{
	struct types t = types_create();
	int comm = btf__add_array(t.btf, t.u32, t.chr, 16);

	ck_both(t.btf, comm, (const char[16]){ "hog\"0\\\n" }, 16, "\"hog\\\"0\\\\\\n\"",
		"{\"kind\":\"bytes\",\"len\":16,\"hex\":\"686f6722305c0a000000000000000000\","
		"\"text\":\"hog\\\"0\\\\\\n\"}");
	ck_text(t.btf, comm, "0123456789abcdef", 16, "\"0123456789abcdef\"");
	ck_text(t.btf, comm, (const char[16]){ "\xff\xfe ok and more" }, 16,
		"\"\\xff\\xfe ok and more\"");
	btf__free(t.btf);
}
END_TEST

START_TEST(byte_arrays_are_numbers_unless_they_are_text)
{
	struct types t = types_create();
	int mac = btf__add_array(t.btf, t.u32, t.u8, 6);
	int text = btf__add_array(t.btf, t.u32, t.u8, 8);

	ck_text(t.btf, mac, "\x52\x54\0\x12\x34\x56", 6, "[82, 84, 0, 18, 52, 86]");
	ck_text(t.btf, text, "stall_0\0", 8, "\"stall_0\"");
	ck_json(t.btf, mac, "\x52\x54\0\x12\x34\x56", 6,
		"{\"kind\":\"bytes\",\"len\":6,\"hex\":\"525400123456\"}");
	btf__free(t.btf);
}
END_TEST

START_TEST(scalar_arrays_dense_zero_and_sparse)
{
	struct types t = types_create();
	int four = btf__add_array(t.btf, t.u32, t.u32, 4);
	int twelve = btf__add_array(t.btf, t.u32, t.u32, 12);
	uint32_t dense[4] = { 1, 0, 3, 4 }, zero[12] = { 0 };
	uint32_t sparse[12] = { [2] = 5, [7] = 8, [8] = 9 };

	ck_both(t.btf, four, dense, 16, "[1, 0, 3, 4]",
		"{\"kind\":\"array\",\"len\":4,\"elements\":["
		"{\"kind\":\"uint\",\"bits\":32,\"value\":1},"
		"{\"kind\":\"uint\",\"bits\":32,\"value\":0},"
		"{\"kind\":\"uint\",\"bits\":32,\"value\":3},"
		"{\"kind\":\"uint\",\"bits\":32,\"value\":4}]}");
	ck_text(t.btf, twelve, zero, 48, "[all 12 zero]");
	ck_text(t.btf, twelve, sparse, 48, "[2]=5  [7..8]={8, 9}");
	btf__free(t.btf);
}
END_TEST

START_TEST(long_arrays_wrap_at_the_width)
{
	struct types t = types_create();
	struct scxray_value_options narrow = { .width = 20 };
	int a = btf__add_array(t.btf, t.u32, t.u32, 8);
	uint32_t v[8] = { 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000 };
	char *got = render(false, t.btf, a, v, 32, &narrow);

	ck_assert_str_eq(got, "[1000, 2000, 3000,\n  4000, 5000, 6000,\n  7000, 8000]");
	free(got);
	btf__free(t.btf);
}
END_TEST

START_TEST(equal_neighbours_are_grouped)
{
	struct types t = types_create();
	int s = btf__add_struct(t.btf, "slot", 8), a;
	uint32_t v[10] = { 1, 2, 1, 2, 0, 0, 3, 4, 3, 4 };

	btf__add_field(t.btf, "a", t.u32, 0, 0);
	btf__add_field(t.btf, "b", t.u32, 32, 0);
	a = btf__add_array(t.btf, t.u32, s, 5);
	ck_text(t.btf, a, v, 40, "\n  [0-1] slot{a=1, b=2}\n  [2] slot{}\n  [3-4] slot{a=3, b=4}");
	btf__free(t.btf);
}
END_TEST

START_TEST(similar_structs_are_a_template)
{
	struct types t = types_create();
	int s = btf__add_struct(t.btf, "cpu_ctx", 12), a;
	uint32_t v[12] = { 7, 1, 9, 7, 2, 9, 7, 3, 9, 7, 4, 9 };

	btf__add_field(t.btf, "kind", t.u32, 0, 0);
	btf__add_field(t.btf, "nr", t.u32, 32, 0);
	btf__add_field(t.btf, "end", t.u32, 64, 0);
	a = btf__add_array(t.btf, t.u32, s, 4);
	ck_text(t.btf, a, v, 48,
		"\n  [0-3] cpu_ctx:\n    kind=7\n    end=9\n    nr: [0]=1 [1]=2 [2]=3 [3]=4");
	btf__free(t.btf);
}
END_TEST

START_TEST(cpumasks_are_lists)
{
	struct types t = types_create();
	struct scxray_value_options cpus = { .nr_cpus = 6 };
	int words = btf__add_array(t.btf, t.u32, t.u64, 2), s, var;
	uint64_t v[2] = { 0x6f, 1 };
	char *got;

	s = btf__add_struct(t.btf, "cpumask", 16);
	btf__add_field(t.btf, "bits", words, 0, 0);
	ck_both(t.btf, s, v, 16, "cpus={0-3,5-6,64}",
		"{\"kind\":\"cpu_list\",\"cpus\":\"0-3,5-6,64\"}");
	got = render(false, t.btf, s, v, 16, &cpus);
	ck_assert_str_eq(got, "cpus={0-3,5}");
	free(got);
	/* an array of one where the mask is part of its holder */
	var = btf__add_typedef(t.btf, "cpumask_var_t", btf__add_array(t.btf, t.u32, s, 1));
	ck_text(t.btf, var, v, 16, "cpus={0-3,5-6,64}");
	/* of half a mask the other half is not known to be empty */
	got = render(false, t.btf, s, v, 8, NULL);
	ck_assert_ptr_nonnull(strstr(got, "<truncated needed=16 had=8>"));
	ck_assert_ptr_null(strstr(got, "cpus={"));
	free(got);
	/* but the list is whole where there are no more CPUs */
	got = render(false, t.btf, s, v, 8, &cpus);
	ck_assert_str_eq(got, "<truncated needed=16 had=8> cpus={0-3,5}");
	free(got);
	btf__free(t.btf);
}
END_TEST

START_TEST(flexible_arrays_get_their_length_from_a_sibling)
{
	struct types t = types_create();
	int flex = btf__add_array(t.btf, t.u32, t.u32, 0), s, u, words;
	uint32_t v[5] = { 2, 10, 11, 99, 0 }, too_many[2] = { 3, 10 };
	char *got;

	s = btf__add_struct(t.btf, "stack", 4);
	btf__add_field(t.btf, "nr", t.u32, 0, 0);
	btf__add_field(t.btf, "ip", flex, 32, 0);
	ck_both(t.btf, s, v, 16, "stack{nr=2, ip=[10, 11]}",
		"{\"kind\":\"struct\",\"type_name\":\"stack\",\"members\":["
		"{\"name\":\"nr\",\"value\":{\"kind\":\"uint\",\"bits\":32,\"value\":2}},"
		"{\"name\":\"ip\",\"value\":{\"kind\":\"array\",\"len\":2,\"len_from\":\"nr\","
		"\"elements\":[{\"kind\":\"uint\",\"bits\":32,\"value\":10},"
		"{\"kind\":\"uint\",\"bits\":32,\"value\":11}]}}]}");
	got = render(false, t.btf, s, too_many, 8, NULL);
	ck_assert_str_eq(got, "stack{nr=3, ip=<truncated needed=12 had=4> [10]}");
	free(got);
	/* of the kernel's struct scx_cmask */
	s = btf__add_struct(t.btf, "scx_cmask", 8);
	btf__add_field(t.btf, "nr_cids", t.u32, 0, 0);
	btf__add_field(t.btf, "alloc_words", t.u32, 32, 0);
	btf__add_field(t.btf, "bits", flex, 64, 0);
	ck_text(t.btf, s, v, 16,
		"scx_cmask{nr_cids=2, alloc_words=10, bits=<truncated needed=40 had=8> [11, 99]}");
	v[1] = 2;
	ck_text(t.btf, s, v, 16, "scx_cmask{nr_cids=2, alloc_words=2, bits=[11, 99]}");
	/* which is given its room by a union */
	words = btf__add_array(t.btf, t.u32, t.u64, 2);
	u = btf__add_union(t.btf, "cmask", 16);
	btf__add_field(t.btf, "mask", s, 0, 0);
	btf__add_field(t.btf, "words", words, 0, 0);
	s = btf__add_struct(t.btf, "holder", 20);
	btf__add_field(t.btf, "m", u, 0, 0);
	btf__add_field(t.btf, "after", t.u32, 128, 0);
	ck_text(t.btf, s, v, 20,
		"holder{m=cmask{mask=scx_cmask{nr_cids=2, alloc_words=2, bits=[11, 99]}, words=[8589934594, 425201762315]}}");
	btf__free(t.btf);
}
END_TEST

START_TEST(flexible_arrays_without_a_sibling)
{
	struct types t = types_create();
	int flex = btf__add_array(t.btf, t.u32, t.u32, 0), s, bare, var, section;
	uint32_t v[5] = { 2, 10, 11, 99, 0 };

	/* a mark at the end of a struct is no array */
	s = btf__add_struct(t.btf, "ops", 4);
	btf__add_field(t.btf, "x", t.u32, 0, 0);
	btf__add_field(t.btf, "__end", flex, 32, 0);
	ck_both(t.btf, s, v, 8, "ops{x=2}",
		"{\"kind\":\"struct\",\"type_name\":\"ops\",\"members\":["
		"{\"name\":\"x\",\"value\":{\"kind\":\"uint\",\"bits\":32,\"value\":2}},"
		"{\"name\":\"__end\",\"value\":{\"kind\":\"array\",\"len\":0,\"elements\":[]}}]}");
	/* an array of no elements in the middle, whatever its siblings count */
	s = btf__add_struct(t.btf, "middle", 8);
	btf__add_field(t.btf, "nr_zero", t.u32, 0, 0);
	btf__add_field(t.btf, "zero", flex, 32, 0);
	btf__add_field(t.btf, "y", t.u32, 32, 0);
	ck_text(t.btf, s, v, 8, "middle{nr_zero=2, y=10}");
	/* without a sibling: what bytes there are behind the struct, or it is said */
	bare = btf__add_struct(t.btf, "bare", 4);
	btf__add_field(t.btf, "x", t.u32, 0, 0);
	btf__add_field(t.btf, "data", flex, 32, 0);
	ck_text(t.btf, bare, v, 12, "bare{x=2, data=[10, 11]}");
	ck_text(t.btf, bare, v, 4,
		"bare{x=2, data=<unsupported: flexible array, its length is not in BTF>}");
	/* a global variable with such an array is larger than its type; BTF gives the type's size */
	var = btf__add_var(t.btf, "x", BTF_VAR_STATIC, bare);
	section = btf__add_datasec(t.btf, ".data.flex", 12);
	btf__add_datasec_var_info(t.btf, var, 0, 4);
	ck_text(t.btf, section, v, 12, ".data.flex{x=bare{x=2, data=[10, 11]}}");
	btf__free(t.btf);
}
END_TEST

START_TEST(short_data_is_said_and_shown)
{
	struct types t = types_create();
	int s = btf__add_struct(t.btf, "ctx", 12);
	uint32_t v[3] = { 1, 2, 3 };

	btf__add_field(t.btf, "a", t.u32, 0, 0);
	btf__add_field(t.btf, "b", t.u32, 32, 0);
	btf__add_field(t.btf, "c", t.u32, 64, 0);
	ck_both(t.btf, s, v, 6,
		"<truncated needed=12 had=6> ctx{a=1, b=<truncated needed=4 had=2> "
		"[2, 0]}",
		"{\"kind\":\"truncated\",\"needed\":12,\"had\":6,\"partial\":"
		"{\"kind\":\"struct\",\"type_name\":\"ctx\",\"members\":["
		"{\"name\":\"a\",\"value\":{\"kind\":\"uint\",\"bits\":32,\"value\":1}},"
		"{\"name\":\"b\",\"value\":{\"kind\":\"truncated\",\"needed\":4,\"had\":2,"
		"\"partial\":{\"kind\":\"bytes\",\"len\":2,\"hex\":\"0200\"}}}]}}");
	ck_both(t.btf, s, v, 0, "<truncated needed=12 had=0>",
		"{\"kind\":\"truncated\",\"needed\":12,\"had\":0}");
	btf__free(t.btf);
}
END_TEST

START_TEST(unreadable_values_are_never_zero)
{
	struct scxray_value v = {
		.state = SCXRAY_UNREADABLE,
		.addr = 0xffff888000001000,
		.reason = "not present",
	};
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	ck_assert_int_eq(scxray_value_text(&v, NULL, 0, out), 0);
	fputc('\n', out);
	ck_assert_int_eq(scxray_value_json(&v, NULL, out), 0);
	fclose(out);
	ck_assert_str_eq(text, "<unreadable: 0xffff888000001000: not present>\n"
			       "{\"kind\":\"unreadable\",\"addr\":\"0xffff888000001000\","
			       "\"reason\":\"not present\"}");
	free(text);
}
END_TEST

START_TEST(caps_are_said_with_the_true_total)
{
	struct types t = types_create();
	struct scxray_value_options few = { .max_elements = 3 };
	int a = btf__add_array(t.btf, t.u32, t.u32, 6);
	uint32_t v[6] = { 1, 2, 3, 4, 5, 6 };
	char *got = render(false, t.btf, a, v, 24, &few);

	ck_assert_str_eq(got, "[1, 2, 3] (3 of 6 elements shown)");
	free(got);
	got = render(true, t.btf, a, v, 24, &few);
	ck_assert_ptr_nonnull(strstr(got, "\"len\":6,"));
	ck_assert_ptr_nonnull(strstr(got, "\"cut\":\"3 of 6 elements shown\""));
	free(got);
	btf__free(t.btf);
}
END_TEST

static const unit_test tests[] = {
	&char_arrays_are_strings,
	&byte_arrays_are_numbers_unless_they_are_text,
	&scalar_arrays_dense_zero_and_sparse,
	&long_arrays_wrap_at_the_width,
	&equal_neighbours_are_grouped,
	&similar_structs_are_a_template,
	&cpumasks_are_lists,
	&flexible_arrays_get_their_length_from_a_sibling,
	&flexible_arrays_without_a_sibling,
	&short_data_is_said_and_shown,
	&unreadable_values_are_never_zero,
	&caps_are_said_with_the_true_total,
};

UNIT_MAIN("render_value_arrays", tests)
