/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render_map_fold.c - equal values of a map share a line, zeros are counted
 */
#include <scxray/map.h>
#include <scxray/task.h>

#include "tests/render/maps.h"
#include "tests/lib/unit.h"

static void init_array(struct one_map *m)
{
	map_init(m, SCXRAY_MAP_ARRAY, 2, "array");
	m->map.value_type = map_typed(m, m->t.u64, 8);
}

static void init_hash(struct one_map *m)
{
	map_init(m, SCXRAY_MAP_ENTRIES, 1, "hash");
	m->map.key_type = map_typed(m, m->t.u32, 4);
	m->map.value_type = map_typed(m, m->t.u64, 8);
}

START_TEST(keys_with_one_value_share_a_line)
{
	static const uint64_t values[] = { 7, 7, 7, 5, 0, 7, 0, 0, 5 };
	struct one_map m;

	init_array(&m);
	for (size_t i = 0; i < 9; i++)
		map_add(&m, NULL, &values[i]);
	ck_map_text(&m, "keys 0-2,5: 7\n"
			"keys 3,8: 5\n"
			"3 of 9 entries all zero\n");
	m.full = true;
	ck_map_text(&m, "key 0: 7\nkey 1: 7\nkey 2: 7\nkey 3: 5\nkey 4: 0\nkey 5: 7\nkey 6: 0\n"
			"key 7: 0\nkey 8: 5\n");
	map_deinit(&m);
}
END_TEST

START_TEST(many_ranges_are_counted)
{
	uint64_t v;
	struct one_map m;

	init_array(&m);
	for (v = 1; v <= 16; v++)
		map_add(&m, NULL, &(uint64_t){ 1 + v % 2 });
	for (size_t i = 0; i < 16; i++)
		m.entries[i].index *= 2;
	ck_map_text(&m, "keys 0,4,8,12,16,20,24,28: 2\nkeys 2,6,10,14,18,22,26,30: 1\n");
	for (size_t i = 0; i < 16; i++)
		m.entries[i].value = m.entries[0].value;
	m.entries[15].index = 31;
	ck_map_text(&m, "keys 0,2,4,6,8,10,12,14,16,18,20,22,24,26,28,31: 2\n");
	map_deinit(&m);
}
END_TEST

START_TEST(what_cannot_be_read_is_never_zero_nor_equal)
{
	uint64_t zero = 0;
	struct one_map m;

	init_array(&m);
	map_add(&m, NULL, NULL);
	map_add(&m, NULL, NULL);
	map_add(&m, NULL, &zero);
	ck_map_text(&m, "key 0: <unreadable: 0xffff888000100000: not mapped>\n"
			"key 1: <unreadable: 0xffff888000100080: not mapped>\n"
			"key 2: 0\n");
	map_deinit(&m);
}
END_TEST

START_TEST(entries_with_one_value_are_named)
{
	static const uint64_t values[] = { 3, 0, 3, 0, 4 };
	struct one_map m;

	init_hash(&m);
	for (uint32_t key = 10; key < 15; key++)
		map_add(&m, &key, &values[key - 10]);
	ck_map_text(&m, "2 entries: 10, 12\n"
			"  value: 3\n"
			"entry: key=14\n"
			"  value: 4\n"
			"2 of 5 entries all zero: 11, 13\n");
	/* without its key an entry is not one of them */
	m.entries[3].key = NULL;
	m.entries[3].reason = "freed";
	ck_map_text(&m, "2 entries: 10, 12\n"
			"  value: 3\n"
			"entry: key=11\n"
			"  value: 0\n"
			"entry: key=<unreadable: 0xffff888000100180: freed>\n"
			"  value: 0\n"
			"entry: key=14\n"
			"  value: 4\n");
	map_deinit(&m);
}
END_TEST

START_TEST(rows_that_are_zero_leave_the_table)
{
	static const char *const k[] = { "k" }, *const v[] = { "v" };
	static const uint64_t values[] = { 0, 3, 0, 4 };
	struct one_map m;

	init_hash(&m);
	m.map.key_type = map_typed(&m, map_struct(&m, "key", k, 1), 8);
	m.map.value_type = map_typed(&m, map_struct(&m, "val", v, 1), 8);
	for (uint64_t key = 10; key < 14; key++)
		map_add(&m, &key, &values[key - 10]);
	ck_map_text(&m, "   k | v\n"
			"  11 | 3\n"
			"  13 | 4\n"
			"2 of 4 entries all zero: key{k=10}, key{k=12}\n");
	map_deinit(&m);
}
END_TEST

START_TEST(cpus_with_one_value_share_a_line)
{
	static const uint64_t values[] = { 7, 0, 0, 7 };
	struct one_map m;

	map_init(&m, SCXRAY_MAP_PERCPU_ARRAY, 6, "percpu_array");
	m.map.value_type = map_typed(&m, m.t.u64, 8);
	map_cpus(&m, 5);
	for (size_t e = 0; e < 3; e++) {
		map_add(&m, NULL, NULL);
		for (size_t c = 0; c < 4; c++)
			map_on_cpu(&m, c, e ? &values[1] : &values[c]);
	}
	/* one CPU without memory: the entries are not zero on all */
	ck_map_text(&m, "key 0:\n  cpus 0,3: 7\n  cpus 1-2: 0\n  cpu 4: <unmapped>\n"
			"key 1:\n  cpus 0-3: 0\n  cpu 4: <unmapped>\n"
			"key 2:\n  cpus 0-3: 0\n  cpu 4: <unmapped>\n");
	for (size_t e = 0; e < 3; e++)
		m.per_cpu[e * 5 + 4] = m.per_cpu[1];
	ck_map_text(&m, "key 0:\n  cpus 0,3: 7\n  cpus 1-2,4: 0\n"
			"2 of 3 entries zero on all CPUs\n");
	map_deinit(&m);
}
END_TEST

static const unit_test tests[] = {
	&keys_with_one_value_share_a_line,
	&many_ranges_are_counted,
	&what_cannot_be_read_is_never_zero_nor_equal,
	&entries_with_one_value_are_named,
	&rows_that_are_zero_leave_the_table,
	&cpus_with_one_value_share_a_line,
};

UNIT_MAIN("render_map_fold", tests)
