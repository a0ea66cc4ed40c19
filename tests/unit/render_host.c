/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render_host.c - what the host knows in text and JSON, against golden files: timing, timeline,
 * counters, degraded documents; and how much of a document is asked for
 */
#include "tests/unit/host_document.h"

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

START_TEST(a_group_that_has_nothing_says_why_if_it_is_asked_for)
{
	static const struct {
		const char *group, *said;
	} nothing[] = {
		{ "sdt", "sdt_alloc: <unavailable: no arena map captured>\n" },
		{ "diff", "diff: <unavailable: there is one moment only: no early half>\n" },
		{ "locks", "  locks: 0 tasks in lock slow paths, 0 resilient spinlocks held\n" },
	};
	char *text;

	live_pair();
	scxray_document_single(&doc, &late.r);
	late.r.unavailable[SCXRAY_GROUP_SDTS] = "no arena map captured";
	for (size_t i = 0; i < ARRAY_SIZE(nothing); i++) {
		text = only(nothing[i].group, TEXT);
		has(text, nothing[i].said);
		free(text);
	}
	doc.only = NULL;
	text = render_with(&(struct scxray_text_options){ .width = 120 });
	for (size_t i = 0; i < ARRAY_SIZE(nothing); i++)
		ck_assert_ptr_null(strstr(text, nothing[i].said));
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

START_TEST(a_summary_is_a_screen)
{
	char *text;

	live_pair();
	scxray_document_dual(&doc, &early.r, &late.r, NULL);
	text = render_with(&(struct scxray_text_options){ .width = 400, .summary = true });
	has(text, "\ndiagnosis:\n");
	has(text, "\ncaptured: maps 2 (1 with an error), vcpu_regs 2 (registers of 1), "
		  "task_enrichments 8 (5 wait to run), ");
	has(text, "event_counter_timeline 130 (1000–7450ms), vcpu_perf_at_freeze 2\n");
	has(text, "\n  stuck0[101]: DSQ 0x57a11 #1/2, runnable for 9.208s");
	ck_assert_ptr_null(strstr(text, "late snapshot"));
	ck_assert_ptr_null(strstr(text, "diff:"));
	ck_assert_ptr_null(strstr(text, "Linux version"));
	free(text);
	/* what only the early half lacks is said of it, what both lack once */
	early.r.unavailable[SCXRAY_GROUP_TASKS] = "too early";
	early.r.unavailable[SCXRAY_GROUP_LOG] = late.r.unavailable[SCXRAY_GROUP_LOG] = "no log";
	text = render_with(&(struct scxray_text_options){ .width = 400, .summary = true });
	has(text, "\nearly task_enrichments: <unavailable: too early>\n");
	has(text, "\nkernel_log: <unavailable: no log>\n");
	ck_assert_ptr_null(strstr(text, "early kernel_log"));
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
	&only_what_is_asked_for_is_shown,
	&a_selection_is_a_list_and_maps_have_names,
	&a_group_that_has_nothing_says_why_if_it_is_asked_for,
	&an_unknown_group_is_an_error_that_lists_them,
	&a_summary_is_a_screen,
	&the_whole_has_rows_that_are_zero,
};

UNIT_MAIN("render_host", tests)
