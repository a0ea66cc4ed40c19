/* SPDX-License-Identifier: BSD-2-Clause */
/* tasks.c: the list of all tasks, whole and beyond the cap. */
#include <string.h>

#include <scxray/group.h>
#include <scxray/report_struct.h>
#include <scxray/task.h>

#include "capture/walk/tasks.h"
#include "capture/walk/walkers.h"
#include "tests/lib/btf_builder.h"
#include "tests/lib/unit.h"
#include "tests/lib/walk_builder.h"

#define LIST GUEST_KVA
#define TASK(i) (GUEST_KVA + 0x1000 + 0x400 * (uint64_t)(i))
#define SCX 0x100 /* of a task_struct */
#define NODE(i) (TASK(i) + SCX)
#define UNMAPPED (GUEST_KVA + 0x40000000)

static struct walk_fixture f;
static struct scxray_report report;

static void link_nodes(uint64_t from, uint64_t to)
{
	guest_put_u64(&f.b, from, to);
	guest_put_u64(&f.b, to + 8, from);
}

/* A list of `nr` tasks. */
static void start(int nr, uint32_t max_tasks)
{
	struct btf_builder b;

	walk_fixture_init(&f);
	btf_builder_init(&b);
	walk_fixture_types(&f, &b);
	walk_fixture_containers(&f);
	memset(&report, 0, sizeof(report));
	f.walk.r = &report;
	f.walk.settings = (struct scxray_settings)SCXRAY_SETTINGS_INIT;
	f.walk.settings.max_tasks = max_tasks;
	f.kernel.layout.symbol[S_scx_tasks] = LIST;
	walk_fixture_member(&f, M_task_struct_scx, SCX, 0x100);
	walk_fixture_member(&f, M_sched_ext_entity_tasks_node, 0, 16);
	walk_fixture_member(&f, M_sched_ext_entity_flags, 16, 4);
	for (int i = 0; i <= nr; i++) {
		link_nodes(i ? NODE(i - 1) : LIST, i < nr ? NODE(i) : LIST);
		if (i < nr)
			guest_put_u32(&f.b, NODE(i) + 16, 0);
	}
}

START_TEST(all_tasks_are_listed)
{
	start(5, 8);
	walk_scx_tasks(&f.walk);
	ck_assert_ptr_null(report.cut[SCXRAY_GROUP_TASKS]);
	ck_assert_uint_eq(report.nr_tasks, 5);
	for (size_t i = 0; i < 5; i++) {
		ck_assert_uint_eq(report.tasks[i].kva, TASK(i));
		ck_assert(report.tasks[i].on_scx_tasks);
	}
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(the_cap_on_tasks_ends_the_walk)
{
	start(6, 4);
	ck_assert_int_eq(task_index(&f.walk, TASK(5)), 0); /* runnable, as it were */
	ck_assert_int_eq(task_index(&f.walk, TASK(8)), 1);
	guest_put_u64(&f.b, NODE(8), NODE(8));	/* has left the list */
	guest_put_u64(&f.b, NODE(2), UNMAPPED); /* the walk does not get there */
	walk_scx_tasks(&f.walk);
	ck_assert_str_eq(report.cut[SCXRAY_GROUP_TASKS], "cut after 4 tasks");
	ck_assert_uint_eq(report.nr_tasks, 4);
	ck_assert(report.tasks[0].on_scx_tasks);
	ck_assert(!report.tasks[1].on_scx_tasks);
	ck_assert(report.tasks[2].on_scx_tasks);
	walk_fixture_deinit(&f);
}
END_TEST

static const unit_test tests[] = {
	&all_tasks_are_listed,
	&the_cap_on_tasks_ends_the_walk,
};

UNIT_MAIN("capture_tasks", tests)
