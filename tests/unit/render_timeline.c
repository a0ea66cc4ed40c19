/* SPDX-License-Identifier: BSD-2-Clause */
/* render_timeline.c - the timeline of counters, drawn */
#include "tests/unit/host_document.h"

/* The sparkline behind a name. */
static const char *spark(const char *text, const char *name)
{
	return has(text, name) + strlen(name) + 2;
}

static size_t blocks(const char *line)
{
	size_t n = 0;

	while (!strncmp(line + 3 * n, "\xe2\x96", 2))
		n++;
	return n;
}

START_TEST(sparklines_have_the_right_levels)
{
	uint64_t values[] = { 0, 1, 2, 3, 4, 5, 6, 7 }, big[8], falls[8], same[8];
	uint64_t times[] = { 0, 1, 2, 3, 4, 5, 6, 7 };
	const struct scxray_series series[] = {
		{ "ramp", values }, { "big", big }, { "falls", falls }, { "same", same }
	};
	struct scxray_host host = { .timeline = { .elapsed_ms = times,
						  .nr_samples = 8,
						  .series = series,
						  .nr_series = 4,
						  .nr_events = 2 } };
	struct scxray_report r = { .host = &host };
	char *text;

	for (size_t i = 0; i < 8; i++) {
		big[i] = INT64_MAX / 7 * i;
		falls[i] = 100 - 10 * i;
		same[i] = 9;
	}
	big[0] = (uint64_t)-5; /* negative counts as 0 */
	scxray_document_single(&doc, &r);
	text = render_document(&doc, TEXT, 120, false);
	has(text, "event_counter_timeline: 8 samples (0–7ms)\n");
	has(text, "                            ramp  ▁▂▃▄▅▆▇█  (last=7)  +7, 1000/s\n");
	ck_assert_int_eq(strncmp(spark(text, " big"), "▁▂▃▄▅▆▇█", 24), 0);
	has(text, "falls  █▇▆▅▄▃▂▁  (last=30)  30 to 100\n");
	has(text, "constant: same=9");
	ck_assert_ptr_null(strstr(text, "same  ▅"));
	free(text);
	text = render_with(&(struct scxray_text_options){ .width = 120, .full = true });
	has(text, "same  ▅▅▅▅▅▅▅▅  (last=9)\n");
	free(text);
}
END_TEST

START_TEST(one_of_a_thing_is_no_plural_and_long_names_fit)
{
	static uint64_t times[] = { 0 }, values[] = { 7 };
	static const struct scxray_series series[] = {
		{ "SCX_EV_A_NAME_OF_34_CHARACTERS_123", values },
		{ "short", values },
		{ "hostile_name_that_is_longer_than_any_column_of_names_may_be", values },
	};
	struct scxray_host host = { .timeline = { .elapsed_ms = times,
						  .nr_samples = 1,
						  .series = series,
						  .nr_series = 3,
						  .nr_events = 3 } };
	struct scxray_report r = {
		.host = &host,
		.guest = { .release = { .state = SCXRAY_PRESENT, .bytes = "6.18", .len = 4 },
			   .nr_cpus = { .state = SCXRAY_PRESENT, .value = 1 } },
	};
	char *text;

	scxray_document_single(&doc, &r);
	text = render_with(&(struct scxray_text_options){ .width = 80, .full = true });
	has(text, "guest: 6.18, 1 CPU\n");
	has(text, "event_counter_timeline: 1 sample (0–0ms)\n"
		  "  SCX_EV_A_NAME_OF_34_CHARACTERS_123  ▅  (last=7)\n"
		  "                               short  ▅  (last=7)\n"
		  "  hostile_name_that_is_longer_than_any_column_of_names_may_be  ▅  (last=7)\n");
	free(text);
	text = render_with(&(struct scxray_text_options){ .width = 80, .summary = true });
	has(text, "\ncaptured: event_counter_timeline 1 (0–0ms)\n");
	free(text);
}
END_TEST

START_TEST(long_rows_are_resampled_and_keep_their_peaks)
{
	char *text;
	const char *row;

	live_pair();
	scxray_document_single(&doc, &late.r);
	text = render_document(&doc, TEXT, 120, false);
	has(text, "event_counter_timeline: 130 samples (1000–7450ms)\n"
		  "  (a column stands for up to 3 samples: the last");
	ck_assert_uint_eq(blocks(spark(text, "SCX_EV_SELECT_CPU_FALLBACK")), 60);
	row = spark(text, "max_runnable_age_ms");
	ck_assert_uint_eq(blocks(row), 60);
	/* sample 11 of 130 stands in column 5, and is not lost between its neighbours */
	ck_assert_int_ne(strncmp(row + 3 * 5, "▁", 3), 0);
	ck_assert_int_eq(strncmp(row + 3 * 4, "▁", 3), 0);
	ck_assert_int_eq(strncmp(row + 3 * 6, "▁", 3), 0);
	has(text, "(1 more is 0 throughout; constant: nr_running=7)");
	ck_assert_ptr_null(strstr(text, "SCX_EV_ENQ_SKIP_EXITING"));
	free(text);
	/* in a narrow terminal still shorter */
	text = render_document(&doc, TEXT, 80, false);
	ck_assert_uint_eq(blocks(spark(text, "max_runnable_age_ms")), 20);
	free(text);
	text = render_document(&doc, TEXT, 40, false);
	ck_assert_uint_eq(blocks(spark(text, "max_runnable_age_ms")), 16);
	free(text);
	late_host.host.timeline.nr_taken = 5000;
	text = render_document(&doc, TEXT, 120, false);
	has(text,
	    "\n  (5000 samples were taken, older ones are thinned out: columns to the left stand ");
	free(text);
	end();
}
END_TEST

START_TEST(a_pair_of_images_has_two_samples_and_no_more)
{
	char *text;

	live_pair();
	late.r.host = early.r.host = NULL;
	scxray_document_dual(&doc, &early.r, &late.r, NULL);
	text = render_document(&doc, JSON, 0, false);
	has(text, "\"event_counter_timeline_source\":\"two images\"");
	free(text);
	/* whose time apart is not known */
	late.r.guest.hz = (struct scxray_num){ 0 };
	text = render_document(&doc, JSON, 0, false);
	ck_assert_ptr_null(strstr(text, "\"event_counter_timeline\":"));
	free(text);
	late.r.guest.hz = N(250);
	/* or of two schedulers */
	late.scheds[0].sched_kva.value++;
	text = render_document(&doc, JSON, 0, false);
	ck_assert_ptr_null(strstr(text, "\"event_counter_timeline\":"));
	free(text);
	late.scheds[0].sched_kva.value--;
	late.r.guest.jiffies = early.r.guest.jiffies;
	text = render_document(&doc, JSON, 0, false);
	ck_assert_ptr_null(strstr(text, "\"event_counter_timeline\":"));
	free(text);
	end();
}
END_TEST

static const unit_test tests[] = {
	&sparklines_have_the_right_levels,
	&one_of_a_thing_is_no_plural_and_long_names_fit,
	&long_rows_are_resampled_and_keep_their_peaks,
	&a_pair_of_images_has_two_samples_and_no_more,
};

UNIT_MAIN("render_timeline", tests)
