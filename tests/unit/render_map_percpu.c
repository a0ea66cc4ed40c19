/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render_map_percpu.c - values per CPU: rows, groups, templates
 */
#include <scxray/map.h>
#include <scxray/task.h>

#include "tests/render/maps.h"
#include "tests/lib/unit.h"

static const char *const members[] = { "a", "b", "c", "d", "e", "f", "g", "h" };

/* One key whose values are struct stat of `nr_members` u64 on `nr_cpus` CPUs. */
static void init_structs(struct one_map *m, unsigned nr_members, size_t nr_cpus)
{
	map_init(m, SCXRAY_MAP_PERCPU_ARRAY, 6, "percpu_array");
	m->map.value_type =
		map_typed(m, map_struct(m, "stat", members, nr_members), nr_members * 8);
	map_cpus(m, nr_cpus);
	map_add(m, NULL, NULL);
}

START_TEST(scalars_have_a_row_for_each_cpu)
{
	struct one_map m;
	uint64_t v[2] = { 1445, 0 };

	map_init(&m, SCXRAY_MAP_PERCPU_ARRAY, 6, "percpu_array");
	m.map.value_type = map_typed(&m, m.t.u64, 8);
	map_cpus(&m, 3);
	map_add(&m, NULL, NULL);
	map_on_cpu(&m, 0, &v[0]);
	map_on_cpu(&m, 2, &v[1]);
	ck_map_text(&m, "key 0:\n  cpu 0: 1445\n  cpu 1: <unmapped>\n  cpu 2: 0\n");
	ck_map_json(&m, "\"total_entries\":1,\"cpus\":[0,1,2],\"percpu_entries\":[{\"key\":0,"
			"\"per_cpu\":[{\"kind\":\"uint\",\"bits\":64,\"value\":1445},"
			"{\"kind\":\"unreadable\",\"addr\":\"0xffff888000100000\","
			"\"reason\":\"unmapped\"},{\"kind\":\"uint\",\"bits\":64,\"value\":0}]}]");
	map_deinit(&m);
}
END_TEST

START_TEST(one_struct_is_not_compared)
{
	struct one_map m;
	uint64_t v[2] = { 1, 2 };

	init_structs(&m, 2, 2);
	map_on_cpu(&m, 1, v);
	ck_map_text(&m, "key 0:\n  cpu 0: <unmapped>\n  cpu 1: stat{a=1, b=2}\n");
	map_deinit(&m);
}
END_TEST

START_TEST(cpus_that_agree_share_a_row)
{
	struct one_map m;
	uint64_t v[2] = { 1, 2 };

	init_structs(&m, 2, 4);
	for (size_t c = 0; c < 4; c++)
		map_on_cpu(&m, c, v);
	ck_map_text(&m, "key 0: struct stat (4 CPUs)\n  all CPUs: stat{a=1, b=2}\n");
	map_deinit(&m);
}
END_TEST

START_TEST(groups_are_named_by_their_cpus)
{
	struct one_map m;
	uint64_t v[2] = { 1, 2 }, w[2] = { 1, 3 }, x[2] = { 0, 0 };

	init_structs(&m, 2, 8);
	/* 0-2 alike, 3 and 5 and 6 alike, 4 alone, 7 unmapped */
	for (size_t c = 0; c < 7; c++)
		map_on_cpu(&m, c, c < 3 ? v : c == 4 ? x : w);
	ck_map_text(&m, "key 0: struct stat (8 CPUs)\n"
			"  cpus 0-2: stat{a=1, b=2}\n"
			"  cpus [3, 5, 6]: stat{a=1, b=3}\n"
			"  cpu 4: stat{}\n"
			"  cpus [7]: <unmapped>\n");
	map_deinit(&m);
}
END_TEST

START_TEST(a_range_needs_every_cpu_between)
{
	struct one_map m;
	uint64_t v[2] = { 1, 2 }, w[2] = { 1, 3 };

	/* the machine has CPUs 0, 2, 4, 5: places 2 and 3 are neighbours, 0 and 1 are not */
	init_structs(&m, 2, 4);
	memcpy(m.cpus, (uint32_t[]){ 0, 2, 4, 5 }, 16);
	for (size_t c = 0; c < 4; c++)
		map_on_cpu(&m, c, c < 2 ? v : w);
	ck_map_text(&m, "key 0: struct stat (4 CPUs)\n"
			"  cpus [0, 2]: stat{a=1, b=2}\n"
			"  cpus 4-5: stat{a=1, b=3}\n");
	ck_map_json(&m, "\"cpus\":[0,2,4,5]");
	map_deinit(&m);
}
END_TEST

START_TEST(two_cpus_that_differ_make_no_template)
{
	struct one_map m;
	uint64_t v[2] = { 1, 2 }, w[2] = { 1, 3 };

	init_structs(&m, 2, 2);
	map_on_cpu(&m, 0, v);
	map_on_cpu(&m, 1, w);
	ck_map_text(&m, "key 0: struct stat (2 CPUs)\n"
			"  cpu 0: stat{a=1, b=2}\n  cpu 1: stat{a=1, b=3}\n");
	map_deinit(&m);
}
END_TEST

START_TEST(three_that_differ_in_few_members_make_a_template)
{
	struct one_map m;
	uint64_t v[4] = { 9, 0, 0, 100 };

	init_structs(&m, 4, 5);
	m.cpus[4] = 10;
	for (size_t c = 0; c < 5; c++) {
		v[1] = c;
		v[3] = 100 * c;
		if (c != 2)
			map_on_cpu(&m, c, v);
	}
	/* `c` is zero on all: not worth a line */
	ck_map_text(&m, "key 0: struct stat (5 CPUs)\n"
			"  common:\n"
			"    a: 9\n"
			"  per-cpu:\n"
			"    cpu | b | d\n"
			"      0 | 0 | 0\n"
			"      1 | 1 | 100\n"
			"      3 | 3 | 300\n"
			"     10 | 4 | 400\n"
			"  cpus [2]: <unmapped>\n");
	map_deinit(&m);
}
END_TEST

START_TEST(seven_varying_members_make_a_template_eight_do_not)
{
	uint64_t v[8];
	struct one_map m;

	for (unsigned nr = 7; nr <= 8; nr++) {
		char *got;

		init_structs(&m, 8, 3);
		for (size_t c = 0; c < 3; c++) {
			for (unsigned i = 0; i < 8; i++)
				v[i] = i < nr ? 10 * c + i : 77;
			map_on_cpu(&m, c, v);
		}
		got = maps_text(&m.r, 120);
		ck_assert_int_eq(!!strstr(got, "    cpu | a | b | c | d | e | f | g\n"), nr == 7);
		ck_assert_int_eq(!!strstr(got, "    h: 77\n"), nr == 7);
		ck_assert_int_eq(!!strstr(got, "\n  cpu 2: stat{a=20, b=21"), nr == 8);
		free(got);
		map_deinit(&m);
	}
}
END_TEST

START_TEST(more_than_64_cpus_have_a_row_each)
{
	uint64_t v[2] = { 1, 2 };
	struct one_map m;
	char *got;

	for (size_t nr = 64; nr <= 65; nr++) {
		init_structs(&m, 2, nr);
		for (size_t c = 0; c < nr; c++)
			if (c != 3 || nr == 64)
				map_on_cpu(&m, c, v);
		got = maps_text_as(&m.r, 120, true);
		if (nr == 64) {
			ck_assert_str_eq(strchr(got, '\n') + 1, "key 0: struct stat (64 CPUs)\n"
								"  all CPUs: stat{a=1, b=2}\n");
		} else {
			ck_assert_ptr_nonnull(strstr(got, "key 0: struct stat (65 CPUs)\n"
							  "  cpu 0: stat{a=1, b=2}\n"));
			ck_assert_ptr_nonnull(strstr(got, "  cpu 3: <unmapped>\n"));
			ck_assert_ptr_nonnull(strstr(got, "  cpu 64: stat{a=1, b=2}\n"));
		}
		free(got);
		map_deinit(&m);
	}
}
END_TEST

/* A guest may claim structs of 60 000 members: comparing them must not take squares of that. */
START_TEST(wide_structs_are_compared_in_time)
{
	uint8_t value[480000] = { 0 };
	struct one_map m;
	char *got;
	int id;

	map_init(&m, SCXRAY_MAP_PERCPU_ARRAY, 6, "percpu_array");
	id = btf__add_struct(m.t.btf, "wide", sizeof(value));
	for (unsigned i = 0; i < 60000; i++)
		btf__add_field(m.t.btf, "x", m.t.u64, i * 64, 0);
	m.map.value_type = map_typed(&m, id, sizeof(value));
	map_cpus(&m, 64);
	map_add(&m, NULL, NULL);
	for (size_t c = 0; c < 64; c++) {
		value[0] = (uint8_t)c;
		map_on_cpu(&m, c, value);
	}
	got = maps_text(&m.r, 120);
	/* and 64 trees at a time share one budget */
	ck_assert_ptr_nonnull(strstr(got, "the budget of nodes for one value is used up"));
	free(got);
	map_deinit(&m);
}
END_TEST

START_TEST(anonymous_structs_and_lost_keys)
{
	uint64_t v[2] = { 1, 2 };
	struct one_map m;

	map_init(&m, SCXRAY_MAP_PERCPU_ARRAY, 6, "percpu_array");
	m.map.value_type = map_typed(&m, map_struct(&m, NULL, members, 2), 16);
	map_cpus(&m, 2);
	map_add(&m, NULL, NULL);
	map_on_cpu(&m, 0, v);
	map_on_cpu(&m, 1, v);
	map_add(&m, NULL, NULL)->reason = "page not in the image";
	ck_map_text(&m, "key 0: (2 CPUs)\n  all CPUs: {a=1, b=2}\n"
			"key 1: <unreadable: 0xffff888000100080: page not in the image>\n");
	ck_map_json(&m, "{\"key\":1,\"per_cpu\":[{\"kind\":\"unreadable\","
			"\"addr\":\"0xffff888000100080\",\"reason\":\"page not in the image\"},");
	map_deinit(&m);
}
END_TEST

START_TEST(hashes_have_a_row_for_each_cpu)
{
	uint64_t v[2] = { 1, 2 };
	uint32_t key = 7;
	struct one_map m;

	map_init(&m, SCXRAY_MAP_PERCPU_ENTRIES, 5, "percpu_hash");
	m.map.key_type = map_typed(&m, m.t.u32, 4);
	m.map.value_type = map_typed(&m, map_struct(&m, "stat", members, 2), 16);
	map_cpus(&m, 3);
	m.full = true;
	map_add(&m, &key, NULL);
	map_on_cpu(&m, 0, v);
	map_on_cpu(&m, 1, v);
	map_add(&m, &key, NULL)->reason = "not mapped";
	ck_map_text(&m, "entry: key=7\n"
			"  cpu 0: stat{a=1, b=2}\n"
			"  cpu 1: stat{a=1, b=2}\n"
			"  cpu 2: <unmapped>\n"
			"entry: key=7\n"
			"  <unreadable: 0xffff888000100080: not mapped>\n");
	ck_map_json(&m, "\"percpu_hash_entries\":[{\"key\":{\"kind\":\"uint\",\"bits\":32,"
			"\"value\":7},\"per_cpu\":[{\"kind\":\"struct\"");
	m.map.key_type.btf = NULL;
	m.map.nr_entries = 1;
	ck_map_json(&m, "\"percpu_hash_entries\":[{\"key_hex\":\"07000000\",\"per_cpu\":[");
	map_deinit(&m);
}
END_TEST

START_TEST(without_cpus_there_is_no_value)
{
	struct one_map m;

	init_structs(&m, 2, 0);
	ck_map_text(&m, "key 0:\n");
	ck_map_json(&m, "\"cpus\":[],\"percpu_entries\":[{\"key\":0,\"per_cpu\":[]}]");
	m.map.per_cpu = NULL;
	ck_map_text(&m, "");
	ck_map_no_json(&m, "percpu_entries");
	map_deinit(&m);
}
END_TEST

static const unit_test tests[] = {
	&scalars_have_a_row_for_each_cpu,
	&one_struct_is_not_compared,
	&cpus_that_agree_share_a_row,
	&groups_are_named_by_their_cpus,
	&a_range_needs_every_cpu_between,
	&two_cpus_that_differ_make_no_template,
	&three_that_differ_in_few_members_make_a_template,
	&seven_varying_members_make_a_template_eight_do_not,
	&more_than_64_cpus_have_a_row_each,
	&wide_structs_are_compared_in_time,
	&anonymous_structs_and_lost_keys,
	&hashes_have_a_row_for_each_cpu,
	&without_cpus_there_is_no_value,
};

UNIT_MAIN("render_map_percpu", tests)
