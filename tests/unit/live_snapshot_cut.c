/* SPDX-License-Identifier: BSD-2-Clause */
/* live_snapshot_cut.c - recordings that a deadline or a budget cuts */
#include "tests/unit/snapshot_fixture.h"

START_TEST(a_deadline_cuts_and_says_so)
{
	struct scxray_record_result result;
	struct scxray_snapshot *snapshot;
	struct scxray_report *report;
	char *json;

	start(STALL, NULL);
	snapshot = new_snapshot();
	result = record(snapshot, 1);
	ck_assert(result.deadline && !result.budget);
	report = capture(snapshot, NULL);
	ck_assert_uint_gt(report->truncated_at_us, 0);
	json = live_lab_json(report);
	ck_assert_ptr_nonnull(strstr(json, "capture deadline crossed"));
	ck_assert_ptr_null(strstr(json, "not in this core"));
	ck_assert_uint_gt(report->nr_rqs, 0);
	ck_assert_int_eq(report->rqs[0].clock.state, SCXRAY_PRESENT); /* is copied first */
	ck_assert_uint_eq(report->nr_maps, 0);
	free(json);
	scxray_report_destroy(report);
	/* and the next one is whole again */
	result = record(snapshot, 0);
	ck_assert(!result.deadline);
	report = capture(snapshot, NULL);
	ck_assert_uint_eq(report->truncated_at_us, 0);
	ck_assert_uint_eq(report->maps_truncated, 0);
	ck_assert_int_eq(report->rqs[0].clock.state, SCXRAY_PRESENT);
	scxray_report_destroy(report);
	scxray_snapshot_destroy(snapshot);
	stop();
}
END_TEST

START_TEST(the_reason_of_a_cut_survives_in_a_core)
{
	struct scxray_snapshot *snapshot;
	struct scxray_source *core;
	struct scxray_report *report;
	char path[] = "/tmp/scxray-live-XXXXXX", *json;
	FILE *out = fdopen(mkstemp(path), "w");
	uint64_t at;

	start(STALL, NULL);
	snapshot = new_snapshot();
	record(snapshot, 1);
	report = capture(snapshot, NULL);
	at = report->truncated_at_us;
	scxray_report_destroy(report);
	ck_assert_ptr_nonnull(out);
	ck_assert(!scxray_core_write(scxray_snapshot_source(snapshot, &err), out, &err));
	fclose(out);
	core = scxray_source_open(path, &err);
	ck_assert_msg(core != NULL, "%s", err.text);
	unlink(path);
	report = scxray_capture(core, NULL, &err);
	ck_assert_msg(report != NULL, "%s", err.text);
	ck_assert_uint_eq(report->truncated_at_us, at);
	json = live_lab_json(report);
	ck_assert_ptr_nonnull(strstr(json, "capture deadline crossed"));
	ck_assert_ptr_null(strstr(json, "not in this core"));
	free(json);
	scxray_report_destroy(report);
	scxray_source_close(core);
	scxray_snapshot_destroy(snapshot);
	stop();
}
END_TEST

START_TEST(a_budget_cuts_the_maps_first)
{
	struct scxray_settings settings = SCXRAY_SETTINGS_INIT;
	struct scxray_record_result whole, result;
	struct scxray_snapshot *snapshot;
	struct scxray_report *report;
	char *json;

	start(cores[6], NULL);
	snapshot = new_snapshot();
	whole = record(snapshot, 0);
	scxray_snapshot_destroy(snapshot);
	stop();

	settings.max_copy_bytes = whole.pages * 2 / 3 * PAGE_SIZE;
	start(cores[6], &settings);
	snapshot = new_snapshot();
	result = record(snapshot, 0);
	ck_assert(result.budget && !result.deadline);
	ck_assert_uint_lt(result.pages, whole.pages);
	report = capture(snapshot, &settings);
	ck_assert_int_eq(report->rqs[0].clock.state, SCXRAY_PRESENT);
	ck_assert_uint_eq(report->nr_scheds, 1);
	ck_assert_uint_gt(report->maps_truncated, 0);
	ck_assert_uint_eq(report->truncated_at_us, 0);
	json = live_lab_json(report);
	ck_assert_ptr_nonnull(strstr(json, "copy budget used up"));
	ck_assert_ptr_null(strstr(json, "not in this core"));
	free(json);
	scxray_report_destroy(report);
	scxray_snapshot_destroy(snapshot);
	stop();
}
END_TEST

START_TEST(a_budget_of_next_to_nothing_still_makes_a_report)
{
	struct scxray_settings settings = SCXRAY_SETTINGS_INIT;
	struct scxray_snapshot *snapshot;
	struct scxray_report *report;

	settings.max_copy_bytes = 2 * PAGE_SIZE;
	start(STALL, &settings);
	snapshot = new_snapshot();
	ck_assert(record(snapshot, 0).budget);
	report = capture(snapshot, &settings);
	ck_assert_uint_eq(report->nr_vcpus, lab.nr_vcpus);
	ck_assert_int_eq(report->guest.banner.state, SCXRAY_PRESENT);
	scxray_report_destroy(report);
	scxray_snapshot_destroy(snapshot);
	stop();
}
END_TEST

/* Whatever the limits: the tasks that wait are there, with their stacks. */
static void expect_waiting(struct scxray_snapshot *snapshot)
{
	struct scxray_report *report = capture(snapshot, NULL);
	size_t nr = 0;

	for (size_t t = 0; t < report->nr_tasks; t++) {
		const struct scxray_task *task = &report->tasks[t];

		if (task->runnable_cpu < 0)
			continue;
		nr++;
		ck_assert_int_eq(task->comm.state, SCXRAY_PRESENT);
		ck_assert_int_eq(task->runnable_at.state, SCXRAY_PRESENT);
		ck_assert_int_eq(task->cpus_allowed.state, SCXRAY_PRESENT);
		ck_assert_msg(task->kernel_stack.nr > 1, "%s", task->kernel_stack.end);
	}
	ck_assert_uint_gt(nr, 0);
	ck_assert_int_eq(report->scheds[0].exit_info.reason.state, SCXRAY_PRESENT);
	scxray_report_destroy(report);
}

START_TEST(no_limit_cuts_those_that_wait)
{
	struct scxray_settings settings = SCXRAY_SETTINGS_INIT;
	struct scxray_snapshot *snapshot;

	start(STALL, NULL);
	snapshot = new_snapshot();
	ck_assert(record(snapshot, 1).deadline);
	expect_waiting(snapshot);
	scxray_snapshot_destroy(snapshot);
	stop();

	settings.max_copy_bytes = 2 * PAGE_SIZE;
	start(STALL, &settings);
	snapshot = new_snapshot();
	ck_assert(record(snapshot, 0).budget);
	expect_waiting(snapshot);
	scxray_snapshot_destroy(snapshot);
	stop();
}
END_TEST

static const unit_test tests[] = {
	&a_deadline_cuts_and_says_so,	&the_reason_of_a_cut_survives_in_a_core,
	&a_budget_cuts_the_maps_first,	&a_budget_of_next_to_nothing_still_makes_a_report,
	&no_limit_cuts_those_that_wait,
};

UNIT_MAIN("live_snapshot_cut", tests)
