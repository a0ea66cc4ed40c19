/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render_host.c - what the host knows in text and JSON, against golden files: timing, timeline,
 * counters, degraded documents; and how much of a document is asked for
 */
#include "tests/render/golden.h"
#include "tests/render/host_sample.h"
#include "tests/lib/unit.h"

static struct sample late, early;
static struct host_sample late_host, early_host;
static struct scxray_document doc;

/* A pair that a plugin has taken. */
static void live_pair(void)
{
	sample_init(&late);
	sample_init(&early);
	sample_make_early(&early);
	host_sample_init(&late_host, HOST_SAMPLES);
	host_sample_init(&early_host, 12);
	host_sample_make_early(&early_host);
	host_sample_give(&late.r, &late_host);
	host_sample_give(&early.r, &early_host);
}

static void end(void)
{
	sample_deinit(&late);
	sample_deinit(&early);
}

static const char *has(const char *text, const char *part)
{
	const char *at = strstr(text, part);

	ck_assert_msg(at, "no %s in:\n%.3000s", part, text);
	return at;
}

static char *render_with(const struct scxray_text_options *options)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	ck_assert_int_eq(scxray_render_text(&doc, options, out), 0);
	fclose(out);
	return text;
}

START_TEST(a_pair_with_all_that_a_host_knows)
{
	live_pair();
	late_host.host.timing.cut_by_deadline = true;
	host_sample_give(&late.r, &late_host);
	scxray_document_dual(&doc, &early.r, &late.r, NULL);
	/* the oldest tasks that the reports show; the hosts' looks counted the watchdog's own age */
	ck_assert_uint_eq(doc.early_max_age_jiffies, 1002);
	ck_assert_uint_eq(doc.late_max_age_jiffies, 2302);
	early_host.host.threshold_jiffies = 998;
	scxray_document_dual(&doc, &early.r, &late.r, NULL);
	ck_assert_uint_eq(doc.early_threshold_jiffies, 998);
	doc.early_decode_us = 31000;
	doc.late_decode_us = 33500;
	check_golden(&doc, TEXT, 120, false, "dual-live.txt");
	doc.text_write_us = 2750;
	check_golden(&doc, JSON, 0, false, "dual-live.json");
	end();
}
END_TEST

START_TEST(a_degraded_document)
{
	live_pair();
	host_sample_make_degraded(&late_host);
	late_host.host.has_timing = false;
	late_host.host.timeline.nr_samples = 5;
	scxray_document_single(&doc, &late.r);
	check_golden(&doc, TEXT, 120, false, "degraded.txt");
	check_golden(&doc, JSON, 0, false, "degraded.json");
	end();
}
END_TEST

START_TEST(a_degraded_document_in_its_least_form)
{
	struct scxray_report r = { 0 };
	struct scxray_host host = { .is_degraded = true };
	char *text;

	host.degraded.reason = "vCPU rendezvous aborted by external kill before parked "
			       "acknowledgement: 12ms; 0/4 vCPUs parked";
	r.host = &host;
	scxray_document_single(&doc, &r);
	text = render_document(&doc, TEXT, 120, false);
	ck_assert_int_eq(strncmp(text,
				 "degraded failure dump:\n"
				 "  reason: vCPU rendezvous aborted by external kill before parked "
				 "acknowledgement: 12ms; 0/4 vCPUs parked\n"
				 "  watchpoint_hit: false\n"
				 "  bss_latch_state: not_resolved\n"
				 "\n"
				 "diagnosis:\n"
				 "  caveat   Some vCPUs did not park",
				 strlen("degraded failure dump:\n") + 190),
			 0);
	ck_assert_ptr_null(strstr(text, "vcpus_parked"));
	ck_assert_ptr_null(strstr(text, "exit_kind"));
	ck_assert_ptr_null(strstr(text, "elapsed_ms"));
	free(text);
	/* registers, and no kernel: all groups have their reason */
	sample_init(&late);
	r.vcpus = late.vcpus;
	r.nr_vcpus = 2;
	r.unavailable[SCXRAY_GROUP_MAPS] = r.unavailable[SCXRAY_GROUP_SCHEDS] =
		"no kernel was found: no VMCOREINFO";
	check_golden(&doc, JSON, 0, false, "degraded-least.json");
	text = render_document(&doc, TEXT, 120, false);
	has(text, "\n    vcpu 0: parked, ip=0xffffffff81000010 ");
	has(text, "\nscx_walker: <unavailable: no kernel was found: no VMCOREINFO>\n");
	free(text);
	sample_deinit(&late);
}
END_TEST

START_TEST(a_vcpu_that_never_started)
{
	char *text;

	sample_init(&late);
	late.vcpus[1].parked = true;
	late.vcpus[1].regs.known = 1ULL << SCXRAY_REG_RIP;
	late.vcpus[1].regs.value[SCXRAY_REG_RIP] = 0x200;
	late.vcpus[1].never_started = (struct scxray_num){ .value = 1, .state = SCXRAY_PRESENT };
	late.r.vcpus = late.vcpus;
	late.r.nr_vcpus = 2;
	scxray_document_single(&doc, &late.r);
	text = render_document(&doc, TEXT, 120, false);
	has(text, " ptroot=<unknown>\n    never started (its paging is off)\n");
	free(text);
	text = render_document(&doc, JSON, 0, false);
	has(text, "\"user_mode\":false,\"never_started\":true");
	free(text);
	sample_deinit(&late);
}
END_TEST

START_TEST(a_capture_that_its_budget_cut)
{
	char *text;

	live_pair();
	late_host.host.timing.cut_by_budget = true;
	late.r.maps_truncated = 2;
	scxray_document_dual(&doc, &early.r, &late.r, NULL);
	text = render_document(&doc, TEXT, 200, false);
	has(text,
	    "  caveat   The late capture was cut when as much was copied as it may copy; what");
	has(text, "\ndump truncated: no room for more (2 map(s) skipped)\n");
	free(text);
	text = render_document(&doc, JSON, 0, false);
	has(text, "\"evidence\":[\"timing.late.cut_by_budget\"]");
	has(text, "\"maps_truncated\":2");
	ck_assert_ptr_null(strstr(text, "dump_truncated_at_us"));
	free(text);
	end();
}
END_TEST

START_TEST(a_pair_whose_late_half_is_racy)
{
	char *text;

	live_pair();
	host_sample_make_degraded(&late_host);
	scxray_document_dual(&doc, &early.r, &late.r, NULL);
	text = render_document(&doc, TEXT, 200, false);
	has(text, "\ndiagnosis:\n  caveat   Late: vCPU 1 did not park within 5000ms (1 of 2 did)");
	has(text, "\n  cause    Racy: ");
	has(text, "\nlate snapshot (error-exit):\n  (racy: vCPU rendezvous timed out before parked "
		  "acknowledgement: 5000ms; 1/2 vCPUs parked; ");
	ck_assert_int_eq(strncmp(text, "DualFailureDumpReport: early=present (max_age=1002j", 51),
			 0);
	free(text);
	text = render_document(&doc, JSON, 0, false);
	has(text, "\"schema\":\"dual\"");
	has(text, "\"racy_reason\":\"vCPU rendezvous");
	end();
	free(text);
}
END_TEST

START_TEST(a_late_core_says_why_there_is_no_early_half)
{
	char *text;

	live_pair();
	late_host.host.early_skipped_reason = "scx_tick stall — no per-task runnable_at data";
	scxray_document_single(&doc, &late.r);
	ck_assert(doc.dual);
	text = render_document(&doc, TEXT, 120, false);
	has(text, "early=absent (scx_tick stall — no per-task runnable_at data)");
	has(text, "late snapshot (error-exit; early snapshot absent: scx_tick stall — no");
	free(text);
	/* of a scheduler that runs nobody may say that it has exited */
	late.scheds[0].exit_kind = N(0);
	late.scheds[0].exit_info.kind = N(0);
	text = render_document(&doc, TEXT, 120, false);
	has(text, "late snapshot (on demand; early snapshot absent: scx_tick stall — no");
	free(text);
	/* and without a reason it is a report like any other */
	late_host.host.early_skipped_reason = NULL;
	scxray_document_single(&doc, &late.r);
	ck_assert(!doc.dual);
	end();
}
END_TEST

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
	has(text, "event_counter_timeline: 1 sample (0–0ms)\n");
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

/* ---- how much is asked for ------------------------------------------------------ */

static struct scxray_error err;

static char *only(const char *list, enum format format)
{
	static struct scxray_selection selection;

	memset(&selection, 0, sizeof(selection));
	ck_assert_msg(!scxray_selection_add(&selection, list, &err), "%s", err.text);
	doc.only = &selection;
	return render_document(&doc, format, 120, false);
}

/* What begins the groups of a text, by their names. */
static const struct {
	const char *group, *text, *json;
} marks[] = {
	{ "diagnosis", "diagnosis:\n", "\"diagnosis\":" },
	{ "timing", "timing: ", "\"timing\":" },
	{ "guest", "guest: ", NULL },
	{ "maps", "map task_ctx ", "\"maps\":" },
	{ "vcpus", "vcpu_regs:\n", "\"vcpu_regs\":" },
	{ "tasks", "task_enrichments: ", "\"task_enrichments\":" },
	{ "sched", "  sched stall", "\"scx_sched_state\":" },
	{ "rqs", "  rq_scx_states:\n", "\"rq_scx_states\":" },
	{ "dsqs", "  dsq_states:\n", "\"dsq_states\":" },
	{ "timeline", "event_counter_timeline: ", "\"event_counter_timeline\":" },
	{ "perf", "vcpu_perf_at_freeze:", "\"vcpu_perf_at_freeze\":" },
};

START_TEST(only_what_is_asked_for_is_shown)
{
	live_pair();
	scxray_document_single(&doc, &late.r);
	for (size_t i = 0; i < ARRAY_SIZE(marks); i++) {
		char *text = only(marks[i].group, TEXT), *json = only(marks[i].group, JSON);

		for (size_t k = 0; k < ARRAY_SIZE(marks); k++) {
			ck_assert_msg(!strstr(text, marks[k].text) == (k != i), "%s: %s: %s",
				      marks[i].group, marks[k].group, text);
			if (marks[k].json)
				ck_assert_msg(!strstr(json, marks[k].json) == (k != i), "%s: %s",
					      marks[i].group, marks[k].group);
		}
		free(text);
		free(json);
	}
	end();
}
END_TEST

START_TEST(a_selection_is_a_list_and_maps_have_names)
{
	char *text;

	live_pair();
	scxray_document_dual(&doc, &early.r, &late.r, NULL);
	text = only("dsqs,maps=fut*,diff", TEXT);
	ck_assert_int_eq(strncmp(text, "DualFailureDumpReport: ", 23), 0);
	has(text, "\ndiff: early against late");
	has(text, "half-way):\nmaps as in the late snapshot: future\n");
	has(text, "\nlate snapshot (error-exit):\nmap future ");
	has(text, "  dsq_states:\n");
	ck_assert_ptr_null(strstr(text, "map task_ctx"));
	ck_assert_ptr_null(strstr(text, "task_enrichments"));
	free(text);
	/* no part of a report: no frame of one */
	text = only("diagnosis", TEXT);
	ck_assert_ptr_null(strstr(text, "snapshot (error-exit"));
	free(text);
	text = only("maps=task_ctx", JSON);
	has(text, "\"only\":");
	has(text, "\"only_maps\":");
	has(text, "\"name\":\"task_ctx\"");
	ck_assert_ptr_null(strstr(text, "\"name\":\"future\""));
	ck_assert_ptr_null(strstr(text, "\"diff\":"));
	free(text);
	end();
}
END_TEST

START_TEST(an_unknown_group_is_an_error_that_lists_them)
{
	struct scxray_selection selection = { 0 };
	static const char *const wrong[] = { "",      "task",  "tasks,", "tasks,,dsqs",
					     "map=x", "maps=", "tasks=", "log=x" };

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		ck_assert_msg(scxray_selection_add(&selection, wrong[i], &err) == -1, "%s",
			      wrong[i]);
	ck_assert_int_eq(scxray_selection_add(&selection, "nonsense", &err), -1);
	for (size_t i = 0; scxray_selection_name(i); i++) {
		has(err.text, scxray_selection_name(i));
		ck_assert_int_eq(scxray_selection_add(&selection, scxray_selection_name(i), &err),
				 0);
	}
	for (int i = 0; i < SCXRAY_MAX_SELECTED_NAMES; i++)
		ck_assert_int_eq(scxray_selection_add(&selection, "maps=a", &err), 0);
	ck_assert_int_eq(scxray_selection_add(&selection, "maps=a", &err), -1);
}
END_TEST

START_TEST(a_summary_has_counts_alone)
{
	char *text;

	live_pair();
	scxray_document_dual(&doc, &early.r, &late.r, NULL);
	text = render_with(&(struct scxray_text_options){ .width = 100, .summary = true });
	has(text, "\ndiagnosis:\n");
	has(text, "\nlate snapshot (error-exit):\n"
		  "maps: 2 captured, 1 with an error\n"
		  "vcpu_regs: 2 vCPUs, registers of 1\n"
		  "task_enrichments: 8 tasks captured, 5 wait to run\n"
		  "scx_walker: rq_scx=2 dsq=5 sched=captured\n"
		  "event_counter_timeline: 130 samples (1000–7450ms)\n"
		  "vcpu_perf_at_freeze: 2 vCPUs\n");
	ck_assert_ptr_null(strstr(text, "diff:"));
	ck_assert_ptr_null(strstr(text, "Linux version"));
	free(text);
	end();
}
END_TEST

START_TEST(the_whole_has_rows_that_are_zero)
{
	char *text;

	live_pair();
	scxray_document_single(&doc, &late.r);
	text = render_with(&(struct scxray_text_options){ .width = 120, .full = true });
	has(text, "SCX_EV_ENQ_SKIP_EXITING  ▁▁▁");
	has(text, "\n      SCX_EV_SELECT_CPU_FALLBACK         0");
	/* built-in queues that are empty have rows as well */
	has(text, "\n    SCX_DSQ_GLOBAL ");
	ck_assert_ptr_null(strstr(text, "    empty: "));
	free(text);
	text = render_with(&(struct scxray_text_options){ .width = 120 });
	ck_assert_ptr_null(strstr(text, "\n      SCX_EV_SELECT_CPU_FALLBACK         0"));
	has(text, "    empty: ");
	free(text);
	end();
}
END_TEST

static const unit_test tests[] = {
	&a_pair_with_all_that_a_host_knows,
	&a_degraded_document,
	&a_degraded_document_in_its_least_form,
	&a_vcpu_that_never_started,
	&a_capture_that_its_budget_cut,
	&a_pair_whose_late_half_is_racy,
	&a_late_core_says_why_there_is_no_early_half,
	&sparklines_have_the_right_levels,
	&one_of_a_thing_is_no_plural_and_long_names_fit,
	&long_rows_are_resampled_and_keep_their_peaks,
	&a_pair_of_images_has_two_samples_and_no_more,
	&only_what_is_asked_for_is_shown,
	&a_selection_is_a_list_and_maps_have_names,
	&an_unknown_group_is_an_error_that_lists_them,
	&a_summary_has_counts_alone,
	&the_whole_has_rows_that_are_zero,
};

UNIT_MAIN("render_host", tests)
