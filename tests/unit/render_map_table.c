/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render_map_table.c - which entries make a table, and what it looks like
 */
#include <scxray/map.h>
#include <scxray/task.h>

#include "tests/lib/unit.h"
#include "tests/render/maps.h"

/* Keys {cgrp_id, llc_id}, values {llcx}. */
static void init_table(struct one_map *m)
{
	static const char *const key[] = { "cgrp_id", "llc_id" }, *const value[] = { "llcx" };

	map_init(m, SCXRAY_MAP_ENTRIES, 1, "hash");
	m->map.key_type = map_typed(m, map_struct(m, "key", key, 2), 16);
	m->map.value_type = map_typed(m, map_struct(m, "value", value, 1), 8);
}

START_TEST(flat_structs_make_a_table)
{
	uint64_t keys[2][2] = { { 1, 5 }, { 6100000000, 0 } }, values[2] = { 17592186046336, 7 };
	struct one_map m;

	init_table(&m);
	map_add(&m, keys[0], &values[0]);
	map_add(&m, keys[1], &values[1]);
	ck_map_text(&m, "     cgrp_id  llc_id |           llcx\n"
			"           1       5 | 17592186046336\n"
			"  6100000000       0 |              7\n");
	ck_map_json(&m,
		    "{\"name\":\"llc_id\",\"value\":{\"kind\":\"uint\",\"bits\":64,\"value\":0}}]},"
		    "\"value\":{\"kind\":\"struct\",\"type_name\":\"value\"");
	map_deinit(&m);
}
END_TEST

START_TEST(one_entry_makes_no_table)
{
	uint64_t key[2] = { 1, 5 }, value = 9;
	struct one_map m;

	init_table(&m);
	map_add(&m, key, &value);
	ck_map_text(&m, "entry: key=key{cgrp_id=1, llc_id=5}\n  value: value{llcx=9}\n");
	map_deinit(&m);
}
END_TEST

START_TEST(an_entry_that_cannot_be_read_makes_no_table)
{
	uint64_t keys[2][2] = { { 1, 5 }, { 2, 6 } }, value = 9;
	struct one_map m;

	init_table(&m);
	map_add(&m, keys[0], &value);
	map_add(&m, keys[1], NULL);
	map_add(&m, NULL, &value)->reason = "freed";
	ck_map_text(&m, "entry: key=key{cgrp_id=1, llc_id=5}\n"
			"  value: value{llcx=9}\n"
			"entry: key=key{cgrp_id=2, llc_id=6}\n"
			"  value: <unreadable: 0xffff888000100080: not mapped>\n"
			"entry: key=<unreadable: 0xffff888000100100: freed>\n"
			"  value: value{llcx=9}\n");
	ck_map_json(&m, "{\"key\":{\"kind\":\"unreadable\",\"addr\":\"0xffff888000100100\","
			"\"reason\":\"freed\"},\"value\":{\"kind\":\"struct\"");
	map_deinit(&m);
}
END_TEST

START_TEST(names_beyond_reason_make_no_table)
{
	uint64_t keys[2][2] = { { 1, 5 }, { 2, 6 } }, value = 9;
	char name[300];
	const char *names[] = { name };
	struct one_map m;
	char *got;

	for (size_t len = 256; len <= 257; len++) {
		memset(name, 'n', len);
		name[len] = '\0';
		init_table(&m);
		m.map.value_type = map_typed(&m, map_struct(&m, "value", names, 1), 8);
		map_add(&m, keys[0], &value);
		map_add(&m, keys[1], &value);
		got = maps_text(&m.r, 120);
		ck_assert_int_eq(!!strstr(got, "2 entries: "), len == 257);
		free(got);
		map_deinit(&m);
	}
}
END_TEST

START_TEST(values_that_are_not_flat_make_no_table)
{
	static const char *const key[] = { "k" };
	uint8_t value[24] = { [0] = 5, [8] = 'h', [9] = 'o', [10] = 'g' };
	uint64_t keys[2] = { 1, 2 };
	struct one_map m;
	int name, with;

	map_init(&m, SCXRAY_MAP_ENTRIES, 1, "hash");
	name = btf__add_array(m.t.btf, m.t.u32, m.t.chr, 16);
	with = btf__add_struct(m.t.btf, "stat", 24);
	btf__add_field(m.t.btf, "n", m.t.u64, 0, 0);
	btf__add_field(m.t.btf, "comm", name, 64, 0);
	m.map.value_type = map_typed(&m, with, 24);
	m.map.key_type = map_typed(&m, map_struct(&m, "key", key, 1), 8);
	map_add(&m, &keys[0], value);
	map_add(&m, &keys[1], value);
	m.full = true;
	ck_map_text(&m, "entry: key=key{k=1}\n  value: stat{n=5, comm=\"hog\"}\n"
			"entry: key=key{k=2}\n  value: stat{n=5, comm=\"hog\"}\n");
	/* and keys that are no structs */
	m.map.key_type = map_typed(&m, m.t.u64, 8);
	m.map.value_type = map_typed(&m, map_struct(&m, "v", key, 1), 8);
	ck_map_text(&m, "entry: key=1\n  value: v{k=5}\nentry: key=2\n  value: v{k=5}\n");
	map_deinit(&m);
}
END_TEST

START_TEST(scalar_keys_make_a_table)
{
	static const char *const members[] = { "role", "index" };
	uint32_t keys[] = { 101, 7, 5, 6, 8, 9 };
	uint64_t values[][2] = { { 1, 3 }, { 0, 200 } }, many[2] = { 4, 4 };
	struct one_map m;

	map_init(&m, SCXRAY_MAP_ENTRIES, 1, "hash");
	m.map.key_type = map_typed(&m, m.t.u32, 4);
	m.map.value_type = map_typed(&m, map_struct(&m, "member", members, 2), 16);
	map_add(&m, &keys[0], values[0]);
	map_add(&m, &keys[1], values[1]);
	ck_map_text(&m, "  key | role  index\n"
			"  101 |    1      3\n"
			"    7 |    0    200\n");
	/* where it does not fit, it is none */
	m.width = 18;
	ck_map_text(&m, "entry: key=101\n  value: member:\n    role=1\n    index=3\n"
			"entry: key=7\n  value: member:\n    index=200\n");
	/* what many share is no row */
	m.width = 120;
	for (int i = 1; i < 6; i++)
		map_add(&m, &keys[i], many);
	ck_map_text(&m, "  key | role  index\n"
			"  101 |    1      3\n"
			"    7 |    0    200\n"
			"5 entries: 7, 5, 6, 8, 9\n"
			"  value: member{role=4, index=4}\n");
	map_deinit(&m);
}
END_TEST

START_TEST(storage_has_those_who_wait_first)
{
	static const char *owners[] = { "sleeps[1]", "waits[2]", "runs[3]", "stalled[4]" };
	static const char *const members[] = { "ran", "idle" };
	struct scxray_task tasks[4] = { 0 };
	struct one_map m;

	map_init(&m, SCXRAY_MAP_ENTRIES, 29, "task_storage");
	m.map.key_type.size = 8;
	m.map.value_type = map_typed(&m, map_struct(&m, "ctx", members, 2), 16);
	m.map.owners = owners;
	m.map.nr_owners = 4;
	for (uint64_t i = 0; i < 4; i++) {
		uint64_t kva = 0xffff888000500000 + i * 0x1000, value[2] = { i + 5, 0 };

		map_add(&m, &kva, value)->owner = (uint32_t)i + 1;
		tasks[i].kva = kva;
		tasks[i].curr_cpu = i == 2 ? 0 : -1;
	}
	tasks[1].runnable_age_jiffies = N(2);
	tasks[3].runnable_age_jiffies = N(2000);
	m.r.tasks = tasks;
	m.r.nr_tasks = 4;
	ck_map_text(&m, "       owner | ran  idle             address\n"
			"  stalled[4] |   8     0  0xffff888000503000\n"
			"    waits[2] |   6     0  0xffff888000501000\n"
			"     runs[3] |   7     0  0xffff888000502000\n"
			"   sleeps[1] |   5     0  0xffff888000500000\n");
	map_deinit(&m);
}
END_TEST

static const unit_test tests[] = {
	&scalar_keys_make_a_table,
	&storage_has_those_who_wait_first,
	&flat_structs_make_a_table,
	&one_entry_makes_no_table,
	&an_entry_that_cannot_be_read_makes_no_table,
	&names_beyond_reason_make_no_table,
	&values_that_are_not_flat_make_no_table,
};

UNIT_MAIN("render_map_table", tests)
