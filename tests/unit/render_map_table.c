/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render_map_table.c - which entries make a table, and what it looks like
 */
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

static const unit_test tests[] = {
	&flat_structs_make_a_table,
	&one_entry_makes_no_table,
	&an_entry_that_cannot_be_read_makes_no_table,
	&names_beyond_reason_make_no_table,
	&values_that_are_not_flat_make_no_table,
};

UNIT_MAIN("render_map_table", tests)
