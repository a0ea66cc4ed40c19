/* SPDX-License-Identifier: BSD-2-Clause */
/* sleepers.h: stacks that are copied after the thaw are those of the freeze, or are not there. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <scxray/map.h>
#include <scxray/task.h>

#include "capture/live/live.h"
#include "tests/lib/live_lab.h"
#include "tests/lib/unit.h"

static const char *const cores[] = {
	"kernel-fixtures/cores/6.12-held-error.core.zst",
	"kernel-fixtures/cores/6.18.15-vtime-error.core.zst",
	"kernel-fixtures/cores/7.3.4-stall-error.core.zst",
};

static const char ran[] = "its task ran after the freeze";

static struct live_lab lab;
static struct scxray_live *live;
static struct scxray_snapshot *snapshot;
static struct scxray_report *before; /* of a recording that nothing came between */
static struct scxray_error err;

static struct scxray_record_result freeze(void)
{
	struct scxray_record_result result;

	scxray_live_record(live, snapshot, lab.vcpus, lab.nr_vcpus, 0, &result);
	return result;
}

static struct scxray_report *thaw(struct scxray_record_result *result)
{
	struct scxray_source *source;
	struct scxray_report *report;

	scxray_live_record_sleepers(live, snapshot, result);
	source = scxray_snapshot_source(snapshot, &err);
	ck_assert_msg(source != NULL, "%s", err.text);
	report = scxray_capture(source, NULL, &err);
	ck_assert_msg(report != NULL, "%s", err.text);
	return report;
}

static void start(const char *path)
{
	struct scxray_record_result result;

	memset(&err, 0, sizeof(err));
	ck_assert_int_eq(live_lab_open(&lab, path), 0);
	live = scxray_live_create(lab.regions, lab.nr_regions, lab.nr_vcpus, NULL, &err);
	ck_assert_msg(live != NULL, "%s", err.text);
	ck_assert_msg(!scxray_live_resolve(live, lab.vcpus, lab.nr_vcpus, &err), "%s", err.text);
	ck_assert_msg(!scxray_live_prepare(live, &err), "%s", err.text);
	snapshot = scxray_snapshot_create(live);
	ck_assert_ptr_nonnull(snapshot);
	result = freeze();
	before = thaw(&result);
	ck_assert_uint_gt(result.sleepers, 20);
	ck_assert_uint_gt(result.sleepers_pages, 20);
	ck_assert_uint_eq(result.ran, 0);
}

static void stop(void)
{
	scxray_report_destroy(before);
	scxray_snapshot_destroy(snapshot);
	scxray_live_destroy(live);
	live_lab_close(&lab);
}

static void on_each(void (*one)(const char *path))
{
	for (size_t i = 0; i < ARRAY_SIZE(cores); i++)
		one(cores[i]);
}

/* The n-th task that sleeps (or waits to run), with a whole stack of some frames. */
static const struct scxray_task *pick(bool sleeps, size_t n)
{
	for (size_t i = 0; i < before->nr_tasks; i++) {
		const struct scxray_task *task = &before->tasks[i];

		if (task->on_rq.value == !sleeps && !task->on_cpu.value && task->pid.value > 1 &&
		    task->kernel_stack.whole && task->kernel_stack.nr > 2 && !n--)
			return task;
	}
	ck_abort_msg("no such task in this core");
	return NULL;
}

static uint8_t *member(const struct scxray_task *task, enum layout_member m)
{
	uint8_t *at = live_lab_at(&lab, task->kva + lab.kernel.layout.member[m].offset);

	ck_assert_ptr_nonnull(at);
	return at;
}

/* It goes on: from where it was switched out its stack is another one. */
static void overwrite_stack(const struct scxray_task *task)
{
	uint64_t sp;

	memcpy(&sp, member(task, M_task_struct_thread_sp), sizeof(sp));
	for (uint64_t at = sp; at & 0xfff; at++)
		*live_lab_at(&lab, at) = 0x5a;
}

static void expect_stack(const struct scxray_task *got, const struct scxray_task *want)
{
	ck_assert_uint_eq(got->kva, want->kva);
	ck_assert_uint_eq(got->kernel_stack.nr, want->kernel_stack.nr);
	ck_assert_str_eq(got->kernel_stack.end, want->kernel_stack.end);
	for (size_t i = 0; i < got->kernel_stack.nr; i++)
		ck_assert_uint_eq(got->kernel_stack.frames[i].addr.value,
				  want->kernel_stack.frames[i].addr.value);
}

/* All stacks are as they were, but for `task`, which ran. */
static void expect_ran(const struct scxray_report *report, const struct scxray_task *task)
{
	ck_assert_uint_eq(report->nr_tasks, before->nr_tasks);
	for (size_t i = 0; i < report->nr_tasks; i++) {
		const struct scxray_task *got = &report->tasks[i];

		if (got->kva != task->kva) {
			expect_stack(got, &before->tasks[i]);
			continue;
		}
		ck_assert_uint_eq(got->kernel_stack.nr, 0);
		ck_assert(!got->kernel_stack.whole);
		ck_assert_msg(strstr(got->kernel_stack.end, ran) != NULL, "%s",
			      got->kernel_stack.end);
		/* all else of it is of the freeze */
		ck_assert_uint_eq(got->pid.value, task->pid.value);
		ck_assert_uint_eq(got->nvcsw.value, task->nvcsw.value);
	}
}

static void ran_by(const char *path, enum layout_member witness)
{
	const struct scxray_task *task;
	struct scxray_record_result result;
	struct scxray_report *report;

	start(path);
	task = pick(true, 1);
	result = freeze();
	overwrite_stack(task);
	++*member(task, witness);
	report = thaw(&result);
	ck_assert_uint_eq(result.ran, 1);
	expect_ran(report, task);
	scxray_report_destroy(report);
	stop();
}

START_TEST(a_task_that_ran_has_no_stack)
{
	static const enum layout_member witnesses[] = {
		M_task_struct_on_cpu,			 /* runs now */
		M_task_struct_nvcsw,			 /* ran, and sleeps again */
		M_task_struct_nivcsw, M_task_struct_pid, /* is another one by now */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cores); i++)
		for (size_t k = 0; k < ARRAY_SIZE(witnesses); k++)
			ran_by(cores[i], witnesses[k]);
}
END_TEST

static void waits_to_run(const char *path)
{
	const struct scxray_task *task;
	struct scxray_record_result result;
	struct scxray_report *report;

	start(path);
	task = pick(false, 0);
	result = freeze();
	overwrite_stack(task);
	++*member(task, M_task_struct_nvcsw);
	report = thaw(&result);
	ck_assert_uint_eq(result.ran, 0);
	for (size_t i = 0; i < report->nr_tasks; i++)
		expect_stack(&report->tasks[i], &before->tasks[i]);
	scxray_report_destroy(report);
	stop();
}

START_TEST(a_stack_of_one_that_waits_to_run_is_of_the_freeze)
{
	on_each(waits_to_run);
}
END_TEST

/* Every second sleeper runs, and each page is used for the next one's copy. */
static void many_run(const char *path)
{
	struct scxray_record_result result;
	struct scxray_report *report;
	size_t nr = 0;

	start(path);
	result = freeze();
	for (size_t i = 0; i < result.sleepers / 4; i++) {
		const struct scxray_task *task = pick(true, i * 2);

		overwrite_stack(task);
		++*member(task, M_task_struct_nvcsw);
	}
	report = thaw(&result);
	ck_assert_uint_eq(result.ran, result.sleepers / 4);
	for (size_t i = 0; i < report->nr_tasks; i++) {
		const struct scxray_task *got = &report->tasks[i];

		if (got->kernel_stack.end && strstr(got->kernel_stack.end, ran))
			nr++;
		else
			expect_stack(got, &before->tasks[i]);
	}
	ck_assert_uint_eq(nr, result.ran);
	scxray_report_destroy(report);
	stop();
}

START_TEST(many_that_run_take_nothing_from_the_others)
{
	on_each(many_run);
}
END_TEST

static void replayed(const char *path)
{
	char name[] = "/tmp/scxray-sleepers-XXXXXX", *recorded, *replayed;
	FILE *out = fdopen(mkstemp(name), "w");
	struct scxray_record_result result;
	struct scxray_report *report;
	struct scxray_source *core;

	start(path);
	result = freeze();
	overwrite_stack(pick(true, 1));
	++*member(pick(true, 1), M_task_struct_nvcsw);
	report = thaw(&result);
	recorded = live_lab_json(report);
	ck_assert_ptr_nonnull(strstr(recorded, ran));
	scxray_report_destroy(report);

	ck_assert_ptr_nonnull(out);
	ck_assert(!scxray_core_write(scxray_snapshot_source(snapshot, &err), out, &err));
	fclose(out);
	core = scxray_source_open(name, &err);
	unlink(name);
	ck_assert_msg(core != NULL, "%s", err.text);
	report = scxray_capture(core, NULL, &err);
	ck_assert_msg(report != NULL, "%s", err.text);
	replayed = live_lab_json(report);
	ck_assert_str_eq(recorded, replayed);
	free(recorded);
	free(replayed);
	scxray_report_destroy(report);
	scxray_source_close(core);
	stop();
}

START_TEST(a_core_says_the_same_of_them)
{
	on_each(replayed);
}
END_TEST

/* A host that walks again meanwhile, or forgets to ask: no stack is made up. */
static void not_asked_for(const char *path)
{
	struct scxray_record_result result;
	struct scxray_report *report;

	start(path);
	result = freeze();
	ck_assert(!scxray_live_prepare(live, &err));
	report = thaw(&result);
	ck_assert_uint_eq(result.sleepers_pages, 0);
	for (size_t i = 0; i < report->nr_tasks; i++)
		if (!report->tasks[i].on_rq.value && !report->tasks[i].on_cpu.value)
			ck_assert_uint_eq(report->tasks[i].kernel_stack.nr, 0);
	scxray_report_destroy(report);
	stop();
}

START_TEST(what_is_not_asked_for_is_not_there)
{
	on_each(not_asked_for);
}
END_TEST

static const unit_test tests[] = {
	&a_task_that_ran_has_no_stack,
	&a_stack_of_one_that_waits_to_run_is_of_the_freeze,
	&many_that_run_take_nothing_from_the_others,
	&a_core_says_the_same_of_them,
	&what_is_not_asked_for_is_not_there,
};

UNIT_MAIN("live_sleepers", tests)
