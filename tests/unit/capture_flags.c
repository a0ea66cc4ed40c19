/* SPDX-License-Identifier: BSD-2-Clause */
/* task.c and exit_info.c: flag words and exit codes by the names that the kernel's enums give them. */
#include <string.h>

#include <scxray/report_struct.h>
#include <scxray/sched.h>
#include <scxray/task.h>

#include "capture/walk/scheds.h"
#include "capture/walk/tasks.h"
#include "tests/lib/unit.h"
#include "tests/lib/walk_builder.h"

#define TASK GUEST_KVA
#define INFO (GUEST_KVA + 0x1000)

static struct walk_fixture f;
static struct scxray_report report;

static void structs(struct btf_builder *b)
{
	uint32_t u32 = btf_builder_int(b, "unsigned int", 4, false);
	uint32_t s64 = btf_builder_int(b, "long", 8, true);
	uint32_t entity = BTF_STRUCT(b, "sched_ext_entity", 16, { "flags", u32, 0, 0 },
				     { "dsq_seq", u32, 32, 0 });

	BTF_STRUCT(b, "task_struct", 64, { "pid", u32, 0, 0 }, { "flags", u32, 32, 0 },
		   { "scx", entity, 64, 0 });
	BTF_STRUCT(b, "scx_exit_info", 32, { "kind", u32, 0, 0 }, { "exit_code", s64, 64, 0 });
}

/* As in 6.12 to 7.0. */
static void old_kernel(struct btf_builder *b)
{
	static const struct btf_builder_value flags[] = {
		{ "SCX_TASK_QUEUED", 1 },	{ "SCX_TASK_RESET_RUNNABLE_AT", 4 },
		{ "SCX_TASK_STATE_SHIFT", 8 },	{ "SCX_TASK_STATE_BITS", 2 },
		{ "SCX_TASK_STATE_MASK", 768 }, { "SCX_TASK_CURSOR", 1u << 31 },
	};
	static const struct btf_builder_value states[] = {
		{ "SCX_TASK_NONE", 0 },
		{ "SCX_TASK_ENABLED", 3 },
	};

	structs(b);
	btf_builder_enum(b, "scx_ent_flags", 4, false, flags, ARRAY_SIZE(flags));
	btf_builder_enum(b, "scx_task_state", 4, false, states, ARRAY_SIZE(states));
}

/* As in 7.3. */
static void new_kernel(struct btf_builder *b)
{
	static const struct btf_builder_value flags[] = {
		{ "SCX_TASK_QUEUED", 1 },
		{ "SCX_TASK_IN_CUSTODY", 2 },
		{ "SCX_TASK_STATE_SHIFT", 8 },
		{ "SCX_TASK_STATE_BITS", 3 },
		{ "SCX_TASK_STATE_MASK", 1792 },
		{ "SCX_TASK_NONE", 0 },
		{ "SCX_TASK_ENABLED", 1024 },
		{ "SCX_TASK_REENQ_REASON_SHIFT", 12 },
		{ "SCX_TASK_REENQ_REASON_BITS", 3 },
		{ "SCX_TASK_REENQ_REASON_MASK", 28672 },
		{ "SCX_TASK_REENQ_NONE", 0 },
		{ "SCX_TASK_REENQ_KFUNC", 4096 },
		{ "SCX_TASK_REENQ_IMMED", 8192 },
		{ "SCX_TASK_REENQ_PREEMPTED", 12288 },
		{ "SCX_TASK_REENQ_CAP", 16384 },
	};
	static const struct btf_builder_value codes[] = {
		{ "SCX_ECODE_RSN_HOTPLUG", 1ULL << 32 },
		{ "SCX_ECODE_RSN_CGROUP_OFFLINE", 2ULL << 32 },
		{ "SCX_ECODE_ACT_RESTART", 1ULL << 48 },
	};

	structs(b);
	btf_builder_enum(b, "scx_ent_flags", 4, false, flags, ARRAY_SIZE(flags));
	btf_builder_enum(b, "scx_exit_code", 8, false, codes, ARRAY_SIZE(codes));
}

static struct scxray_task read_task(uint32_t scx_flags)
{
	struct scxray_task task = { .kva = TASK };

	guest_put_u32(&f.b, TASK + 8, scx_flags);
	task_read_details(&f.walk, &task);
	return task;
}

START_TEST(why_a_task_is_enqueued_again_is_a_number)
{
	static const struct {
		uint32_t flags;
		uint64_t reason;
		const char *name, *flag_names;
	} cases[] = {
		{ 0x400, 0, "NONE", "" },
		{ 0x1401, 1, "KFUNC", "QUEUED|REENQ_KFUNC" },
		{ 0x2400, 2, "IMMED", "REENQ_IMMED" },
		{ 0x3403, 3, "PREEMPTED", "QUEUED|IN_CUSTODY|REENQ_PREEMPTED" }, /* not two flags */
		{ 0x4400, 4, "CAP", "REENQ_CAP" },
		{ 0x7401, 7, NULL, "QUEUED" }, /* of a later kernel */
	};

	walk_fixture_start(&f, new_kernel, &report);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct scxray_task task = read_task(cases[i].flags);

		ck_assert_int_eq(task.scx_reenq_reason.state, SCXRAY_PRESENT);
		ck_assert_uint_eq(task.scx_reenq_reason.value, cases[i].reason);
		ck_assert_pstr_eq(task.scx_reenq_reason_name, cases[i].name);
		ck_assert_str_eq(task.scx_flag_names, cases[i].flag_names);
		ck_assert_uint_eq(task.scx_task_state.value, 4);
		ck_assert_str_eq(task.scx_task_state_name, "ENABLED");
	}
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(older_kernels_have_no_reason)
{
	struct scxray_task task;

	walk_fixture_start(&f, old_kernel, &report);
	task = read_task(0x80001305);
	ck_assert_int_eq(task.scx_reenq_reason.state, SCXRAY_NONE);
	ck_assert_ptr_null(task.scx_reenq_reason_name);
	ck_assert_str_eq(task.scx_flag_names, "QUEUED|RESET_RUNNABLE_AT|CURSOR|0x1000");
	ck_assert_str_eq(task.scx_task_state_name, "ENABLED");
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(task_flags_have_names)
{
	struct scxray_task task;

	walk_fixture_start(&f, new_kernel, &report);
	guest_put_u32(&f.b, TASK + 4, 0x04208044);
	task = read_task(0);
	ck_assert_str_eq(task.flag_names, "EXITING|KTHREAD|NO_SETAFFINITY");
	guest_put_u32(&f.b, TASK + 4, 0x00400000);
	task = read_task(0);
	ck_assert_ptr_null(task.flag_names);
	walk_fixture_deinit(&f);
}
END_TEST

START_TEST(an_exit_code_is_told_by_its_parts)
{
	static const struct {
		int64_t code;
		const char *names;
	} cases[] = {
		{ 0, NULL },
		{ 1, NULL }, /* the scheduler's own, as it is */
		{ -12, NULL },
		{ 0x0001000100000000, "SCX_ECODE_RSN_HOTPLUG|SCX_ECODE_ACT_RESTART" },
		{ 0x0000000200000000, "SCX_ECODE_RSN_CGROUP_OFFLINE" },
		{ 0x0001000000000007, "SCX_ECODE_ACT_RESTART|7" },
		{ 0x0001000900000007, "SCX_ECODE_ACT_RESTART|0x900000007" },
		{ 0x0009000900000000, NULL },
	};

	walk_fixture_start(&f, new_kernel, &report);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct scxray_exit_info info = { 0 };
		struct scxray_num kva = { .value = INFO, .state = SCXRAY_PRESENT };

		guest_put_u64(&f.b, INFO + 8, (uint64_t)cases[i].code);
		walk_exit_info(&f.walk, &info, kva);
		ck_assert_int_eq((int64_t)info.exit_code.value, cases[i].code);
		ck_assert_pstr_eq(info.exit_code_names, cases[i].names);
	}
	walk_fixture_deinit(&f);
}
END_TEST

static const unit_test tests[] = {
	&why_a_task_is_enqueued_again_is_a_number,
	&older_kernels_have_no_reason,
	&task_flags_have_names,
	&an_exit_code_is_told_by_its_parts,
};

UNIT_MAIN("capture_flags", tests)
