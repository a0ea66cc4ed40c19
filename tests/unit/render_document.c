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

START_TEST(absent_groups_have_their_reason)
{
	struct scxray_report r = {
		.unavailable[SCXRAY_GROUP_VCPUS] = "no register notes",
		.unavailable[SCXRAY_GROUP_TASKS] = "task walker yielded zero tasks",
		.unavailable[SCXRAY_GROUP_SCHEDS] = "scx_root is NULL (no scheduler attached)",
		.unavailable[SCXRAY_GROUP_MAPS] = "map_idr not found",
		.unavailable[SCXRAY_GROUP_DSQS] = "no DSQs",
		.unavailable[SCXRAY_GROUP_RQS] = "no run queues",
	};
	struct scxray_document doc = { .late = &r };
	char *text = render_document(&doc, TEXT, 120, false);

	ck_assert_str_eq(
		text,
		"diagnosis:\n"
		"  cause    The state of sched_ext is not in the report: scx_root is NULL (no "
		"scheduler attached). An image has to be\n"
		"           taken while the scheduler is attached: at the error exit (scxray watch, or "
		"a breakpoint on scx_dump_state()).\n"
		"\n"
		"maps: <unavailable: map_idr not found>\n"
		"\n"
		"vcpu_regs: <unavailable: no register notes>\n"
		"\n"
		"task_enrichments: <unavailable: task walker yielded zero tasks>\n"
		"\n"
		"rq_scx_states: <unavailable: no run queues>\n"
		"\n"
		"dsq_states: <unavailable: no DSQs>\n"
		"\n"
		"scx_walker: <unavailable: scx_root is NULL (no scheduler attached)>\n");
	free(text);
	text = render_document(&doc, JSON, 0, false);
	ck_assert_ptr_nonnull(strstr(text, "\"scx_walker_unavailable\":\"scx_root is NULL (no "
					   "scheduler attached)\""));
	ck_assert_ptr_nonnull(strstr(text, "\"task_enrichments_unavailable\":"));
	free(text);
}
END_TEST

static void expect(const struct scxray_document *doc, bool summary, const char *want)
{
	struct scxray_text_options options = { .width = 400, .summary = summary };
	char *got = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&got, &len);

	ck_assert_int_eq(scxray_render_text(doc, &options, out), 0);
	fclose(out);
	ck_assert_msg(strstr(got, want), "no %s in:\n%s", want, got);
	free(got);
}

static void expect_member(const struct scxray_document *doc, const char *key, const char *value)
{
	char *got = render_document(doc, JSON, 0, false), want[120];

	snprintf(want, sizeof(want), "\"%s\":\"%s\"", key, value);
	ck_assert_msg(strstr(got, want), "no %s in:\n%s", want, got);
	free(got);
}

START_TEST(each_reason_is_in_text_summary_and_json)
{
	/* without an arena there are no allocations to miss */
	struct scxray_arena none = { 0 };
	struct scxray_map arena = { .active = true, .arena = &none };
	struct scxray_report r = { .maps = &arena, .nr_maps = 1 };
	struct scxray_document doc = { .late = &r };

	for (unsigned g = 0; g < SCXRAY_NR_GROUPS; g++) {
		const struct group_names *names = &group_names[g];

		ck_assert(names->text && (names->unavailable || names->cut));
		if (names->unavailable) {
			r.unavailable[g] = "of A";
			expect_member(&doc, names->unavailable, "of A");
			expect(&doc, false, names->text);
			expect(&doc, false, ": <unavailable: of A>");
			expect(&doc, true, names->text);
			expect(&doc, true, "<unavailable: of A>");
			r.unavailable[g] = NULL;
		}
		if (names->cut) {
			r.cut[g] = "of B";
			expect_member(&doc, names->cut, "of B");
			expect(&doc, false, names->text);
			expect(&doc, false, "of B");
			/* the summary counts; it has a cut where that left nothing to count */
			if (names->unavailable && g != SCXRAY_GROUP_MAPS)
				expect(&doc, true, "<unavailable: of B>");
			r.cut[g] = NULL;
		}
	}
}
END_TEST

START_TEST(colours_do_not_move_anything)
{
	struct sample late;
	struct scxray_document doc = { .late = &late.r };
	char *plain, *colored, *to;

	sample_init(&late);
	plain = render_document(&doc, TEXT, 120, false);
	colored = to = render_document(&doc, TEXT, 120, true);
	ck_assert_ptr_nonnull(strstr(colored, "\033["));
	for (char *from = colored; *from; from++) {
		if (*from == '\033')
			while (*from != 'm')
				from++;
		else
			*to++ = *from;
	}
	*to = '\0';
	ck_assert_str_eq(colored, plain);
	free(plain);
	free(colored);
	sample_deinit(&late);
}
END_TEST

START_TEST(no_guest_text_reaches_the_terminal_raw)
{
	struct sample late;
	struct scxray_document doc = { .late = &late.r };
	char *text;

	sample_init(&late);
	for (int format = TEXT; format <= JSON; format++) {
		text = render_document(&doc, format, 120, false);
		ck_assert_ptr_null(strchr(text, '\033'));
		ck_assert_ptr_null(strchr(text, 0xff));
		ck_assert_ptr_null(strchr(text, '\x01'));
		free(text);
	}
	sample_deinit(&late);
}
END_TEST

START_TEST(tables_keep_to_the_width)
{
	struct sample late;
	struct scxray_document doc = { .late = &late.r };
	static const unsigned widths[] = { 80, 100, 120, 160, 200 };

	sample_init(&late);
	/* what can't be read inside a cell is spelled out, however wide it gets */
	late.event_cpus[0][1] = N(1);
	for (size_t i = 0; i < ARRAY_SIZE(widths); i++) {
		char *text = render_document(&doc, TEXT, widths[i], false), *line = text;

		for (char *end; (end = strchr(line, '\n')); line = end + 1) {
			size_t columns = 0;

			for (char *c = line; c < end; c++)
				columns += (*c & 0xc0) != 0x80;
			/* the register line's form is given */
			if (strncmp(line, "  vcpu ", 7) != 0 && strncmp(line, "map ", 4) != 0)
				ck_assert_msg(columns <= widths[i], "%u: %.*s", widths[i],
					      (int)(end - line), line);
			ck_assert_msg(end == line || end[-1] != ' ', "blank at the end: %.*s|",
				      (int)(end - line), line);
		}
		free(text);
	}
	sample_deinit(&late);
}
END_TEST

START_TEST(a_stream_that_fails_is_an_error)
{
	struct sample late;
	struct scxray_document doc = { .late = &late.r };
	FILE *full = fopen("/dev/full", "w");

	sample_init(&late);
	errno = 0;
	ck_assert_int_eq(scxray_render_text(&doc, NULL, full), -1);
	ck_assert_int_eq(errno, ENOSPC);
	errno = 0;
	ck_assert_int_eq(scxray_render_json(&doc, full), -1);
	ck_assert_int_eq(errno, ENOSPC);
	fclose(full);
	sample_deinit(&late);
}
END_TEST

/* A stream that takes `left` writes and refuses the next. */
static ssize_t refuse(void *cookie, const char *bytes, size_t size)
{
	int *left = cookie;

	(void)bytes;
	if ((*left)-- > 0)
		return (ssize_t)size;
	errno = ENOSPC;
	return 0; /* what such a stream's write returns on an error */
}

START_TEST(a_stream_that_fails_half_way_is_an_error)
{
	enum {
		MANY = 4000
	};
	struct sample late;
	struct scxray_document doc = { .late = &late.r };
	struct scxray_task *many = calloc(MANY, sizeof(*many));

	sample_init(&late);
	for (int i = 0; i < MANY; i++)
		many[i] = late.tasks[STUCK0];
	late.r.tasks = many;
	late.r.nr_tasks = MANY;
	/* wherever it happens: within a value's walk, a table, a list */
	for (int writes = 0; writes < 5; writes++) {
		int left = writes;
		FILE *out = fopencookie(&left, "w", (cookie_io_functions_t){ .write = refuse });

		setvbuf(out, NULL, _IONBF, 0);
		errno = 0;
		ck_assert_int_eq(scxray_render_json(&doc, out), -1);
		ck_assert_int_eq(errno, ENOSPC);
		fclose(out);
	}
	free(many);
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
	&absent_groups_have_their_reason,
	&each_reason_is_in_text_summary_and_json,
	&colours_do_not_move_anything,
	&no_guest_text_reaches_the_terminal_raw,
	&tables_keep_to_the_width,
	&a_stream_that_fails_is_an_error,
	&a_stream_that_fails_half_way_is_an_error,
	&sub_schedulers_are_a_tree_whatever_their_pointers_say,
};

UNIT_MAIN("render_document", tests)
