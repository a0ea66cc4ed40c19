/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which maps are the live scheduler's although no program of it names them.
 */
#include <string.h>

#include <scxray/map.h>
#include <scxray/report_struct.h>

#include "capture/map/map.h"
#include "capture/read/read.h"
#include "tests/lib/unit.h"

#define NR 6

static struct walk w;
static struct scxray_report report;
static struct pool pool;
static struct scxray_map maps[NR];
static struct scxray_slots slots;
static struct scxray_slot slot[4];

/* Maps at 0x6000, 0x5000 … 0x1000; the first holds those at 0x2000 and 0x5000, and what is no map. */
static void start(uint64_t type, bool active)
{
	memset(&w, 0, sizeof(w));
	memset(&report, 0, sizeof(report));
	memset(maps, 0, sizeof(maps));
	memset(slot, 0, sizeof(slot));
	ck_assert_int_eq(pool_init(&pool, 1 << 20), 0);
	w.pool = &pool;
	w.r = &report;
	report.maps = maps;
	report.nr_maps = NR;
	for (unsigned i = 0; i < NR; i++)
		maps[i].map_kva = 0x6000 - i * 0x1000;
	slot[0].kva = num_present(0x2000);
	slot[1].kva = num_present(0x5000);
	slot[2].kva = num_present(0x2008);
	slot[3].kva = (struct scxray_num){ .state = SCXRAY_UNREADABLE };
	slots = (struct scxray_slots){ .slots = slot, .nr_slots = 4 };
	maps[0].slots = &slots;
	maps[0].map_type = num_present(type);
	maps[0].active = active;
	map_mark_inner(&w);
}

static unsigned active(void)
{
	unsigned mask = 0;

	for (unsigned i = 0; i < NR; i++)
		mask |= (unsigned)maps[i].active << i;
	pool_deinit(&pool);
	return mask;
}

START_TEST(inner_maps_are_the_schedulers)
{
	start(MAP_ARRAY_OF_MAPS, true);
	ck_assert_uint_eq(active(), 1u << 0 | 1u << 1 | 1u << 4);
	start(MAP_HASH_OF_MAPS, true);
	ck_assert_uint_eq(active(), 1u << 0 | 1u << 1 | 1u << 4);
}
END_TEST

START_TEST(those_of_others_are_not)
{
	start(MAP_ARRAY_OF_MAPS, false);
	ck_assert_uint_eq(active(), 0);
	/* slots that hold something else */
	start(MAP_PROG_ARRAY, true);
	ck_assert_uint_eq(active(), 1u << 0);
}
END_TEST

static const unit_test tests[] = {
	&inner_maps_are_the_schedulers,
	&those_of_others_are_not,
};

UNIT_MAIN("capture_map_inner", tests)
