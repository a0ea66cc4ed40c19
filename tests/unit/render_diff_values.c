/* SPDX-License-Identifier: BSD-2-Clause */
/* What differs in two values of a map, early against late. */
#include <scxray/map.h>
#include <scxray/task.h>

#include "tests/render/moments.h"

/* A section as schedulers have it: counters, an enum, a flag, a name, a pointer, an array. */
struct __attribute__((packed)) bss {
	uint64_t queued;
	int32_t offset;
	uint32_t mode;
	uint8_t busy;
	char name[15];
	uint64_t curr;
	uint64_t stats[4];
	uint64_t inner_a, inner_b;
	uint8_t raw[8];
	uint64_t mask;
};

static int make_bss(struct one_map *m)
{
	struct btf *btf = m->t.btf;
	int mode, name, ptr, stats, inner, raw, mask, ids[10], id;

	mode = btf__add_enum(btf, "mode", 4);
	btf__add_enum_value(btf, "CALM", 0);
	btf__add_enum_value(btf, "BUSY", 1);
	btf__add_enum_value(btf, "LOST", 2);
	name = btf__add_array(btf, m->t.u32, m->t.chr, 15);
	ptr = btf__add_ptr(btf, m->t.u32);
	stats = btf__add_array(btf, m->t.u32, m->t.u64, 4);
	inner = btf__add_struct(btf, "inner", 16);
	btf__add_field(btf, "a", m->t.u64, 0, 0);
	btf__add_field(btf, "b", m->t.u64, 64, 0);
	raw = btf__add_array(btf, m->t.u32, m->t.u8, 8);
	mask = btf__add_struct(btf, "cpumask", 8);
	btf__add_field(btf, "bits", m->t.u64, 0, 0);
	const struct {
		const char *name;
		int type;
		uint32_t offset, size;
	} vars[] = {
		{ "queued", m->t.u64, 0, 8 }, { "offset", m->t.s32, 8, 4 },
		{ "mode", mode, 12, 4 },      { "busy", m->t.boolean, 16, 1 },
		{ "name", name, 17, 15 },     { "curr", ptr, 32, 8 },
		{ "stats", stats, 40, 32 },   { "inner", inner, 72, 16 },
		{ "raw", raw, 88, 8 },	      { "mask", mask, 96, 8 },
	};

	for (size_t i = 0; i < 10; i++)
		ids[i] = btf__add_var(btf, vars[i].name, BTF_VAR_GLOBAL_ALLOCATED, vars[i].type);
	id = btf__add_datasec(btf, ".bss", sizeof(struct bss));
	for (size_t i = 0; i < 10; i++)
		btf__add_datasec_var_info(btf, ids[i], vars[i].offset, vars[i].size);
	return id;
}

static const struct bss before = { .queued = 1000,
				   .offset = -5,
				   .mode = 1,
				   .name = "first",
				   .curr = 0xffff888000001000,
				   .stats = { 1, 2, 3, 4 },
				   .inner_a = 7,
				   .inner_b = 8,
				   .mask = 5 };

START_TEST(global_variables_have_a_line_each)
{
	struct moments m;
	struct bss after = before;

	moments_init(&m, SCXRAY_MAP_VALUE, 2, "array");
	moments_type(&m, make_bss, sizeof(struct bss));
	map_add(&m.early, NULL, &before);
	after.queued = 1500;
	after.offset = -9;
	after.mode = 2;
	after.busy = 1;
	strcpy(after.name, "other");
	after.curr = 0xffff888000002000;
	after.stats[3] = 3;
	after.inner_b = 18;
	after.raw[2] = 9;
	after.mask = 7;
	map_add(&m.late, NULL, &after);
	ck_diff(&m, "  maps: 1 changed, 0 unchanged\n"
		    "    m (array):\n"
		    "      queued 1000 → 1500 (+500, 125/s)\n"
		    "      offset -5 → -9 (-4)\n"
		    "      mode BUSY (1) → LOST (2)\n"
		    "      busy false → true\n"
		    "      name \"first\" → \"other\"\n"
		    "      curr 0xffff888000001000 → 0xffff888000002000\n"
		    "      stats[3] 4 → 3 (-1)\n"
		    "      inner.b 8 → 18 (+10, 2.5/s)\n"
		    "      raw[2] 0 → 9 (+9)\n"
		    "      mask cpus={0,2} → cpus={0-2}\n");
	ck_diff_json(&m, "{\"field\":\"queued\",\"old\":1000,\"new\":1500,\"delta\":500,"
			 "\"per_second\":125}");
	ck_diff_json(&m, "{\"field\":\"busy\",\"old\":false,\"new\":true}");
	ck_diff_json(&m, "{\"field\":\"mode\",\"old\":\"BUSY (1)\",\"new\":\"LOST (2)\"}");
	ck_diff_json(&m, "{\"field\":\"curr\",\"old\":\"0xffff888000001000\","
			 "\"new\":\"0xffff888000002000\"}");
	ck_diff_json(&m, "\"total_changes\":10}],\"total_changed\":1,\"total_appeared\":0,"
			 "\"total_gone\":0,\"unchanged\":0,\"not_compared\":0}],\"unchanged\":0}");
	moments_deinit(&m);
}
END_TEST

START_TEST(what_is_equal_is_counted_only)
{
	struct moments m;

	moments_init(&m, SCXRAY_MAP_VALUE, 2, "array");
	moments_type(&m, make_bss, sizeof(struct bss));
	map_add(&m.early, NULL, &before);
	map_add(&m.late, NULL, &before);
	ck_diff(&m, "  maps: 0 changed, 1 unchanged\n");
	ck_diff_json(&m, "\"maps\":{\"unchanged\":1}");
	moments_deinit(&m);
}
END_TEST

static int make_s64(struct one_map *m)
{
	return m->t.s64;
}

/* An address, a counter that would wrap, the whole range of a signed one. */
START_TEST(no_delta_where_it_would_mean_nothing)
{
	const int64_t least = INT64_MIN, most = INT64_MAX;
	const uint64_t none = UINT64_MAX, one = 1;
	struct moments m;

	moments_init(&m, SCXRAY_MAP_VALUE, 2, "array");
	moments_type(&m, make_u64, 8);
	map_add(&m.early, NULL, &one);
	map_add(&m.late, NULL, &none);
	ck_diff(&m, "  maps: 1 changed, 0 unchanged\n"
		    "    m (array):\n"
		    "      1 → 18446744073709551615\n");
	ck_diff_json(
		&m,
		"{\"field\":\"value\",\"old\":1,\"new\":18446744073709551615,\"new_hex\":\"0xffffffffffffffff\"}");
	moments_deinit(&m);

	moments_init(&m, SCXRAY_MAP_VALUE, 2, "array");
	moments_type(&m, make_s64, 8);
	map_add(&m.early, NULL, &least);
	map_add(&m.late, NULL, &most);
	ck_diff(&m, "  maps: 1 changed, 0 unchanged\n"
		    "    m (array):\n"
		    "      -9223372036854775808 → 9223372036854775807\n");
	moments_deinit(&m);
}
END_TEST

static int make_bits(struct one_map *m)
{
	int id = btf__add_struct(m->t.btf, "bits", 8);

	btf__add_field(m->t.btf, "low", m->t.u32, 0, 3);
	btf__add_field(m->t.btf, "high", m->t.u32, 3, 5);
	return id;
}

START_TEST(a_bitfield_that_shares_a_byte_is_told_apart)
{
	const uint8_t old[8] = { 0x0a }, new[8] = { 0x12 };
	struct moments m;

	moments_init(&m, SCXRAY_MAP_VALUE, 2, "array");
	moments_type(&m, make_bits, 8);
	map_add(&m.early, NULL, old);
	map_add(&m.late, NULL, new);
	ck_diff(&m, "  maps: 1 changed, 0 unchanged\n"
		    "    m (array):\n"
		    "      high 1 → 2 (+1)\n");
	moments_deinit(&m);
}
END_TEST

START_TEST(without_a_type_bytes_are_counted)
{
	uint8_t old[100] = { 1 }, new[100] = { 1 };
	struct moments m;

	moments_init(&m, SCXRAY_MAP_VALUE, 2, "array");
	m.early.map.value_type.size = m.late.map.value_type.size = 100;
	memset(new + 40, 7, 12);
	map_add(&m.early, NULL, old);
	map_add(&m.late, NULL, new);
	ck_diff(&m, "  maps: 1 changed, 0 unchanged\n"
		    "    m (array):\n"
		    "      12 bytes differ\n");
	ck_diff_json(&m, "{\"field\":\"value\",\"bytes_differ\":12}");
	moments_deinit(&m);
}
END_TEST

/* One side has the type: it holds for both. */
START_TEST(a_type_of_one_report_is_enough)
{
	const uint64_t old = 5, new = 6;
	struct moments m;

	for (int side = 0; side < 2; side++) {
		moments_init(&m, SCXRAY_MAP_VALUE, 2, "array");
		moments_type(&m, make_u64, 8);
		(side ? &m.late : &m.early)->map.value_type.btf = NULL;
		map_add(&m.early, NULL, &old);
		map_add(&m.late, NULL, &new);
		ck_diff(&m, "  maps: 1 changed, 0 unchanged\n"
			    "    m (array):\n"
			    "      5 → 6 (+1, 0.2/s)\n");
		moments_deinit(&m);
	}
}
/* Parts that are equal are not walked, and each value takes off what it has cost. */
START_TEST(equal_parts_cost_next_to_nothing)
{
	enum {
		LEN = 4096,
		MEMBERS = 8
	};
	static const char *const names[MEMBERS] = { "a", "b", "c", "d", "e", "f", "g", "h" };
	static uint64_t old[LEN][MEMBERS], new[LEN][MEMBERS];
	struct value_budget budget = { .nodes = 100000, .bytes = 1 << 20 };
	struct scxray_value was = { .size = sizeof(old), .state = SCXRAY_PRESENT }, is;
	struct diff d = { 0 };
	struct one_map m;

	map_init(&m, SCXRAY_MAP_VALUE, 2, "array");
	was.btf = m.t.btf;
	was.type_id = (uint32_t)btf__add_array(m.t.btf, m.t.u32,
					       map_struct(&m, "s", names, MEMBERS), LEN);
	is = was;
	was.bytes = (const uint8_t *)old;
	is.bytes = (const uint8_t *)new;
	new[3000][7] = 1;
	ck_assert_uint_eq(diff_values(&d, &was, &is, 64, &budget).nr_changes, 1);
	ck_assert_str_eq(diff_text(&d, d.changes[0].path), "[3000].h");
	/* one question for each element and each member of the one that differs */
	ck_assert_uint_lt(budget.nodes, 100000 - LEN);
	ck_assert_uint_gt(budget.nodes, 100000 - LEN - 4 * MEMBERS);
	diff_deinit(&d);
	map_deinit(&m);
}
END_TEST

static int make_members(struct one_map *m)
{
	enum {
		DEPTH = 12
	};
	int id = m->t.u64;

	/* unions in unions, all at one place: 8^12 ways to the same bytes */
	for (int d = 0; d < DEPTH; d++) {
		int outer = btf__add_union(m->t.btf, "u", 64);

		for (int i = 0; i < 8; i++)
			btf__add_field(m->t.btf, "same", id, 0, 0);
		id = outer;
	}
	return id;
}

START_TEST(a_hostile_type_costs_no_more_than_the_budget)
{
	const uint8_t old[64] = { 0 }, new[64] = { 1 };
	struct moments m;
	char *got;

	moments_init(&m, SCXRAY_MAP_VALUE, 2, "array");
	moments_type(&m, make_members, 64);
	map_add(&m.early, NULL, old);
	map_add(&m.late, NULL, new);
	got = diff_of(&m, JSON);
	ck_assert_ptr_nonnull(strstr(got, "\"cut\":true}]"));
	free(got);
	moments_deinit(&m);
}
END_TEST

static const unit_test tests[] = {
	&global_variables_have_a_line_each,    &what_is_equal_is_counted_only,
	&no_delta_where_it_would_mean_nothing, &a_bitfield_that_shares_a_byte_is_told_apart,
	&without_a_type_bytes_are_counted,     &a_type_of_one_report_is_enough,
	&equal_parts_cost_next_to_nothing,     &a_hostile_type_costs_no_more_than_the_budget,
};

UNIT_MAIN("render_diff_values", tests)
