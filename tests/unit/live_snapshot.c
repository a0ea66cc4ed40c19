/* SPDX-License-Identifier: BSD-2-Clause */
/* live.h: a guest's memory, recorded, makes the report that its core makes. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <scxray/map.h>
#include <scxray/rq.h>
#include <scxray/sched.h>
#include <scxray/task.h>

#include "capture/live/live.h"
#include "tests/lib/live_lab.h"
#include "tests/lib/unit.h"

static const char *const cores[] = {
	"kernel-fixtures/cores/6.12-held-half.core.zst",
	"kernel-fixtures/cores/6.12-held-error.core.zst",
	"kernel-fixtures/cores/6.18.15-vtime-half.core.zst",
	"kernel-fixtures/cores/6.18.15-vtime-error.core.zst",
	"kernel-fixtures/cores/7.3.4-stall-half.core.zst",
	"kernel-fixtures/cores/7.3.4-stall-error.core.zst",
	"tests/oracle/cores/7.3.4-maps.core.zst",
};

#define STALL cores[5]

static struct live_lab lab;
static struct scxray_live *live;
static struct scxray_error err;

static void start(const char *path, const struct scxray_settings *settings)
{
	memset(&err, 0, sizeof(err));
	ck_assert_int_eq(live_lab_open(&lab, path), 0);
	live = scxray_live_create(lab.regions, lab.nr_regions, lab.nr_vcpus, settings, &err);
	ck_assert_msg(live != NULL, "%s", err.text);
	ck_assert(!scxray_live_resolved(live));
	ck_assert_msg(!scxray_live_resolve(live, lab.vcpus, lab.nr_vcpus, &err), "%s", err.text);
	ck_assert(scxray_live_resolved(live));
	ck_assert_msg(!scxray_live_prepare(live, &err), "%s", err.text);
}

static void stop(void)
{
	scxray_live_destroy(live);
	live_lab_close(&lab);
}

static struct scxray_record_result record(struct scxray_snapshot *snapshot, uint64_t deadline_us)
{
	struct scxray_record_result result;

	scxray_live_record(live, snapshot, lab.vcpus, lab.nr_vcpus, deadline_us, &result);
	scxray_live_record_sleepers(live, snapshot, &result);
	return result;
}

static struct scxray_report *capture(struct scxray_snapshot *snapshot,
				     const struct scxray_settings *settings)
{
	struct scxray_source *source = scxray_snapshot_source(snapshot, &err);
	struct scxray_report *report;

	ck_assert_msg(source != NULL, "%s", err.text);
	report = scxray_capture(source, settings, &err);
	ck_assert_msg(report != NULL, "%s", err.text);
	ck_assert_str_eq(report->source, "vm");
	return report;
}

static char *json_of(struct scxray_snapshot *snapshot)
{
	struct scxray_report *report = capture(snapshot, NULL);
	char *json = live_lab_json(report);

	scxray_report_destroy(report);
	return json;
}

static void expect_same(const char *a, const char *b, const char *what)
{
	size_t at = 0;

	while (a[at] && a[at] == b[at])
		at++;
	if (a[at] == b[at])
		return;
	at = at > 200 ? at - 200 : 0;
	ck_abort_msg("%s: ...%.400s\n--- but ---\n...%.400s", what, a + at, b + at);
}

/* What `scxray report` would say of an image of this RAM. */
static char *json_of_image(void)
{
	struct scxray_source *source = live_lab_image(&lab);
	struct scxray_report *report;
	char *json;

	ck_assert_ptr_nonnull(source);
	report = scxray_capture(source, NULL, &err);
	ck_assert_msg(report != NULL, "%s", err.text);
	json = live_lab_json(report);
	scxray_report_destroy(report);
	scxray_source_close(source);
	return json;
}

static struct scxray_snapshot *new_snapshot(void)
{
	struct scxray_snapshot *snapshot = scxray_snapshot_create(live);

	ck_assert_ptr_nonnull(snapshot);
	return snapshot;
}

START_TEST(a_recording_makes_the_report_of_the_core)
{
	for (size_t i = 0; i < ARRAY_SIZE(cores); i++) {
		struct scxray_record_result result;
		struct scxray_snapshot *snapshot;
		char *a, *b;

		start(cores[i], NULL);
		snapshot = new_snapshot();
		result = record(snapshot, 0);
		ck_assert(result.resolved && !result.deadline && !result.budget);
		ck_assert_uint_gt(result.pages, 50);
		a = json_of_image();
		/* what was recorded is enough, whatever becomes of the guest */
		live_lab_clear(&lab);
		b = json_of(snapshot);
		expect_same(a, b, cores[i]);
		free(a);
		free(b);
		scxray_snapshot_destroy(snapshot);
		stop();
	}
}
END_TEST

/*
 * Of a task that sleeps, the stack is recorded and no more: its size is known of every kernel, so
 * a frozen guest never waits for it to be unwound.
 */
START_TEST(sleepers_are_not_unwound)
{
	for (size_t i = 0; i < ARRAY_SIZE(cores); i++) {
		struct scxray_snapshot *snapshot;
		const struct scxray_report *r;
		size_t sleepers = 0;

		start(cores[i], NULL);
		snapshot = new_snapshot();
		record(snapshot, 0);
		r = live->walk.r;
		for (size_t t = 0; t < r->nr_tasks; t++) {
			const struct scxray_stack_trace *stack = &r->tasks[t].kernel_stack;

			if (r->tasks[t].curr_cpu >= 0)
				continue;
			sleepers++;
			/* what recording a stack does not set, and unwinding it always does */
			ck_assert_msg(!stack->end ||
					      !strcmp(stack->end, "the task gave its stack back"),
				      "%s: %s", cores[i], stack->end);
		}
		ck_assert_uint_gt(sleepers, 20);
		scxray_snapshot_destroy(snapshot);
		stop();
	}
}
END_TEST

/* The types of a scheduler that came since the rehearsal: recorded as bytes, read later. */
START_TEST(a_recording_without_a_rehearsal_has_its_types)
{
	struct scxray_snapshot *snapshot;
	char *a, *b;

	ck_assert_int_eq(live_lab_open(&lab, STALL), 0);
	live = scxray_live_create(lab.regions, lab.nr_regions, lab.nr_vcpus, NULL, &err);
	ck_assert_msg(!scxray_live_resolve(live, lab.vcpus, lab.nr_vcpus, &err), "%s", err.text);
	snapshot = new_snapshot();
	record(snapshot, 0);
	a = json_of_image();
	live_lab_clear(&lab);
	b = json_of(snapshot);
	expect_same(a, b, "not rehearsed");
	ck_assert_ptr_nonnull(strstr(b, "scxfix_state"));
	free(a);
	free(b);
	scxray_snapshot_destroy(snapshot);
	stop();
}
END_TEST

START_TEST(its_core_is_replayed_to_the_same_report)
{
	struct scxray_snapshot *snapshot;
	struct scxray_source *source, *core;
	struct scxray_report *report;
	char path[] = "/tmp/scxray-live-XXXXXX", *a, *b;
	int fd = mkstemp(path);
	FILE *out = fdopen(fd, "w");

	start(STALL, NULL);
	snapshot = new_snapshot();
	record(snapshot, 0);
	a = json_of(snapshot);
	source = scxray_snapshot_source(snapshot, &err);
	ck_assert_ptr_nonnull(out);
	ck_assert_msg(!scxray_core_write(source, out, &err), "%s", err.text);
	fclose(out);
	core = scxray_source_open(path, &err);
	ck_assert_msg(core != NULL, "%s", err.text);
	unlink(path);
	report = scxray_capture(core, NULL, &err);
	ck_assert_msg(report != NULL, "%s", err.text);
	ck_assert_str_eq(report->source, "vm");
	b = live_lab_json(report);
	expect_same(a, b, "replayed");
	scxray_report_destroy(report);
	scxray_source_close(core);
	free(a);
	free(b);
	scxray_snapshot_destroy(snapshot);
	stop();
}
END_TEST

static uint8_t *jiffies(void)
{
	uint8_t *at = live_lab_at(&lab, live_lab_symbol(&lab, "jiffies_64"));

	ck_assert_ptr_nonnull(at);
	return at;
}

static void advance(uint64_t by)
{
	uint64_t now;

	memcpy(&now, jiffies(), 8);
	now += by;
	memcpy(jiffies(), &now, 8);
}

START_TEST(two_snapshots_hold_what_each_of_them_saw)
{
	struct scxray_snapshot *first, *second;
	struct scxray_report *a, *b, *again;

	start(STALL, NULL);
	first = new_snapshot();
	second = new_snapshot();
	record(first, 0);
	advance(1234);
	record(second, 0);
	advance(1234);
	a = capture(first, NULL);
	b = capture(second, NULL);
	ck_assert_uint_eq(b->guest.jiffies.value - a->guest.jiffies.value, 1234);
	ck_assert_uint_eq(a->nr_tasks, b->nr_tasks);
	scxray_report_destroy(a);
	/* the first one's memory is used again, the second one's is not touched by that */
	record(first, 0);
	again = capture(first, NULL);
	ck_assert_uint_eq(again->guest.jiffies.value - b->guest.jiffies.value, 1234);
	scxray_live_destroy(live); /* snapshots outlive it */
	live = NULL;
	a = capture(second, NULL);
	ck_assert_uint_eq(a->guest.jiffies.value, b->guest.jiffies.value);
	scxray_report_destroy(a);
	scxray_report_destroy(b);
	scxray_report_destroy(again);
	scxray_snapshot_destroy(first);
	scxray_snapshot_destroy(second);
	stop();
}
END_TEST

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

START_TEST(without_a_kernel_registers_are_all)
{
	struct scxray_record_result result;
	struct scxray_snapshot *snapshot;
	struct scxray_source *source;

	ck_assert_int_eq(live_lab_open(&lab, STALL), 0);
	live = scxray_live_create(lab.regions, lab.nr_regions, lab.nr_vcpus, NULL, &err);
	snapshot = new_snapshot();
	ck_assert_ptr_null(scxray_snapshot_source(snapshot, &err));
	result = record(snapshot, 0);
	ck_assert(!result.resolved);
	ck_assert_uint_eq(result.pages, 0);
	source = scxray_snapshot_source(snapshot, &err);
	ck_assert_ptr_nonnull(source);
	ck_assert_ptr_null(scxray_capture(source, NULL, &err));
	ck_assert_ptr_nonnull(strstr(err.text, "no Linux kernel found"));
	ck_assert_int_ne(scxray_live_prepare(live, &err), 0);
	scxray_snapshot_destroy(snapshot);
	stop();
}
END_TEST

static const unit_test tests[] = {
	&a_recording_makes_the_report_of_the_core,
	&sleepers_are_not_unwound,
	&its_core_is_replayed_to_the_same_report,
	&a_recording_without_a_rehearsal_has_its_types,
	&two_snapshots_hold_what_each_of_them_saw,
	&a_deadline_cuts_and_says_so,
	&the_reason_of_a_cut_survives_in_a_core,
	&a_budget_cuts_the_maps_first,
	&a_budget_of_next_to_nothing_still_makes_a_report,
	&no_limit_cuts_those_that_wait,
	&without_a_kernel_registers_are_all,
};

UNIT_MAIN("live_snapshot", tests)
