/* SPDX-License-Identifier: BSD-2-Clause */
/* The plugin's samples over time: fixed memory, the first and the newest sample stay, nothing is made up. */
#include <string.h>

#include <scxray/host.h>

#include "watch/samples.h"

#include "tests/lib/unit.h"

static struct scxray_num number(uint64_t value)
{
	return (struct scxray_num){ .value = value, .state = SCXRAY_PRESENT };
}

static struct scxray_look look_of(uint64_t n)
{
	struct scxray_look look = {
		.hz = number(250),
		.max_runnable_age = number(n),
		.nr_running = 2 * n,
		.dsq_depth = 3 * n,
		.event_name = { "SCX_EV_A", "SCX_EV_B" },
		.event = { n, n * n },
		.nr_events = 2,
	};

	return look;
}

static const struct scxray_series *series(const struct scxray_timeline *t, const char *name)
{
	for (size_t i = 0; i < t->nr_series; i++)
		if (!strcmp(t->series[i].name, name))
			return &t->series[i];
	return NULL;
}

START_TEST(few_samples_are_all_there)
{
	struct samples *samples = samples_create();
	struct scxray_timeline t;

	samples_begin(samples, 1000, 100);
	for (uint64_t i = 0; i < 3; i++) {
		struct scxray_look look = look_of(i);

		samples_add(samples, 1000 + i * 100, &look);
	}
	samples_get(samples, &t);
	ck_assert_uint_eq(t.nr_samples, 3);
	ck_assert_uint_eq(t.nr_taken, 3);
	ck_assert_uint_eq(t.period_ms, 100);
	ck_assert_uint_eq(t.nr_series, 5);
	ck_assert_uint_eq(t.nr_events, 2);
	ck_assert_str_eq(t.series[1].name, "SCX_EV_B");
	for (uint64_t i = 0; i < 3; i++) {
		ck_assert_uint_eq(t.elapsed_ms[i], i * 100);
		ck_assert_uint_eq(t.series[1].values[i], i * i);
		ck_assert_uint_eq(series(&t, "nr_running")->values[i], 2 * i);
		ck_assert_uint_eq(series(&t, "builtin_dsq_depth")->values[i], 3 * i);
		ck_assert_uint_eq(series(&t, "max_runnable_age_ms")->values[i], 4 * i);
	}
	samples_destroy(samples);
}
END_TEST

/* Elapsed times ascend, each value is that of its time, first and newest are there. */
static void check_thinned(struct samples *samples, uint64_t taken)
{
	struct scxray_timeline t;

	samples_get(samples, &t);
	ck_assert_uint_eq(t.nr_taken, taken);
	ck_assert_uint_eq(t.nr_samples, taken < SAMPLES_MAX ? taken : SAMPLES_MAX);
	ck_assert_uint_eq(t.elapsed_ms[0], 0);
	ck_assert_uint_eq(t.elapsed_ms[t.nr_samples - 1], (taken - 1) * 10);
	for (size_t i = 0; i < t.nr_samples; i++) {
		ck_assert(!i || t.elapsed_ms[i] > t.elapsed_ms[i - 1]);
		ck_assert_uint_eq(t.series[0].values[i], t.elapsed_ms[i] / 10);
		ck_assert_uint_eq(series(&t, "builtin_dsq_depth")->values[i],
				  t.elapsed_ms[i] / 10 * 3);
	}
}

START_TEST(old_samples_thin_out)
{
	struct samples *samples = samples_create();
	struct scxray_timeline t;
	const uint64_t many = 100000;

	samples_begin(samples, 5, 10);
	for (uint64_t i = 0; i < many; i++) {
		struct scxray_look look = look_of(i);

		samples_add(samples, 5 + i * 10, &look);
		if (i < 2000 || i % 997 == 0)
			check_thinned(samples, i + 1);
	}
	check_thinned(samples, many);
	samples_get(samples, &t);
	/* the newest quarter has every sample; before, gaps are small for their age */
	for (size_t i = 1; i < t.nr_samples; i++) {
		uint64_t gap = t.elapsed_ms[i] - t.elapsed_ms[i - 1];
		uint64_t age = many * 10 - t.elapsed_ms[i - 1];

		if (i >= t.nr_samples - SAMPLES_MAX / 4)
			ck_assert_uint_eq(gap, 10);
		else
			ck_assert_msg(gap * 20 <= age, "%zu: a gap of %lu ms, %lu ms ago", i, gap,
				      age);
	}
	samples_destroy(samples);
}
END_TEST

START_TEST(a_new_scheduler_begins_anew)
{
	struct samples *samples = samples_create();
	struct scxray_look look = look_of(7);
	struct scxray_timeline t;

	samples_begin(samples, 0, 10);
	samples_add(samples, 50, &look);
	samples_begin(samples, 100, 20);
	samples_get(samples, &t);
	ck_assert_uint_eq(t.nr_samples, 0);
	ck_assert_uint_eq(t.nr_series, 0);
	ck_assert_uint_eq(t.nr_taken, 0);
	look.nr_events = 1; /* another kernel */
	samples_add(samples, 130, &look);
	samples_get(samples, &t);
	ck_assert_uint_eq(t.nr_samples, 1);
	ck_assert_uint_eq(t.nr_series, 4);
	ck_assert_uint_eq(t.elapsed_ms[0], 30);
	ck_assert_uint_eq(t.period_ms, 20);
	samples_destroy(samples);
}
END_TEST

START_TEST(what_is_not_known_is_not_zero)
{
	struct samples *samples = samples_create();
	struct scxray_look look = look_of(5);
	struct scxray_timeline t;

	/* a sample that lacks its age is none */
	samples_begin(samples, 0, 10);
	samples_add(samples, 10, &look);
	look.max_runnable_age.state = SCXRAY_UNREADABLE;
	samples_add(samples, 20, &look);
	look = look_of(5);
	look.hz.state = SCXRAY_MISSING;
	samples_add(samples, 30, &look);
	look = look_of(5);
	look.nr_events = 1;
	samples_add(samples, 40, &look);
	look.nr_events = SCXRAY_LOOK_MAX_EVENTS + 1;
	samples_add(samples, 50, &look);
	samples_get(samples, &t);
	ck_assert_uint_eq(t.nr_samples, 1);
	/* nobody runnable is an age of 0, and so is one that is not over yet */
	look = look_of(5);
	look.max_runnable_age.state = SCXRAY_NONE;
	samples_add(samples, 60, &look);
	look.max_runnable_age = number((uint64_t)-3);
	samples_add(samples, 70, &look);
	samples_get(samples, &t);
	ck_assert_uint_eq(t.nr_samples, 3);
	ck_assert_uint_eq(series(&t, "max_runnable_age_ms")->values[1], 0);
	ck_assert_uint_eq(series(&t, "max_runnable_age_ms")->values[2], 0);
	/* a kernel without ages has no such series */
	samples_begin(samples, 0, 10);
	look = look_of(5);
	look.runnable_unavailable = "sched_ext_entity.runnable_at";
	look.max_runnable_age.state = SCXRAY_MISSING;
	samples_add(samples, 10, &look);
	samples_get(samples, &t);
	ck_assert_uint_eq(t.nr_samples, 1);
	ck_assert_ptr_null(series(&t, "max_runnable_age_ms"));
	ck_assert_uint_eq(series(&t, "nr_running")->values[0], 10);
	samples_destroy(samples);
}
END_TEST

START_TEST(times_never_descend)
{
	static const uint64_t times[] = { 0, 30, 20, 30, 40, 39 }, kept[] = { 0, 30, 30, 40 };
	struct samples *samples = samples_create();
	struct scxray_timeline t;

	samples_begin(samples, 1000, 10);
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		struct scxray_look look = look_of(i);

		samples_add(samples, 1000 + times[i], &look);
	}
	samples_get(samples, &t);
	ck_assert_uint_eq(t.nr_samples, ARRAY_SIZE(kept));
	for (size_t i = 0; i < t.nr_samples; i++)
		ck_assert_uint_eq(t.elapsed_ms[i], kept[i]);
	samples_destroy(samples);
}
END_TEST

static const unit_test tests[] = {
	&few_samples_are_all_there,	&old_samples_thin_out, &a_new_scheduler_begins_anew,
	&what_is_not_known_is_not_zero, &times_never_descend,
};
UNIT_MAIN("plugin samples", tests)
