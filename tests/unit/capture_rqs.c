/* SPDX-License-Identifier: BSD-2-Clause */
/* rqs.c: more tasks wait than the report takes. */
#include <string.h>

#include <scxray/group.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/task.h>

#include "capture/read/read.h"
#include "capture/walk/walkers.h"
#include "tests/lib/btf_builder.h"
#include "tests/lib/unit.h"
#include "tests/lib/walk_builder.h"

#define NR_CPUS 2
#define NR_WAITING 3 /* on each */
#define RQ(cpu) (GUEST_KVA + 0x800 * (uint64_t)(cpu))
#define SCX 0x100 /* of an rq, and of a task_struct */
#define TASK(cpu, i) (GUEST_KVA + 0x2000 + 0x2000 * (uint64_t)(cpu) + 0x400 * (uint64_t)(i))
#define NOW 1000

static struct walk_fixture f;
static struct scxray_report report;
static uint64_t bases[NR_CPUS] = { RQ(0), RQ(1) };

/* Task i of a CPU has waited for age[cpu][i]; the last is the one that runs. */
static void start(uint32_t max_tasks, const uint64_t age[NR_CPUS][NR_WAITING])
{
	struct btf_builder b;

	walk_fixture_init(&f);
	walk_fixture_containers(&f);
	btf_builder_init(&b);
	walk_fixture_types(&f, &b);
	memset(&report, 0, sizeof(report));
	f.walk.r = &report;
	f.walk.settings = (struct scxray_settings)SCXRAY_SETTINGS_INIT;
	f.walk.settings.max_tasks = max_tasks;
	report.guest.jiffies = num_present(NOW);
	f.kernel.nr_cpus = NR_CPUS;
	f.kernel.percpu = bases;
	f.kernel.layout.symbol[S_runqueues] = 0x10;
	walk_fixture_member(&f, M_rq_curr, 0, 8);
	walk_fixture_member(&f, M_rq_scx, SCX, 0x100);
	walk_fixture_member(&f, M_scx_rq_runnable_list, 0, 16);
	walk_fixture_member(&f, M_task_struct_scx, SCX, 0x100);
	walk_fixture_member(&f, M_sched_ext_entity_runnable_node, 0, 16);
	walk_fixture_member(&f, M_sched_ext_entity_runnable_at, 16, 8);
	for (int cpu = 0; cpu < NR_CPUS; cpu++) {
		uint64_t rq = RQ(cpu) + 0x10, last = rq + SCX;

		guest_put_u64(&f.b, rq, TASK(cpu, NR_WAITING));
		for (int i = 0; i < NR_WAITING; i++) {
			uint64_t node = TASK(cpu, i) + SCX;

			guest_put_u64(&f.b, last, node);
			guest_put_u64(&f.b, node + 8, last);
			guest_put_u64(&f.b, node + 16, NOW - age[cpu][i]);
			last = node;
		}
		guest_put_u64(&f.b, last, rq + SCX);
		guest_put_u64(&f.b, rq + SCX + 8, last);
	}
}

static void end(void)
{
	f.kernel.percpu = NULL; /* not malloc()ed */
	walk_fixture_deinit(&f);
}

START_TEST(those_that_wait_longest_on_any_cpu_are_in)
{
	static const uint64_t age[NR_CPUS][NR_WAITING] = { { 5, 4, 3 }, { 900, 800, 2 } };
	const int32_t indexes[NR_CPUS][NR_WAITING] = { { 4, -1, -1 }, { 2, 3, -1 } };

	start(5, age);
	walk_rqs(&f.walk);
	ck_assert_uint_eq(report.nr_tasks, 5);
	ck_assert_str_eq(report.cut[SCXRAY_GROUP_TASKS], "cut after 5 tasks");
	for (int cpu = 0; cpu < NR_CPUS; cpu++) {
		ck_assert_int_eq(report.rqs[cpu].curr_index, cpu);
		ck_assert_uint_eq(report.rqs[cpu].nr_runnable, NR_WAITING);
		for (int i = 0; i < NR_WAITING; i++)
			ck_assert_int_eq(report.rqs[cpu].runnable[i].index, indexes[cpu][i]);
	}
	ck_assert_int_eq(report.tasks[2].runnable_cpu, 1);
	end();
}
END_TEST

START_TEST(where_all_have_room_they_come_by_cpu)
{
	static const uint64_t age[NR_CPUS][NR_WAITING] = { { 5, 4, 3 }, { 900, 800, 2 } };

	start(8, age);
	walk_rqs(&f.walk);
	ck_assert_ptr_null(report.cut[SCXRAY_GROUP_TASKS]);
	ck_assert_uint_eq(report.nr_tasks, 8);
	ck_assert_int_eq(report.rqs[0].runnable[2].index, 3);
	ck_assert_int_eq(report.rqs[1].curr_index, 4);
	ck_assert_int_eq(report.rqs[1].runnable[0].index, 5);
	end();
}
END_TEST

static const unit_test tests[] = {
	&those_that_wait_longest_on_any_cpu_are_in,
	&where_all_have_room_they_come_by_cpu,
};

UNIT_MAIN("capture_rqs", tests)
