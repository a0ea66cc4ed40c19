/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a program's variables stand in its arena: at its end or at its start.
 */
#include <stdlib.h>
#include <string.h>

#include <scxray/map.h>
#include <scxray/report_struct.h>

#include "capture/map/map.h"
#include "capture/read/read.h"
#include "tests/lib/unit.h"

#define USER 0x100000000000ULL
#define NR_PAGES 64
#define SIZE 5000 /* of the variables: two pages */

static struct walk w;
static struct scxray_report report;
static struct pool pool;
static struct types types;
static struct scxray_map map;
static struct scxray_arena arena;
static struct scxray_arena_page pages[4];
static uint8_t bytes[4][4096];

static void make_types(const char *section, uint32_t nr)
{
	struct btf *btf = btf__new_empty();
	int u8 = btf__add_int(btf, "u8", 1, 0), var;
	struct scxray_error err;
	const void *raw;
	uint32_t size;

	var = btf__add_var(btf, "qa", BTF_VAR_GLOBAL_ALLOCATED, btf__add_array(btf, u8, u8, nr));
	btf__add_datasec(btf, section, nr);
	btf__add_datasec_var_info(btf, var, 0, nr);
	raw = btf__raw_data(btf, &size);
	ck_assert_int_eq(types_parse(&types, raw, size, &err), 0);
	btf__free(btf);
}

/* Page n of the arena, filled with its number in `pages`. */
static void map_page(unsigned n)
{
	pages[arena.nr_pages].user_addr = USER + n * 4096ULL;
	pages[arena.nr_pages].bytes = bytes[arena.nr_pages];
	memset(bytes[arena.nr_pages], (int)n, 4096);
	arena.nr_pages++;
}

static void setup(void)
{
	memset(&w, 0, sizeof(w));
	memset(&report, 0, sizeof(report));
	ck_assert_int_eq(pool_init(&pool, 4 << 20), 0);
	w.settings = (struct scxray_settings)SCXRAY_SETTINGS_INIT;
	w.pool = &pool;
	w.r = &report;
	arena = (struct scxray_arena){
		.user_vm_start = num_present(USER),
		.user_vm_end = num_present(USER + NR_PAGES * 4096ULL),
		.pages = pages,
	};
	map = (struct scxray_map){ .arena = &arena };
	make_types(".addr_space.1", SIZE);
}

static void teardown(void)
{
	types_deinit(&types);
	pool_deinit(&pool);
}

static const struct scxray_value *globals(void)
{
	map_find_arena_globals_in(&w, &map, &types);
	return &arena.globals;
}

START_TEST(at_the_end)
{
	map_page(0);
	map_page(62);
	map_page(63);
	ck_assert_int_eq(globals()->state, SCXRAY_PRESENT);
	ck_assert_uint_eq(globals()->addr, USER + 62 * 4096ULL);
	ck_assert_uint_eq(globals()->size, SIZE);
	ck_assert_uint_eq(globals()->bytes[0], 62);
	ck_assert_uint_eq(globals()->bytes[SIZE - 1], 63);
	ck_assert_ptr_eq(globals()->btf, types.btf);
}
END_TEST

START_TEST(at_the_start)
{
	map_page(0);
	map_page(1);
	ck_assert_int_eq(globals()->state, SCXRAY_PRESENT);
	ck_assert_uint_eq(globals()->addr, USER);
	ck_assert_uint_eq(globals()->size, SIZE);
	ck_assert_uint_eq(globals()->bytes[SIZE - 1], 1);
}
END_TEST

START_TEST(what_is_not_there_is_not_zero)
{
	map_page(7);
	ck_assert_int_eq(globals()->state, SCXRAY_UNREADABLE);
	ck_assert_str_eq(globals()->reason, "its arena page is not mapped");
	arena.cut = "cut after 1 pages";
	ck_assert_str_eq(globals()->reason, "its arena page was not captured");
}
END_TEST

START_TEST(a_part_is_a_part)
{
	map_page(62);
	ck_assert_int_eq(globals()->state, SCXRAY_PRESENT);
	ck_assert_uint_eq(globals()->size, 4096);
}
END_TEST

START_TEST(programs_without_such_variables)
{
	map_page(0);
	types_deinit(&types);
	make_types(".bss", SIZE);
	ck_assert_int_eq(globals()->state, SCXRAY_NONE);
}
END_TEST

/* bpf_arena_spin_lock.h alone brings 1 MiB an object. */
START_TEST(of_many_the_first_mib)
{
	static struct scxray_arena_page many[300];

	types_deinit(&types);
	make_types(".addr_space.1", 2 << 20);
	for (unsigned i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = (struct scxray_arena_page){ USER + i * 4096ULL, bytes[0] };
	arena.pages = many;
	arena.nr_pages = ARRAY_SIZE(many);
	arena.user_vm_end = num_present(USER + (4 << 20));
	ck_assert_int_eq(globals()->state, SCXRAY_PRESENT);
	ck_assert_uint_eq(globals()->size, 1 << 20);
	ck_assert_str_eq(globals()->reason, "the first MiB of them is shown");
}
END_TEST

START_TEST(arenas_that_make_no_sense)
{
	map_page(0);
	arena.user_vm_end = num_present(USER + 4096); /* smaller than the variables */
	ck_assert_int_eq(globals()->state, SCXRAY_NONE);
	arena.user_vm_end = num_present(USER - 4096);
	ck_assert_int_eq(globals()->state, SCXRAY_NONE);
	arena.user_vm_end = (struct scxray_num){ .state = SCXRAY_UNREADABLE };
	ck_assert_int_eq(globals()->state, SCXRAY_NONE);
}
END_TEST

static const unit_test tests[] = {
	&at_the_end,
	&at_the_start,
	&what_is_not_there_is_not_zero,
	&a_part_is_a_part,
	&programs_without_such_variables,
	&of_many_the_first_mib,
	&arenas_that_make_no_sense,
};

UNIT_MAIN_AROUND("capture_arena_globals", tests, setup, teardown)
