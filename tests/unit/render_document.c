/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render_document.c - whole documents against golden files, and what must hold
 * for all of them
 *
 * RENDER_GOLDEN=write writes the golden files anew; read them before you commit.
 */
#include <errno.h>

#include <scxray/report_struct.h>

#include "render/out/reasons.h"
#include "tests/render/golden.h"
#include "tests/render/sample.h"
#include "tests/lib/unit.h"

START_TEST(a_single_report)
{
	struct sample late;
	struct scxray_document doc = { .late = &late.r, .trigger = "image file" };

	sample_init(&late);
	check_golden(&doc, TEXT, 120, false, "single.txt");
	check_golden(&doc, TEXT, 80, false, "single-80.txt");
	check_golden(&doc, TEXT, 200, false, "single-200.txt");
	check_golden(&doc, TEXT, 120, true, "single-color.txt");
	check_golden(&doc, JSON, 0, false, "single.json");
	sample_deinit(&late);
}
END_TEST

START_TEST(a_dual_report)
{
	struct sample late, early;
	struct scxray_document doc;

	sample_init(&late);
	sample_init(&early);
	sample_make_early(&early);
	scxray_document_dual(&doc, &early.r, &late.r, NULL);
	doc.trigger = "image file";
	ck_assert_int_eq(doc.early_max_age_jiffies, 1002);
	ck_assert_int_eq(doc.late_max_age_jiffies, 2302);
	ck_assert_int_eq(doc.early_threshold_jiffies, 1000);
	check_golden(&doc, TEXT, 120, false, "dual.txt");
	check_golden(&doc, JSON, 0, false, "dual.json");
	sample_deinit(&late);
	sample_deinit(&early);
}
END_TEST

START_TEST(the_threshold_is_half_the_shortest_timeout)
{
	struct sample late;
	struct scxray_document doc;

	sample_init(&late);
	late.scheds[1].watchdog_timeout = N(500);
	scxray_document_dual(&doc, NULL, &late.r, "why");
	ck_assert_int_eq(doc.early_threshold_jiffies, 250);
	late.r.nr_scheds = 1;
	scxray_document_dual(&doc, NULL, &late.r, "why");
	ck_assert_int_eq(doc.early_threshold_jiffies, 1000);
	/* from ops.timeout_ms and HZ where the kernel keeps no jiffies */
	late.scheds[0].watchdog_timeout = (struct scxray_num){ 0 };
	late.scheds[0].timeout_ms = N(4000);
	scxray_document_dual(&doc, NULL, &late.r, "why");
	ck_assert_int_eq(doc.early_threshold_jiffies, 500);
	/* a garbage age does not count */
	late.tasks[STUCK0].runnable_age_jiffies = N(1ULL << 40);
	late.tasks[STUCK1].runnable_age_jiffies = N(-5);
	scxray_document_dual(&doc, NULL, &late.r, "why");
	ck_assert_int_eq(doc.late_max_age_jiffies, 2290);
	sample_deinit(&late);
}
END_TEST

static void starts(const char *text, const char *with)
{
	ck_assert_msg(!strncmp(text, with, strlen(with)), "%.400s", text);
}

START_TEST(the_header_says_what_the_halves_are)
{
	struct sample late, early;
	struct scxray_document doc;
	char *text;

	sample_init(&late);
	sample_init(&early);
	sample_make_early(&early);
	/* nobody is past half-way, the watchdog's own age made somebody take it */
	for (size_t i = 0; i < early.r.nr_tasks; i++)
		early.tasks[i].runnable_age_jiffies = N(i == STUCK1 ? 90 : 3);
	early.scheds[0].watchdog_age_jiffies = N(1500);
	scxray_document_dual(&doc, &early.r, &late.r, NULL);
	text = render_document(&doc, TEXT, 120, false);
	starts(text,
	       "DualFailureDumpReport: early=present (max_age=90j, threshold=1000j), late=(2 maps, 2 "
	       "vcpu_regs)\n"
	       "  early  stuck1[102] runnable for 360ms of the 8.000s timeout, before half-way "
	       "(4.000s); the watchdog itself last ran\n"
	       "         6.000s before\n"
	       "  late   error-exit, 5.200s later: stuck0[101] stalled 9.208s of the 8.000s "
	       "timeout\n");
	free(text);
	/* that it ran a moment ago explains nothing */
	early.scheds[0].watchdog_age_jiffies = N(7);
	text = render_document(&doc, TEXT, 120, false);
	ck_assert_ptr_null(strstr(text, "the watchdog itself last ran"));
	free(text);
	sample_deinit(&late);
	sample_deinit(&early);
}
END_TEST

START_TEST(a_dual_report_without_early)
{
	struct sample late;
	struct scxray_document doc;
	char *text;

	sample_init(&late);
	scxray_document_dual(&doc, NULL, &late.r,
			     "max_age never crossed threshold (peak=3j, threshold=1000j)");
	check_golden(&doc, JSON, 0, false, "dual-absent.json");
	text = render_document(&doc, TEXT, 120, false);
	starts(text, "DualFailureDumpReport: early=absent (max_age never crossed "
		     "threshold (peak=3j, threshold=1000j)), late=(2 maps, 2 vcpu_regs)\n"
		     "  late   error-exit: stuck0[101] stalled 9.208s of the 8.000s timeout\n\n");
	ck_assert_ptr_nonnull(
		strstr(text, "\n\nlate snapshot (error-exit; early snapshot absent: max_age "
			     "never crossed threshold (peak=3j, threshold=1000j)):\nmap "));
	ck_assert_ptr_null(strstr(text, "early snapshot (sched_ext"));
	free(text);
	sample_deinit(&late);
}
END_TEST

START_TEST(a_dual_report_whose_jiffies_are_not_known)
{
	struct scxray_report empty = { 0 };
	struct scxray_document doc;
	char *text;

	scxray_document_dual(&doc, &empty, &empty, NULL);
	text = render_document(&doc, TEXT, 120, false);
	ck_assert_str_eq(text, "DualFailureDumpReport: early=present (jiffies not captured), "
			       "late=(0 maps, 0 vcpu_regs)\n"
			       "\n"
			       "diff: early against late\n"
			       "  tasks: 0 changed, 0 unchanged\n"
			       "  dsqs: 0 changed, 0 unchanged\n"
			       "  cpus: 0 changed, 0 unchanged\n"
			       "  event_counters: 0 changed, 0 unchanged\n"
			       "  maps: 0 changed, 0 unchanged\n"
			       "\n"
			       "early snapshot (sched_ext watchdog half-way):\n"
			       "(empty failure dump)\n"
			       "\n"
			       "late snapshot (error-exit):\n"
			       "(empty failure dump)\n");
	free(text);
}
END_TEST

START_TEST(an_empty_report_says_so)
{
	struct scxray_report empty = { 0 };
	struct scxray_document doc = { .late = &empty };
	char *text = render_document(&doc, TEXT, 120, false);

	ck_assert_str_eq(text, "(empty failure dump)\n");
	free(text);
	text = render_document(&doc, JSON, 0, false);
	hide_version(text);
	/* maps are always there */
	ck_assert_ptr_nonnull(strstr(text, "\"maps\":[]"));
	ck_assert_ptr_null(strstr(text, "task_enrichments"));
	free(text);
}
END_TEST

START_TEST(a_report_with_one_group_is_not_empty)
{
	struct sample late;
	struct scxray_report only[6] = { { 0 } };

	sample_init(&late);
	only[0].rqs = late.rqs;
	only[0].nr_rqs = 1;
	only[1].dsqs = late.dsqs;
	only[1].nr_dsqs = 1;
	only[2].tasks = late.tasks;
	only[2].nr_tasks = 1;
	only[3].scheds = late.scheds;
	only[3].nr_scheds = 1;
	only[4].vcpus = late.vcpus;
	only[4].nr_vcpus = 1;
	only[5].maps = late.maps;
	only[5].nr_maps = 1;
	for (int i = 0; i < 6; i++) {
		struct scxray_document doc = { .late = &only[i] };
		char *text = render_document(&doc, TEXT, 120, false);

		ck_assert_ptr_null(strstr(text, "(empty failure dump)"));
		free(text);
	}
	sample_deinit(&late);
}
END_TEST

START_TEST(tasks_stand_in_the_order_of_their_age)
{
	struct sample late;
	struct scxray_document doc = { .late = &late.r };
	const char *at[4];
	char *text, *table;

	sample_init(&late);
	/* runnable_at may lie ahead: still a task that waits, before those that don't */
	late.tasks[VT1].runnable_age_jiffies = N(-3);
	late.tasks[VT1].runnable_age_ms = N(-12);
	late.tasks[HELD].runnable_age_jiffies = N(2400);
	text = render_document(&doc, TEXT, 120, false);
	table = strstr(text, "task_enrichments:");
	at[0] = strstr(table, "held[103]");
	at[1] = strstr(table, "stuck0[101]");
	at[2] = strstr(table, "vt1[105]");
	at[3] = strstr(table, "hog[106]");
	for (int i = 0; i < 3; i++)
		ck_assert(at[i] && at[i + 1] && at[i] < at[i + 1]);
	ck_assert_ptr_nonnull(strstr(table, " -12ms  vt1[105]"));
	free(text);
	sample_deinit(&late);
}
END_TEST

START_TEST(sub_schedulers_are_a_tree_whatever_their_pointers_say)
{
	enum {
		MANY = 200
	};
	struct scxray_sched scheds[MANY] = { { .is_root = true, .name = T("root") } };
	struct scxray_report r = { .scheds = scheds, .nr_scheds = MANY };
	struct scxray_document doc = { .late = &r };
	char *json;
	size_t names = 0;

	/* a chain 200 deep, a node that is its own parent, one whose parent comes later */
	for (int i = 0; i < MANY; i++) {
		scheds[i].sched_kva = N(KVA(i));
		scheds[i].parent_kva = i ? N(KVA(i - 1)) : (struct scxray_num){ 0 };
		scheds[i].name = T("s");
	}
	scheds[5].parent_kva = N(KVA(5));
	scheds[7].parent_kva = N(KVA(9));
	json = render_document(&doc, JSON, 0, false);
	for (char *at = json; (at = strstr(at, "\"name\":\"s\"")); at++)
		names++;
	ck_assert_uint_eq(names, MANY);
	free(json);
	json = render_document(&doc, TEXT, 80, false);
	free(json);
}
END_TEST

static const unit_test tests[] = {
	&a_single_report,
	&a_dual_report,
	&the_threshold_is_half_the_shortest_timeout,
	&the_header_says_what_the_halves_are,
	&a_dual_report_without_early,
	&a_dual_report_whose_jiffies_are_not_known,
	&an_empty_report_says_so,
	&a_report_with_one_group_is_not_empty,
	&tasks_stand_in_the_order_of_their_age,
	&sub_schedulers_are_a_tree_whatever_their_pointers_say,
};

UNIT_MAIN("render_document", tests)
