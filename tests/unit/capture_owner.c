/* SPDX-License-Identifier: BSD-2-Clause */
/* owner.c: whose a program or a map is. */
#include <string.h>

#include <scxray/group.h>
#include <scxray/report_struct.h>
#include <scxray/sched.h>

#include "capture/read/owner.h"
#include "capture/read/read.h"
#include "tests/lib/unit.h"

static struct walk w;
static struct scxray_report report;
static struct pool pool;
static struct scxray_sched scheds[2];

static void start(size_t nr_scheds)
{
	memset(&w, 0, sizeof(w));
	memset(&report, 0, sizeof(report));
	memset(scheds, 0, sizeof(scheds));
	ck_assert_int_eq(pool_init(&pool, 4 << 20), 0);
	w.pool = &pool;
	w.r = &report;
	report.scheds = scheds;
	report.nr_scheds = nr_scheds;
	for (size_t i = 0; i < 2; i++) {
		scheds[i].sched_kva = num_present(0xffff888000000000 + i * 0x1000);
		scheds[i].name = (struct scxray_text){ .bytes = i ? "sub" : "root",
						       .len = i ? 3 : 4,
						       .state = SCXRAY_PRESENT };
	}
}

START_TEST(of_one_scheduler_nothing_more_is_said)
{
	struct scxray_num kva = { 0 };
	const char *name = NULL;

	start(1);
	ck_assert(!owner_of(&w, 0x1000, &kva, &name));
	owner_note(&w, 0x1000, &scheds[0], 0x77);
	owner_note(&w, 0x1000, &scheds[0], 0x88);
	ck_assert(owner_of(&w, 0x1000, &kva, &name));
	ck_assert_int_eq(kva.state, SCXRAY_NONE);
	ck_assert_ptr_null(name);
	ck_assert_uint_eq(owner_btf(&w, 0x1000), 0x77); /* the first */
	ck_assert_uint_eq(owner_btf(&w, 0x2000), 0);
	pool_deinit(&pool);
}
END_TEST

START_TEST(of_several_it_is_told_whose_it_is_unless_both_use_it)
{
	struct scxray_num kva = { 0 };
	const char *name = NULL;

	start(2);
	owner_note(&w, 0x1000, &scheds[0], 0);
	owner_note(&w, 0x2000, &scheds[1], 0);
	owner_note(&w, 0x3000, &scheds[0], 0);
	owner_note(&w, 0x3000, &scheds[1], 0);
	ck_assert(owner_of(&w, 0x3000, &kva, &name));
	ck_assert_int_eq(kva.state, SCXRAY_NONE);
	ck_assert_ptr_null(name);
	ck_assert(owner_of(&w, 0x2000, &kva, &name));
	ck_assert_uint_eq(kva.value, scheds[1].sched_kva.value);
	ck_assert_str_eq(name, "sub");
	pool_deinit(&pool);
}
END_TEST

/* A guest that claims millions of them: they end, and the report says so. */
START_TEST(there_is_a_limit)
{
	struct scxray_num kva;
	const char *name;
	unsigned nr = 0;

	start(1);
	for (uint64_t i = 1; i <= 1000000; i++)
		owner_note(&w, i << 12, &scheds[0], 0);
	ck_assert_ptr_nonnull(report.cut[SCXRAY_GROUP_SCHEDS]);
	for (uint64_t i = 1; i <= 1000000; i++)
		nr += owner_of(&w, i << 12, &kva, &name);
	ck_assert_uint_eq(nr, 4096);
	ck_assert(owner_of(&w, 4096 << 12, &kva, &name));
	pool_deinit(&pool);
}
END_TEST

START_TEST(without_memory_nothing_is_known)
{
	struct scxray_num kva;
	const char *name;

	start(1);
	pool_deinit(&pool);
	ck_assert_int_eq(pool_init(&pool, 4096), 0);
	owner_note(&w, 0x1000, &scheds[0], 0);
	ck_assert(!owner_of(&w, 0x1000, &kva, &name));
	pool_deinit(&pool);
}
END_TEST

static const unit_test tests[] = {
	&of_one_scheduler_nothing_more_is_said,
	&of_several_it_is_told_whose_it_is_unless_both_use_it,
	&there_is_a_limit,
	&without_memory_nothing_is_known,
};

UNIT_MAIN("capture_owner", tests)
