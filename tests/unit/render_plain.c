/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render_plain.c - values as plain JSON, and what equal neighbours are told as
 */
#include <scxray/map.h>
#include <scxray/task.h>

#include "render/value/value_json.h"
#include "tests/lib/unit.h"
#include "tests/render/maps.h"

static char *plain_with(const struct btf *btf, int type, const void *bytes, size_t size,
			const struct scxray_value_options *options)
{
	uint8_t *exact = malloc(size ? size : 1);
	struct scxray_value value = {
		.btf = btf,
		.type_id = (uint32_t)type,
		.bytes = exact,
		.size = (uint32_t)size,
		.state = SCXRAY_PRESENT,
	};
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	struct json j;

	memcpy(exact, bytes, size);
	json_init(&j, out, 0);
	json_value_plain(&j, NULL, &value, options);
	ck_assert_int_eq(json_finish(&j), 0);
	fclose(out);
	free(exact);
	return text;
}

#define ck_plain(btf, type, bytes, size, expect)                       \
	do {                                                           \
		char *got_ = plain_with(btf, type, bytes, size, NULL); \
		ck_assert_str_eq(got_, expect);                        \
		free(got_);                                            \
	} while (0)

#define ck_map_json_as(m, form, expect)                                           \
	do {                                                                      \
		char *got_ = maps_json_as(&(m)->r, form);                         \
		ck_assert_msg(strstr(got_, expect), "no %s in %s", expect, got_); \
		free(got_);                                                       \
	} while (0)

START_TEST(names_to_scalars)
{
	struct types t = types_create();
	int text = btf__add_array(t.btf, t.u32, t.chr, 8);
	int raw = btf__add_array(t.btf, t.u32, t.u8, 4), kind = btf__add_enum(t.btf, "kind", 4);
	int words, s;
	struct {
		uint64_t big;
		int64_t low;
		uint32_t kinds[2];
		char name[8];
		uint8_t id[4];
		uint8_t yes, pad[3];
		double f;
	} v = { UINT64_MAX, -(1LL << 62), { 1, 7 }, "busy", { 1, 2, 3, 4 }, 1, { 0 }, 0.5 };

	btf__add_enum_value(t.btf, "ONE", 1);
	words = btf__add_array(t.btf, t.u32, kind, 2);
	s = btf__add_struct(t.btf, "s", sizeof(v));
	btf__add_field(t.btf, "big", t.u64, 0, 0);
	btf__add_field(t.btf, "low", t.s64, 64, 0);
	btf__add_field(t.btf, "kinds", words, 128, 0);
	btf__add_field(t.btf, "name", text, 192, 0);
	btf__add_field(t.btf, "id", raw, 256, 0);
	btf__add_field(t.btf, "yes", t.boolean, 288, 0);
	btf__add_field(t.btf, "f", t.f64, 320, 0);
	ck_plain(t.btf, s, &v, sizeof(v),
		 "{\"big\":18446744073709551615,\"big_hex\":\"0xffffffffffffffff\","
		 "\"low\":-4611686018427387904,\"low_hex\":\"0xc000000000000000\","
		 "\"kinds\":[\"ONE\",7],\"name\":\"busy\",\"id\":\"01020304\",\"yes\":true,"
		 "\"f\":0.5}");
	ck_plain(t.btf, t.u128, &(unsigned __int128){ (unsigned __int128)1 << 64 }, 16,
		 "\"0x00000000000000010000000000000000\"");
	/* cut in the middle: what there is, and that it is not all */
	ck_plain(
		t.btf, s, &v, 20,
		"{\"kind\":\"truncated\",\"needed\":48,\"had\":20,\"partial\":"
		"{\"big\":18446744073709551615,\"big_hex\":\"0xffffffffffffffff\","
		"\"low\":-4611686018427387904,\"low_hex\":\"0xc000000000000000\","
		"\"kinds\":{\"kind\":\"truncated\",\"needed\":8,\"had\":4,\"partial\":[\"ONE\"]}}}");
	btf__free(t.btf);
}
END_TEST

START_TEST(anonymous_members_are_their_parents)
{
	struct types t = types_create();
	int in, un, out;
	uint32_t v[3] = { 1, 2, 3 };

	in = btf__add_struct(t.btf, "", 4);
	btf__add_field(t.btf, "b", t.u32, 0, 0);
	un = btf__add_union(t.btf, "", 4);
	btf__add_field(t.btf, "", in, 0, 0);
	btf__add_field(t.btf, "c", t.u32, 0, 0);
	out = btf__add_struct(t.btf, "out", 12);
	btf__add_field(t.btf, "a", t.u32, 0, 0);
	btf__add_field(t.btf, "", un, 32, 0);
	btf__add_field(t.btf, "d", t.u32, 64, 0);
	ck_plain(t.btf, out, v, sizeof(v), "{\"a\":1,\"b\":2,\"c\":2,\"d\":3}");
	btf__free(t.btf);
}
END_TEST

/* No key is there twice in an object, whatever a guest calls its members. */
START_TEST(members_of_one_name_get_numbers)
{
	struct types t = types_create();
	int in, out;
	uint64_t v[4] = { 1, UINT64_MAX, 3, 4 };

	in = btf__add_struct(t.btf, "", 8);
	btf__add_field(t.btf, "a", t.u64, 0, 0);
	out = btf__add_struct(t.btf, "out", 32);
	btf__add_field(t.btf, "a", t.u64, 0, 0);
	btf__add_field(t.btf, "b", t.u64, 64, 0);
	btf__add_field(t.btf, "b_hex", t.u64, 128, 0);
	btf__add_field(t.btf, "", in, 192, 0);
	ck_plain(t.btf, out, v, sizeof(v),
		 "{\"a\":1,\"b\":18446744073709551615,\"b_hex\":\"0xffffffffffffffff\","
		 "\"b_hex#2\":3,\"a#2\":4}");
	/* the names of another object are its own */
	ck_plain(t.btf, btf__add_array(t.btf, t.u32, in, 2), v, 16,
		 "[{\"a\":1},{\"a\":18446744073709551615,\"a_hex\":\"0xffffffffffffffff\"}]");
	/* a member without a name that is no struct */
	out = btf__add_struct(t.btf, "odd", 8);
	btf__add_field(t.btf, "", t.u32, 0, 0);
	btf__add_field(t.btf, "", t.u32, 32, 0);
	ck_plain(t.btf, out, &v[3], 8, "{\"(anonymous)\":4,\"(anonymous)#2\":0}");
	btf__free(t.btf);
}
END_TEST

/* Many names, and many objects one after the other: what is noted is forgotten again. */
START_TEST(a_struct_of_many_names)
{
	enum {
		NR = 600
	};
	struct types t = types_create();
	int s = btf__add_struct(t.btf, "many", NR), list;
	uint8_t v[3 * NR];
	char name[16], *got;

	for (unsigned i = 0; i < NR; i++) {
		snprintf(name, sizeof(name), "m%u", i % 300);
		btf__add_field(t.btf, name, t.u8, i * 8, 0);
	}
	list = btf__add_array(t.btf, t.u32, s, 3);
	for (size_t i = 0; i < sizeof(v); i++)
		v[i] = (uint8_t)(i / NR + 1);
	got = plain_with(t.btf, list, v, sizeof(v), NULL);
	for (char *at = got, nr = 0; nr < 3; nr++) {
		at = strstr(at, "\"m299\":");
		ck_assert_ptr_nonnull(at);
		at = strstr(at, "\"m299#2\":");
		ck_assert_ptr_nonnull(at);
	}
	ck_assert_ptr_null(strstr(got, "#3"));
	free(got);
	btf__free(t.btf);
}
END_TEST

static bool follow_it(void *arg, const struct btf *btf, uint32_t type_id, uint64_t addr,
		      unsigned depth, struct scxray_followed *to)
{
	(void)btf;
	(void)type_id;
	(void)depth;
	to->value = *(const struct scxray_value *)arg;
	return addr == 0x1000;
}

START_TEST(pointers_are_addresses_or_what_they_lead_to)
{
	struct types t = types_create();
	uint32_t at = 5;
	struct scxray_value there = { .btf = t.btf,
				      .type_id = (uint32_t)t.u32,
				      .bytes = (const uint8_t *)&at,
				      .size = 4,
				      .addr = 0x1000,
				      .state = SCXRAY_PRESENT };
	struct scxray_value_options options = { .follow = follow_it, .follow_arg = &there };
	int ptr = btf__add_ptr(t.btf, t.u32), list = btf__add_array(t.btf, t.u32, ptr, 2);
	uint64_t v[2] = { 0x1000, 0 };
	char *got = plain_with(t.btf, list, v, sizeof(v), &options);

	ck_assert_str_eq(got, "[{\"addr\":\"0x0000000000001000\",\"deref\":5},"
			      "\"0x0000000000000000\"]");
	free(got);
	there.state = SCXRAY_UNREADABLE;
	there.reason = "not mapped";
	got = plain_with(t.btf, ptr, v, 8, &options);
	ck_assert_str_eq(got, "{\"addr\":\"0x0000000000001000\",\"deref\":{\"kind\":\"unreadable\","
			      "\"addr\":\"0x0000000000001000\",\"reason\":\"not mapped\"}}");
	free(got);
	btf__free(t.btf);
}
END_TEST

/* Typed: one for all. Plain: places stay, zero structs are null. */
START_TEST(equal_elements)
{
	struct types t = types_create();
	int s = btf__add_struct(t.btf, "s", 4), structs, words;
	uint32_t v[40] = { [5] = 7, [6] = 7, [7] = 7, [8] = 7, [9] = 8 };
	char *got;

	btf__add_field(t.btf, "a", t.u32, 0, 0);
	structs = btf__add_array(t.btf, t.u32, s, 10);
	words = btf__add_array(t.btf, t.u32, t.u32, 40);
	ck_json(t.btf, structs, v, 40,
		"{\"kind\":\"array\",\"len\":10,\"elements\":["
		"{\"kind\":\"repeat\",\"count\":5,\"value\":{\"kind\":\"struct\",\"type_name\":\"s\","
		"\"members\":[{\"name\":\"a\",\"value\":{\"kind\":\"uint\",\"bits\":32,\"value\":0}}]}},"
		"{\"kind\":\"repeat\",\"count\":4,\"value\":{\"kind\":\"struct\",\"type_name\":\"s\","
		"\"members\":[{\"name\":\"a\",\"value\":{\"kind\":\"uint\",\"bits\":32,\"value\":7}}]}},"
		"{\"kind\":\"struct\",\"type_name\":\"s\",\"members\":[{\"name\":\"a\",\"value\":"
		"{\"kind\":\"uint\",\"bits\":32,\"value\":8}}]}]}");
	ck_plain(t.btf, structs, v, 40,
		 "[null,null,null,null,null,{\"a\":7},{\"a\":7},{\"a\":7},{\"a\":7},{\"a\":8}]");
	got = render(true, t.btf, words, v, 160, NULL);
	ck_assert_ptr_nonnull(strstr(got,
				     "\"value\":8},{\"kind\":\"repeat\",\"count\":30,\"value\":"
				     "{\"kind\":\"uint\",\"bits\":32,\"value\":0}}]}"));
	free(got);
	/* the last element is cut: it is none of the equal ones */
	got = render(true, t.btf, structs, v, 19, NULL);
	ck_assert_ptr_nonnull(strstr(got, "{\"kind\":\"repeat\",\"count\":4,"));
	ck_assert_ptr_nonnull(strstr(got, "{\"kind\":\"truncated\",\"needed\":4,\"had\":3,"));
	free(got);
	btf__free(t.btf);
}
END_TEST

/* A limit on elements counts what is written, so equal ones are all told. */
START_TEST(equal_elements_beyond_the_limit)
{
	enum {
		NR = 5000
	};
	struct types t = types_create();
	int s = btf__add_struct(t.btf, "s", 4), list;
	uint32_t *v = calloc(NR, 4);
	char *got;

	btf__add_field(t.btf, "a", t.u32, 0, 0);
	list = btf__add_array(t.btf, t.u32, s, NR);
	v[NR - 1] = 1;
	got = render(true, t.btf, list, v, NR * 4, NULL);
	ck_assert_ptr_nonnull(strstr(got, "{\"kind\":\"repeat\",\"count\":4999,"));
	ck_assert_ptr_null(strstr(got, "\"cut\""));
	free(got);
	ck_plain(t.btf, list, v, NR * 4, "[{\"kind\":\"zeros\",\"count\":4999},{\"a\":1}]");
	for (uint32_t i = 0; i < NR; i++)
		v[i] = i;
	got = plain_with(t.btf, list, v, NR * 4, NULL);
	ck_assert_ptr_nonnull(strstr(
		got,
		",{\"a\":4095},{\"kind\":\"cut\",\"reason\":\"4096 of 5000 elements shown\"}]"));
	free(got);
	free(v);
	btf__free(t.btf);
}
END_TEST

START_TEST(zero_bytes_are_counted)
{
	struct types t = types_create();
	uint8_t v[64] = { 1, 2 };

	ck_json(t.btf, btf__add_array(t.btf, t.u32, t.u8, 64), v, 64,
		"{\"kind\":\"bytes\",\"len\":64,\"hex\":\"0102\",\"zeros\":62}");
	ck_json(t.btf, btf__add_array(t.btf, t.u32, t.u8, 33), v, 33,
		"{\"kind\":\"bytes\",\"len\":33,\"hex\":"
		"\"010200000000000000000000000000000000000000000000000000000000000000\"}");
	v[0] = v[1] = 0;
	ck_plain(t.btf, btf__add_array(t.btf, t.u32, t.u8, 64), v, 64, "null");
	btf__free(t.btf);
}
END_TEST

START_TEST(entries_in_three_forms)
{
	struct one_map m;
	uint64_t v = 42;
	uint32_t k = 3;

	map_init(&m, SCXRAY_MAP_ENTRIES, 1, "hash");
	m.map.key_type = map_typed(&m, m.t.u32, 4);
	m.map.value_type = map_typed(&m, m.t.u64, 8);
	map_add(&m, &k, &v);
	ck_map_json_as(
		&m, SCXRAY_JSON_TYPED,
		"\"entries\":[{\"key\":{\"kind\":\"uint\",\"bits\":32,\"value\":3},\"value\":"
		"{\"kind\":\"uint\",\"bits\":64,\"value\":42}}]");
	ck_map_json_as(&m, SCXRAY_JSON_PLAIN, "\"entries\":[{\"key_plain\":3,\"value_plain\":42}]");
	v = UINT64_MAX;
	map_add(&m, &k, &v);
	ck_map_json_as(&m, SCXRAY_JSON_PLAIN,
		       "\"value_plain\":18446744073709551615,"
		       "\"value_plain_hex\":\"0xffffffffffffffff\"}]");
	m.map.nr_entries = 1;
	ck_map_json_as(
		&m, SCXRAY_JSON_BOTH,
		"\"entries\":[{\"key\":{\"kind\":\"uint\",\"bits\":32,\"value\":3},\"key_plain\":3,"
		"\"value\":{\"kind\":\"uint\",\"bits\":64,\"value\":42},\"value_plain\":42}]");
	map_deinit(&m);
}
END_TEST

START_TEST(equal_entries_of_an_array)
{
	struct one_map m;
	uint64_t zero = 0, v = 42;

	map_init(&m, SCXRAY_MAP_ARRAY, 2, "array");
	m.map.value_type = map_typed(&m, m.t.u64, 8);
	map_add(&m, NULL, &v);
	for (int i = 0; i < 5; i++)
		map_add(&m, NULL, &zero);
	map_add(&m, NULL, NULL);
	map_add(&m, NULL, NULL);
	ck_map_json_as(&m, SCXRAY_JSON_PLAIN,
		       "\"total_entries\":8,\"array_entries\":[{\"key\":0,\"value_plain\":42},"
		       "{\"key\":1,\"repeats\":5,\"value_plain\":0},"
		       "{\"key\":6,\"value_plain\":{\"kind\":\"unreadable\",");
	/* places that don't follow one another */
	m.entries[3].index = 10;
	m.map.nr_entries = 6;
	ck_map_json_as(&m, SCXRAY_JSON_PLAIN,
		       "{\"key\":1,\"value_plain\":0},{\"key\":2,\"value_plain\":0},"
		       "{\"key\":10,\"value_plain\":0},");
	map_deinit(&m);

	/* of a queue each is told: findings lead to its place */
	map_init(&m, SCXRAY_MAP_QUEUE, 22, "queue");
	m.map.value_type = map_typed(&m, m.t.u64, 8);
	for (int i = 0; i < 5; i++)
		map_add(&m, NULL, &zero);
	ck_map_json_as(&m, SCXRAY_JSON_PLAIN, "{\"key\":4,\"value_plain\":0}]");
	map_deinit(&m);
}
END_TEST

START_TEST(equal_values_of_cpus)
{
	struct one_map m;
	uint64_t zero[2] = { 0 }, v[2] = { 1, 2 };
	int s;

	map_init(&m, SCXRAY_MAP_PERCPU_ARRAY, 6, "percpu_array");
	s = map_struct(&m, "ctx", (const char *const[]){ "a", "b" }, 2);
	m.map.value_type = map_typed(&m, s, 16);
	map_cpus(&m, 6);
	map_add(&m, NULL, NULL);
	map_on_cpu(&m, 0, v);
	for (size_t c = 1; c < 6; c++)
		map_on_cpu(&m, c, zero);
	ck_map_json_as(&m, SCXRAY_JSON_PLAIN,
		       "\"per_cpu_plain\":[{\"a\":1,\"b\":2},null,null,null,null,null]}");
	ck_map_json_as(&m, SCXRAY_JSON_TYPED,
		       ",{\"kind\":\"repeat\",\"count\":5,\"value\":{\"kind\":");
	for (int i = 0; i < 4; i++) {
		map_add(&m, NULL, NULL);
		for (size_t c = 0; c < 6; c++)
			map_on_cpu(&m, c, zero);
	}
	ck_map_json_as(&m, SCXRAY_JSON_PLAIN, "{\"key\":1,\"repeats\":4,\"per_cpu_plain\":[null,");
	map_deinit(&m);
}
END_TEST

static const unit_test tests[] = {
	&names_to_scalars,
	&anonymous_members_are_their_parents,
	&members_of_one_name_get_numbers,
	&a_struct_of_many_names,
	&pointers_are_addresses_or_what_they_lead_to,
	&equal_elements,
	&equal_elements_beyond_the_limit,
	&zero_bytes_are_counted,
	&entries_in_three_forms,
	&equal_entries_of_an_array,
	&equal_values_of_cpus,
};

UNIT_MAIN("render_plain", tests)
