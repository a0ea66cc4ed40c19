/* SPDX-License-Identifier: BSD-2-Clause */
/* live.h: a guest's memory, recorded, makes the report that its core makes. */
#include "tests/unit/snapshot_fixture.h"

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
	&a_recording_makes_the_report_of_the_core, &sleepers_are_not_unwound,
	&its_core_is_replayed_to_the_same_report,  &a_recording_without_a_rehearsal_has_its_types,
	&two_snapshots_hold_what_each_of_them_saw, &without_a_kernel_registers_are_all,
};

UNIT_MAIN("live_snapshot", tests)
