/* SPDX-License-Identifier: BSD-2-Clause */
/* walk_identity.c: what stands behind a task's pointers, and what is said where one leads nowhere. */
#include <string.h>

#include <scxray/report_struct.h>
#include <scxray/task.h>

#include "capture/walk/walkers.h"
#include "tests/lib/btf_builder.h"
#include "tests/lib/unit.h"
#include "tests/lib/walk_builder.h"

#define TASK GUEST_KVA
#define PARENT (GUEST_KVA + 0x1000)
#define SIGNAL (GUEST_KVA + 0x2000)
#define GROUP_PID (GUEST_KVA + 0x3000)
#define SESSION_PID (GUEST_KVA + 0x3100)
#define UNMAPPED (GUEST_KVA + 0x40000000)

static struct walk_fixture f;
static struct scxray_report report;
static struct scxray_task task;

static void start(void)
{
	static const struct {
		enum layout_member m;
		uint32_t offset, size;
	} members[] = {
		{ M_task_struct_pid, 0, 4 },
		{ M_task_struct_comm, 8, 16 },
		{ M_task_struct_group_leader, 24, 8 },
		{ M_task_struct_real_parent, 32, 8 },
		{ M_task_struct_signal, 40, 8 },
		{ M_task_struct_core_cookie, 48, 8 },
		{ M_task_struct_nvcsw, 56, 8 },
		{ M_task_struct_nivcsw, 64, 8 },
		{ M_task_struct_utime, 72, 8 },
		{ M_task_struct_stime, 80, 8 },
		{ M_task_struct_cgroups, 88, 8 },
		{ M_signal_struct_nr_threads, 0, 4 },
		{ M_signal_struct_nvcsw, 8, 8 },
		{ M_signal_struct_nivcsw, 16, 8 },
		{ M_signal_struct_utime, 24, 8 },
		{ M_signal_struct_stime, 32, 8 },
		{ M_signal_struct_pids, 40, 32 },
		{ M_pid_numbers, 16, 0 },
		{ M_upid_nr, 4, 4 },
	};
	/* another order than today's: the enum decides */
	static const struct btf_builder_value types[] = { { "PIDTYPE_SID", 1 },
							  { "PIDTYPE_PGID", 3 } };
	struct btf_builder b;

	walk_fixture_init(&f);
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		walk_fixture_member(&f, members[i].m, members[i].offset, members[i].size);
	btf_builder_init(&b);
	btf_builder_enum(&b, "pid_type", 4, false, types, ARRAY_SIZE(types));
	walk_fixture_types(&f, &b);
	memset(&report, 0, sizeof(report));
	task = (struct scxray_task){ .kva = TASK };
	report.tasks = &task;
	report.nr_tasks = 1;
	f.walk.r = &report;

	guest_put_u32(&f.b, TASK, 12);
	guest_put_u64(&f.b, TASK + 24, TASK);
	guest_put_u64(&f.b, TASK + 32, PARENT);
	guest_put_u64(&f.b, TASK + 40, SIGNAL);
	for (uint64_t i = 0; i < 5; i++)
		guest_put_u64(&f.b, TASK + 48 + 8 * i, 100 + i);
	guest_put_u64(&f.b, TASK + 88, 0);
	guest_put_u32(&f.b, PARENT, 7);
	guest_put(&f.b, PARENT + 8, "parent", 7);
	guest_put_u32(&f.b, SIGNAL, 3);
	for (uint64_t i = 0; i < 4; i++)
		guest_put_u64(&f.b, SIGNAL + 8 + 8 * i, 200 + i);
	guest_put_u64(&f.b, SIGNAL + 40 + 8, SESSION_PID);
	guest_put_u64(&f.b, SIGNAL + 40 + 24, GROUP_PID);
	guest_put_u32(&f.b, SESSION_PID + 20, 5);
	guest_put_u32(&f.b, GROUP_PID + 20, 6);
}

START_TEST(all_of_it_is_found)
{
	start();
	walk_task_identities(&f.walk);
	ck_assert_uint_eq(task.group_leader_pid.value, 12);
	ck_assert_uint_eq(task.real_parent_pid.value, 7);
	ck_assert_str_eq(task.real_parent_comm.bytes, "parent");
	ck_assert_uint_eq(task.pgid.value, 6);
	ck_assert_uint_eq(task.sid.value, 5);
	ck_assert_uint_eq(task.nr_threads.value, 3);
	ck_assert_uint_eq(task.core_cookie.value, 100);
	ck_assert_uint_eq(task.nvcsw.value, 101);
	ck_assert_uint_eq(task.nivcsw.value, 102);
	ck_assert_uint_eq(task.utime.value, 103);
	ck_assert_uint_eq(task.stime.value, 104);
	ck_assert_uint_eq(task.signal_nvcsw.value, 200);
	ck_assert_uint_eq(task.signal_nivcsw.value, 201);
	ck_assert_uint_eq(task.signal_utime.value, 202);
	ck_assert_uint_eq(task.signal_stime.value, 203);
	ck_assert_ptr_null(task.cgroup_path);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(a_task_that_has_ended_has_no_signal_struct)
{
	start();
	guest_put_u64(&f.b, TASK + 40, 0);
	walk_task_identities(&f.walk);
	ck_assert_int_eq(task.pgid.state, SCXRAY_NONE);
	ck_assert_int_eq(task.nr_threads.state, SCXRAY_NONE);
	ck_assert_int_eq(task.real_parent_pid.state, SCXRAY_PRESENT);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(pointers_into_nothing_are_said)
{
	start();
	guest_put_u64(&f.b, TASK + 32, UNMAPPED);
	guest_put_u64(&f.b, SIGNAL + 40 + 8, UNMAPPED);
	walk_task_identities(&f.walk);
	ck_assert_int_eq(task.real_parent_pid.state, SCXRAY_UNREADABLE);
	ck_assert_uint_eq(task.real_parent_pid.value, UNMAPPED);
	ck_assert_int_eq(task.real_parent_comm.state, SCXRAY_UNREADABLE);
	ck_assert_int_eq(task.sid.state, SCXRAY_UNREADABLE);
	ck_assert_uint_eq(task.pgid.value, 6);
	walk_fixture_deinit(&f);

	start();
	task.kva = UNMAPPED;
	walk_task_identities(&f.walk);
	ck_assert_int_eq(task.nvcsw.state, SCXRAY_UNREADABLE);
	ck_assert_int_eq(task.pgid.state, SCXRAY_UNREADABLE);
	ck_assert_int_eq(task.group_leader_pid.state, SCXRAY_UNREADABLE);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(what_a_kernel_lacks_is_listed)
{
	start();
	f.kernel.layout.member[M_task_struct_core_cookie].present = false;
	f.kernel.layout.member[M_upid_nr].present = false;
	walk_task_identities(&f.walk);
	ck_assert_int_eq(task.core_cookie.state, SCXRAY_MISSING);
	ck_assert_int_eq(task.pgid.state, SCXRAY_MISSING);
	ck_assert(f.walk.member_missing[M_task_struct_core_cookie]);
	ck_assert(f.walk.member_missing[M_upid_nr]);
	walk_fixture_deinit(&f);
}
END_TEST

static const unit_test tests[] = {
	&all_of_it_is_found,
	&a_task_that_has_ended_has_no_signal_struct,
	&pointers_into_nothing_are_said,
	&what_a_kernel_lacks_is_listed,
};

UNIT_MAIN("capture_identity", tests)
