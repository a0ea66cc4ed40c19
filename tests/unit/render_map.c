/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render_map.c - maps of keys and values: the header, single values, arrays,
 * entries, queues
 */
#include <scxray/group.h>
#include <scxray/map.h>
#include <scxray/report_struct.h>
#include <scxray/task.h>

#include "tests/lib/unit.h"
#include "tests/render/maps.h"

static void expect_header(struct one_map *m, const char *expect)
{
	char *got = maps_text(&m->r, 120);

	got[strcspn(got, "\n")] = '\0';
	ck_assert_str_eq(got, expect);
	free(got);
}

START_TEST(the_header_has_its_exact_form)
{
	struct one_map m;

	map_init(&m, SCXRAY_MAP_NONE, 27, "ringbuf");
	expect_header(&m, "map m (type=ringbuf, value_size=8, max_entries=16)");
	m.map.active = true;
	expect_header(&m, "map m (type=ringbuf, value_size=8, max_entries=16)");
	m.map.error = "truncated at 4096 entries";
	expect_header(&m, "map m (type=ringbuf, value_size=8, max_entries=16) "
			  "[error: truncated at 4096 entries]");
	m.map.type_name = NULL;
	m.map.map_type = N(99);
	m.map.error = NULL;
	m.map.value_size = LOST(ELEM, "not mapped");
	expect_header(&m,
		      "map m (type=99, value_size=<unreadable: 0xffff888000100000: not mapped>, "
		      "max_entries=16)");
	ck_map_json(&m, "\"map_type\":99,\"key_size\":4,\"value_size\":{\"kind\":\"unreadable\"");
	map_deinit(&m);
}
END_TEST

START_TEST(what_the_header_has_no_room_for_follows_it)
{
	struct one_map m;
	uint32_t v = 7;

	map_init(&m, SCXRAY_MAP_ENTRIES, 1, "hash");
	ck_map_text(&m, "  (empty)\n");
	ck_map_json(&m, "\"active\":false,\"total_entries\":0}");
	m.map.active = m.full = true;
	ck_map_text(&m, "  (the live scheduler's own; empty)\n");
	m.full = false;
	ck_map_text(&m, "  (empty)\n");
	m.full = true;
	ck_map_json(&m, "\"active_map_kvas\":[\"0xffff888000042000\"]");
	/* an error says what is missing: then nothing may claim that the map is empty */
	m.map.error = "hash table header makes no sense";
	ck_map_text(&m, "  (the live scheduler's own)\n");
	m.map.active = m.full = false;
	m.map.error = NULL;
	m.map.key_type.size = m.map.value_type.size = 4;
	map_add(&m, &v, &v);
	m.map.total = 100000;
	m.map.btf_error = "struct btf cannot be read";
	ck_map_text(&m, "  (1 of 100000 entries shown; raw bytes: struct btf cannot be read)\n"
			"entry: key=07 00 00 00 (raw)\n"
			"  value: 07 00 00 00 (raw)\n");
	ck_map_json(&m, "\"btf_error\":\"struct btf cannot be read\",\"total_entries\":100000,"
			"\"entries\":[{\"key_hex\":\"07000000\",\"value_hex\":\"07000000\"}]");
	m.map.total_is_least = true;
	ck_map_text(&m,
		    "  (1 of at least 100000 entries shown; raw bytes: struct btf cannot be read)\n"
		    "entry: key=07 00 00 00 (raw)\n"
		    "  value: 07 00 00 00 (raw)\n");
	ck_map_json(&m, "\"total_entries\":100000,\"total_is_least\":true,"
			"\"entries\":[{\"key_hex\":\"07000000\",\"value_hex\":\"07000000\"}]");
	map_deinit(&m);
}
END_TEST

START_TEST(a_single_value_stands_alone)
{
	static const char *const names[] = { "a", "b" };
	uint64_t bytes[2] = { 5, 0 };
	struct one_map m;

	map_init(&m, SCXRAY_MAP_VALUE, 2, "array");
	m.map.value_type = map_typed(&m, map_struct(&m, "cfg", names, 2), 16);
	map_add(&m, NULL, bytes);
	ck_map_text(&m, "cfg{a=5}\n");
	ck_map_json(&m, "\"total_entries\":1,\"value\":{\"kind\":\"struct\",\"type_name\":\"cfg\","
			"\"members\":[{\"name\":\"a\",\"value\":{\"kind\":\"uint\",\"bits\":64,"
			"\"value\":5}},{\"name\":\"b\",\"value\":{\"kind\":\"uint\",\"bits\":64,"
			"\"value\":0}}]}}");
	m.entries[0].value = NULL;
	m.entries[0].reason = "page not in the image";
	ck_map_text(&m, "<unreadable: 0xffff888000100000: page not in the image>\n");
	ck_map_json(&m, "\"value\":{\"kind\":\"unreadable\",\"addr\":\"0xffff888000100000\","
			"\"reason\":\"page not in the image\"}");
	map_deinit(&m);
}
END_TEST

START_TEST(a_wide_value_breaks_at_the_width)
{
	static const char *const names[] = { "first_number", "second_number", "third_number",
					     "fourth_number", "fifth_number" };
	uint64_t bytes[5] = { UINT64_MAX, UINT64_MAX - 1, UINT64_MAX - 2, 4, 5 };
	struct one_map m;

	map_init(&m, SCXRAY_MAP_ARRAY, 2, "array");
	m.map.value_type = map_typed(&m, map_struct(&m, "wide", names, 5), 40);
	map_add(&m, NULL, bytes);
	map_add(&m, NULL, bytes);
	m.width = 150;
	m.full = true;
	ck_map_text(&m, "key 0: wide{first_number=18446744073709551615, "
			"second_number=18446744073709551614, third_number=18446744073709551613, "
			"fourth_number=4, fifth_number=5}\n"
			"key 1: wide{first_number=18446744073709551615, "
			"second_number=18446744073709551614, third_number=18446744073709551613, "
			"fourth_number=4, fifth_number=5}\n");
	m.width = 120;
	m.map.nr_entries = m.map.total = 1;
	ck_map_text(&m,
		    "key 0: wide:\n"
		    "  first_number=18446744073709551615   second_number=18446744073709551614   "
		    "third_number=18446744073709551613\n"
		    "  fourth_number=4                     fifth_number=5\n");
	m.width = 80;
	ck_map_text(&m, "key 0: wide:\n"
			"  first_number=18446744073709551615   second_number=18446744073709551614\n"
			"  third_number=18446744073709551613   fourth_number=4\n"
			"  fifth_number=5\n");
	map_deinit(&m);
}
END_TEST

START_TEST(an_array_is_listed_by_key)
{
	struct one_map m;
	uint64_t v = 42;

	map_init(&m, SCXRAY_MAP_ARRAY, 2, "array");
	m.map.value_type = map_typed(&m, m.t.u64, 8);
	map_add(&m, NULL, &v);
	map_add(&m, NULL, NULL);
	v = 0;
	map_add(&m, NULL, &v);
	ck_map_text(&m, "key 0: 42\n"
			"key 1: <unreadable: 0xffff888000100080: not mapped>\n"
			"key 2: 0\n");
	ck_map_json(&m, "\"total_entries\":3,\"array_entries\":["
			"{\"key\":0,\"value\":{\"kind\":\"uint\",\"bits\":64,\"value\":42}},"
			"{\"key\":1,\"value\":{\"kind\":\"unreadable\","
			"\"addr\":\"0xffff888000100080\",\"reason\":\"not mapped\"}},"
			"{\"key\":2,\"value\":{\"kind\":\"uint\",\"bits\":64,\"value\":0}}]");
	map_deinit(&m);
}
END_TEST

START_TEST(the_headers_constants_are_counted)
{
	uint64_t bytes[3] = { 1, 2, 3 };
	struct one_map m;
	int vars[3], sec;

	map_init(&m, SCXRAY_MAP_VALUE, 2, "array");
	vars[0] = btf__add_var(m.t.btf, "__SCX_SLICE_DFL", BTF_VAR_GLOBAL_ALLOCATED, m.t.u64);
	vars[1] = btf__add_var(m.t.btf, "nr_cpus", BTF_VAR_GLOBAL_ALLOCATED, m.t.u64);
	vars[2] = btf__add_var(m.t.btf, "__SCX_KICK_IDLE", BTF_VAR_GLOBAL_ALLOCATED, m.t.u64);
	sec = btf__add_datasec(m.t.btf, ".rodata", 24);
	for (unsigned i = 0; i < 3; i++)
		btf__add_datasec_var_info(m.t.btf, vars[i], i * 8, 8);
	m.map.value_type = map_typed(&m, sec, 24);
	map_add(&m, NULL, bytes);
	ck_map_text(&m, ".rodata{nr_cpus=2}\n  (2 constants __SCX_*: with --full only)\n");
	m.full = true;
	ck_map_text(&m, ".rodata{__SCX_SLICE_DFL=1, nr_cpus=2, __SCX_KICK_IDLE=3}\n");
	map_deinit(&m);
}
END_TEST

START_TEST(maps_that_hold_nothing_share_a_line)
{
	static const char format[24] = "ran %llu of %llu";
	uint64_t zero = 0, one = 1;
	struct scxray_map maps[3];
	struct one_map m;
	int text, var, sec;
	char *got;

	map_init(&m, SCXRAY_MAP_VALUE, 2, "array");
	m.map.active = true;
	m.map.value_type = map_typed(&m, m.t.u64, 8);
	map_add(&m, NULL, &zero);
	maps[0] = m.map;
	maps[1] = m.map;
	maps[1].name = T("none");
	maps[1].form = SCXRAY_MAP_ENTRIES;
	maps[1].nr_entries = 0;
	maps[1].total = 0;
	text = btf__add_array(m.t.btf, m.t.u32, m.t.chr, 24);
	var = btf__add_var(m.t.btf, "____dump.fmt", BTF_VAR_STATIC, text);
	sec = btf__add_datasec(m.t.btf, ".data", 24);
	btf__add_datasec_var_info(m.t.btf, var, 0, 24);
	maps[2] = m.map;
	maps[2].name = T("obj.data");
	maps[2].active = false;
	maps[2].value_type = map_typed(&m, sec, 24);
	maps[2].entries = &(struct scxray_entry){ .value = (const uint8_t *)format };
	m.r.maps = maps;
	m.r.nr_maps = 3;
	got = maps_text(&m.r, 120);
	ck_assert_str_eq(got, "maps that hold nothing: m (all zero), none (empty), "
			      "obj.data (only formats that it prints with)\n");
	free(got);
	/* one byte that is not 0, and an entry beyond the captured ones */
	maps[0].entries = &(struct scxray_entry){ .value = (const uint8_t *)&one };
	maps[1].total = 4;
	got = maps_text(&m.r, 120);
	ck_assert_ptr_nonnull(strstr(got, "\n1\n"));
	ck_assert_ptr_nonnull(strstr(got, "map none ("));
	ck_assert_ptr_nonnull(strstr(got, "maps that hold nothing: obj.data ("));
	free(got);
	got = maps_text_as(&m.r, 120, true);
	ck_assert_ptr_nonnull(strstr(got, "____dump.fmt=\"ran %llu of %llu\""));
	free(got);
	map_deinit(&m);
}
END_TEST

START_TEST(storage_is_shown_by_its_owners)
{
	static const char *owners[] = { "hog[106]", "/alpha/inner", "e\033[2J\n" };
	uint64_t kva = 0xffff888000500000, v = 3;
	struct one_map m;

	map_init(&m, SCXRAY_MAP_ENTRIES, 29, "task_storage");
	m.map.key_type.size = 8;
	m.map.value_type = map_typed(&m, m.t.u64, 8);
	m.map.owners = owners;
	m.map.nr_owners = 3;
	m.full = true;
	map_add(&m, &kva, &v)->owner = 1;
	map_add(&m, &kva, &v);
	map_add(&m, &kva, &v)->owner = 3;
	map_add(&m, &kva, &v)->owner = 99;
	ck_map_text(&m, "entry: key=0xffff888000500000 → hog[106]\n  value: 3\n"
			"entry: key=0xffff888000500000\n  value: 3\n"
			"entry: key=0xffff888000500000 → e\\x1b[2J\\n\n  value: 3\n"
			"entry: key=0xffff888000500000\n  value: 3\n");
	ck_map_json(&m, "{\"key\":{\"kind\":\"ptr\",\"value\":\"0xffff888000500000\"},"
			"\"owner\":\"hog[106]\",\"value\":{");
	ck_map_json(&m, "{\"key\":{\"kind\":\"ptr\",\"value\":\"0xffff888000500000\"},\"value\":{");
	map_deinit(&m);
}
END_TEST

START_TEST(queues_and_stacks_are_listed_in_order)
{
	struct one_map m;
	uint32_t v = 141;

	map_init(&m, SCXRAY_MAP_QUEUE, 22, "queue");
	ck_map_text(&m, "  (empty)\n");
	m.map.value_type.size = 4;
	map_add(&m, NULL, &v);
	v++;
	map_add(&m, NULL, &v);
	map_add(&m, NULL, NULL);
	ck_map_text(&m, "  (3 elements, next out first)\n"
			"  [0] 8d 00 00 00 (raw) = 141\n"
			"  [1] 8e 00 00 00 (raw) = 142\n"
			"  [2] <unreadable: 0xffff888000100100: not mapped>\n");
	ck_map_json(&m, "\"array_entries\":[{\"key\":0,\"value\":{\"kind\":\"bytes\",\"len\":4,"
			"\"hex\":\"8d000000\"}}");
	m.map.map_type = N(23);
	m.map.nr_entries = 1;
	ck_map_text(&m, "  (3 elements, top first; 1 of 3 entries shown)\n"
			"  [0] 8d 00 00 00 (raw) = 141\n");
	map_deinit(&m);
}
END_TEST

START_TEST(long_raw_values_are_cut_in_text_alone)
{
	uint8_t bytes[300] = { 0 };
	struct one_map m;
	char *got;

	map_init(&m, SCXRAY_MAP_VALUE, 2, "array");
	m.map.value_type.size = sizeof(bytes);
	bytes[299] = 0xee;
	map_add(&m, NULL, bytes);
	got = maps_text(&m.r, 120);
	ck_assert_ptr_nonnull(strstr(got, "00 00 +44 bytes (raw)\n"));
	ck_assert_ptr_null(strstr(got, "ee"));
	free(got);
	ck_map_json(&m, "0000ee\"}");
	map_deinit(&m);
}
END_TEST

START_TEST(sections_of_literals_are_strings)
{
	struct one_map m;

	map_init(&m, SCXRAY_MAP_VALUE, 2, "array");
	m.map.value_type.size = 12;
	map_add(&m, NULL, "one\0t\"wo\n\0\0");
	ck_map_text(&m, "  \"one\"\n  \"t\\\"wo\\n\"\n");
	/* one byte that is none, or no NUL at the end, and it is data */
	m.map.nr_entries = 0;
	map_add(&m, NULL, "one\0t\x01wo\n\0\0");
	ck_map_text(&m, "6f 6e 65 00 74 01 77 6f 0a 00 00 00 (raw)\n");
	m.map.nr_entries = 0;
	map_add(&m, NULL, "one\0two three");
	ck_map_text(&m, "6f 6e 65 00 74 77 6f 20 74 68 72 65 (raw)\n");
	m.map.nr_entries = 0;
	map_add(&m, NULL, "\0\0\0\0\0\0\0\0\0\0\0\0");
	ck_map_text(&m, "00 00 00 00 00 00 00 00 00 00 00 00 (raw)\n");
	map_deinit(&m);
}
END_TEST

START_TEST(hostile_names_act_on_nothing)
{
	uint64_t keys[2][2] = { { 1, 5 }, { 2, 6 } }, value = 9;
	static const char *const bad[] = { "\033[2J|\n", "\xff\xfe" };
	struct one_map m;
	char *text, *json;

	map_init(&m, SCXRAY_MAP_ENTRIES, 1, "hash\033]0;x\a");
	m.map.name = T("\033[31mred\xff\n\"\\");
	m.map.error = "bad \033 error\n";
	m.map.btf_error = "\xc3(";
	m.map.key_type = map_typed(&m, map_struct(&m, "\n}", bad, 2), 16);
	m.map.value_type = map_typed(&m, map_struct(&m, "\033[0m", bad, 1), 8);
	map_add(&m, keys[0], &value);
	map_add(&m, keys[1], &value);
	text = maps_text(&m.r, 120);
	json = maps_json(&m.r);
	for (const char *c = text; *c; c++)
		ck_assert_msg(*c == '\n' || ((unsigned char)*c >= 0x20 && *c != 0x7f), "%s", text);
	for (const char *c = json; *c; c++)
		ck_assert_msg((unsigned char)*c >= 0x20 && (unsigned char)*c < 0x7f, "%s", json);
	/* the table keeps its three lines */
	ck_assert_ptr_nonnull(strstr(text, "\n  \\x1b[2J|\\n  \\xff\\xfe | \\x1b[2J|\\n\n"));
	free(text);
	free(json);
	map_deinit(&m);
}
END_TEST

START_TEST(reasons_for_no_maps_are_told)
{
	struct scxray_report r = { .unavailable[SCXRAY_GROUP_MAPS] = "no map_idr",
				   .cut[SCXRAY_GROUP_MAPS] = "cut after 4096 maps",
				   .cut[SCXRAY_GROUP_POINTEES] = "cut after 4096 pointees" };
	char *got = maps_text(&r, 120);

	ck_assert_str_eq(got, "maps: <unavailable: no map_idr>\n\nmaps cut: cut after 4096 maps\n\n"
			      "map pointees cut: cut after 4096 pointees\n");
	free(got);
	got = maps_json(&r);
	ck_assert_str_eq(
		got, "{\"maps_unavailable\":\"no map_idr\",\"maps_cut\":\"cut after 4096 maps\","
		     "\"map_pointees_cut\":\"cut after 4096 pointees\",\"maps\":[]}");
	free(got);
}
END_TEST

static const unit_test tests[] = {
	&the_header_has_its_exact_form,
	&what_the_header_has_no_room_for_follows_it,
	&a_single_value_stands_alone,
	&a_wide_value_breaks_at_the_width,
	&an_array_is_listed_by_key,
	&the_headers_constants_are_counted,
	&maps_that_hold_nothing_share_a_line,
	&storage_is_shown_by_its_owners,
	&queues_and_stacks_are_listed_in_order,
	&long_raw_values_are_cut_in_text_alone,
	&sections_of_literals_are_strings,
	&hostile_names_act_on_nothing,
	&reasons_for_no_maps_are_told,
};

UNIT_MAIN("render_map", tests)
