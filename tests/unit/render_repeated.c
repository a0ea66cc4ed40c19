/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render_repeated.c - the early half names what it has in common with the late one, and
 * the differences show what is not as usual; what says nothing is only counted
 */
#include <scxray/log.h>
#include <scxray/prog.h>
#include <scxray/sched.h>
#include <scxray/system.h>

#include "tests/lib/unit.h"
#include "tests/render/golden.h"
#include "tests/render/sample.h"

struct pair {
	struct sample early, late;
	struct scxray_document doc;
};

static void pair_init(struct pair *p)
{
	sample_init(&p->early);
	sample_init(&p->late);
	scxray_document_dual(&p->doc, &p->early.r, &p->late.r, NULL);
}

static void pair_deinit(struct pair *p)
{
	sample_deinit(&p->early);
	sample_deinit(&p->late);
}

/* A part of the text, on the heap. */
static char *part(const struct pair *p, bool full, const char *from, const char *to)
{
	struct scxray_text_options options = { .width = 120, .full = full };
	char *text = NULL, *start, *end, *half;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	ck_assert_int_eq(scxray_render_text(&p->doc, &options, out), 0);
	fclose(out);
	start = strstr(text, from);
	end = strstr(text, to);
	ck_assert(start && end && start < end);
	half = strndup(start, (size_t)(end - start));
	free(text);
	return half;
}

static void ck_has(char *text, const char *has, const char *has_not)
{
	ck_assert_msg(!has || strstr(text, has), "'%s' is missing in:\n%s", has, text);
	ck_assert_msg(!has_not || !strstr(text, has_not), "'%s' is in:\n%s", has_not, text);
	free(text);
}

static void ck_early(const struct pair *p, bool full, const char *has, const char *has_not)
{
	ck_has(part(p, full, "early snapshot (", "late snapshot (error-exit"), has, has_not);
}

static void ck_diff(const struct pair *p, bool full, const char *has, const char *has_not)
{
	ck_has(part(p, full, "\ndiff: ", "\nearly snapshot ("), has, has_not);
}

START_TEST(equal_sections_are_one_line)
{
	struct pair p;

	pair_init(&p);
	ck_early(&p, false, "\nas in the late snapshot: vcpu_regs\n", "vcpu 0:");
	ck_early(&p, false, "\nmaps as in the late snapshot: ", "map arr");
	ck_early(&p, false, NULL, "prog_runtime_stats"); /* neither half has any */
	ck_early(&p, true, "\n  vcpu 0: ip=", "as in the late snapshot");
	pair_deinit(&p);
}
END_TEST

START_TEST(a_section_that_differs_is_printed)
{
	struct pair p;

	pair_init(&p);
	p.late.vcpus[0].parked = false;
	ck_early(&p, false, "\nvcpu_regs:\n  vcpu 0: ip=", "snapshot: vcpu_regs");
	pair_deinit(&p);
}
END_TEST

START_TEST(a_map_that_differs_is_printed)
{
	struct pair p;
	char line[64];

	pair_init(&p);
	snprintf(line, sizeof(line), "\nmap %s (", p.early.maps[0].name.bytes);
	ck_early(&p, false, NULL, line + 1);
	p.late.maps[0].max_entries.value++;
	ck_early(&p, false, line, NULL);
	/* the same name, but another map: that it reads the same says nothing */
	p.late.maps[0].max_entries.value--;
	p.late.maps[0].map_kva++;
	ck_early(&p, false, line, NULL);
	pair_deinit(&p);
}
END_TEST

START_TEST(equal_stacks_are_counted)
{
	static struct scxray_address early_frames[] = { { N(0xffffffff81000010), "f+0x1", NULL } };
	static struct scxray_address late_frames[] = { { N(0xffffffff81000010), "f+0x1", NULL } };
	struct pair p;

	pair_init(&p);
	for (int i = 0; i < 2; i++) {
		p.early.tasks[STUCK0 + i].kernel_stack =
			(struct scxray_stack_trace){ early_frames, 1, "end of the stack", true };
		p.late.tasks[STUCK0 + i].kernel_stack =
			(struct scxray_stack_trace){ late_frames, 1, "end of the stack", true };
	}
	ck_early(&p, false, "\n  kernel stacks of 2 tasks: as in the late snapshot\n", "stack: f");
	ck_early(&p, true, "stack: f+0x1\n", "as in the late");
	p.late.tasks[STUCK1].kernel_stack.nr = 0;
	ck_early(&p, false, "\n  kernel stacks of 1 task: as in the late snapshot\n", NULL);
	ck_early(&p, false, "    1 task: stuck1[102]\n      stack: f+0x1\n", "task: stuck0");
	pair_deinit(&p);
}
END_TEST

static void ck_late(const struct pair *p, bool full, const char *has, const char *has_not)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	ck_assert_int_eq(
		scxray_render_text(
			&p->doc, &(struct scxray_text_options){ .width = 120, .full = full }, out),
		0);
	fclose(out);
	ck_has(text, has, has_not);
}

START_TEST(sleeping_kernel_threads_are_counted)
{
	static struct scxray_address frames[] = { { N(0xffffffff81000010), "kthread_sleeps",
						    NULL } };
	struct pair p;
	struct scxray_task *task;

	pair_init(&p);
	task = &p.late.tasks[SLEEPER];
	task->flags = N(0x00200000);
	task->kernel_stack = (struct scxray_stack_trace){ frames, 1, "end of the stack", true };
	ck_late(&p, false, "\n  (kernel stacks of 1 sleeping kernel thread: with --full only)\n",
		"kthread_sleeps");
	ck_late(&p, false, "\n  1 not runnable, kernel thread: 1 ext\n",
		"sleeper[108]\n\nscx_walker");
	ck_late(&p, true, "stack: kthread_sleeps", NULL);
	/* uninterruptible: it waits for something */
	task->state_letter = 'D';
	ck_late(&p, false, "stack: kthread_sleeps", "sleeping kernel thread");
	pair_deinit(&p);
}
END_TEST

START_TEST(programs_without_counts_are_named)
{
	struct scxray_prog progs[2] = {
		{ .name = T("one"), .cnt = N(0), .nsecs = N(0), .misses = N(0) },
		{ .name = T("two"), .cnt = N(0), .nsecs = N(0), .misses = N(3) },
	};
	struct pair p;

	pair_init(&p);
	p.late.r.progs = progs;
	p.late.r.nr_progs = 2;
	p.late.r.bpf_stats_enabled = N(0);
	ck_late(&p, false,
		"\n  two: cnt=0 nsecs=0 misses=3\n  not counted, and never missed: one\n",
		"one: cnt");
	ck_late(&p, true, "  one: cnt=0", "never missed");
	/* counted, and 0 */
	p.late.r.bpf_stats_enabled = N(1);
	ck_late(&p, false, "  one: cnt=0", "never missed");
	pair_deinit(&p);
}
END_TEST

START_TEST(the_log_begins_with_what_is_about_the_scheduler)
{
	struct scxray_log_record log[12];
	struct pair p;

	pair_init(&p);
	for (int i = 0; i < 12; i++)
		log[i] = (struct scxray_log_record){ .seq = N(i),
						     .ts_ns = N(i * 1000000000ULL),
						     .level = N(6),
						     .text = T("chatter") };
	log[0].text = (struct scxray_text)T("sched_ext: enabled");
	log[1].level = N(4);
	p.late.r.log = log;
	p.late.r.nr_log = 12;
	ck_late(&p, false,
		"12 records captured; sched_ext, BPF and warnings first\n"
		"  [    0.000000] <6> sched_ext: enabled\n"
		"  [    1.000000] <4> chatter\n"
		"  [    4.000000] <6> chatter\n",
		"[    3.000000]");
	ck_late(&p, false, "  (2 more: with --full only)\n", NULL);
	ck_late(&p, true, "  [    3.000000] <6> chatter\n", "warnings first");
	pair_deinit(&p);
}
END_TEST

START_TEST(what_is_as_usual_is_counted)
{
	struct pair p;

	pair_init(&p);
	sample_make_early(&p.early);
	scxray_document_dual(&p.doc, &p.early.r, &p.late.r, NULL);
	p.early.tasks[VT0].pcount = N(3);
	p.late.tasks[VT0].pcount = N(4);
	p.early.tasks[VT1].pcount = p.late.tasks[VT1].pcount = N(4);
	ck_diff(&p, false,
		"  tasks: 2 changed (1 ran in between), 6 unchanged; 2 as usual, with --full only\n",
		"vt0[104]");
	ck_diff(&p, false, "  dsqs: 1 changed, 4 unchanged; 1 as usual, with --full only\n",
		"0x200");
	ck_diff(&p, false, "  cpus: 2 changed, 0 unchanged; 2 as usual, with --full only\n",
		"kick_sync");
	ck_diff(&p, true, "\n    vt0[104]: runnable_at_jiffies ", "as usual");
	ck_diff(&p, true, "\n    cpu 0: kick_sync ", "ran in between)");
	pair_deinit(&p);
}
END_TEST

START_TEST(what_is_odd_or_stalled_or_named_is_shown)
{
	struct pair p;

	pair_init(&p);
	sample_make_early(&p.early);
	scxray_document_dual(&p.doc, &p.early.r, &p.late.r, NULL);
	p.early.tasks[VT0].weight = N(100);
	p.late.tasks[VT0].weight = N(1);
	p.early.tasks[STUCK0].cpu = N(1);
	p.late.tasks[STUCK0].cpu = N(0);
	ck_diff(&p, false, "  tasks: 3 changed, 5 unchanged; 1 as usual, with --full only\n",
		"vt1[105]: ");
	ck_diff(&p, false,
		"\n    vt0[104]: dsq_vtime 103000 → 104000 (+1000, 192/s), weight 100 → 1 (-99)\n",
		NULL);
	ck_diff(&p, false, "\n    stuck0[101]: cpu 1 → 0\n", NULL);
	/* the cause names this queue */
	p.early.dsqs[3].seq = N(1);
	ck_diff(&p, false, "\n    DSQ 0x57a11: seq 1 → ", "DSQ 0x200");
	pair_deinit(&p);
}
END_TEST

START_TEST(times_are_compared_in_the_late_half)
{
	struct scxray_cpu_time early = { .cpu = 1, .user = N(1000), .idle = N(7000) };
	struct scxray_cpu_time late = { .cpu = 1, .user = N(3000), .idle = N(6000) };
	struct pair p;

	pair_init(&p);
	p.early.r.cpu_times = &early;
	p.late.r.cpu_times = &late;
	p.early.r.nr_cpu_times = p.late.r.nr_cpu_times = 1;
	ck_early(&p, false, "\nof the early snapshot with --full only: per_cpu_time\n", "softirqs");
	ck_late(&p, false, "\n  1                   3us ", NULL);
	/* what only grows can't have gone back */
	ck_late(&p, false, "\n  1, since half-way   2us     -", NULL);
	ck_early(&p, true, "\nper_cpu_time: 1 CPUs captured\n", "since half-way");
	p.early.r.nr_cpu_times = 0;
	ck_early(&p, false, NULL, "per_cpu_time");
	pair_deinit(&p);
}
END_TEST

START_TEST(settings_and_counters_are_compared)
{
	struct pair p;

	pair_init(&p);
	ck_early(&p, false, "\n    settings and ops: as in the late snapshot\n", "slice_dfl=");
	p.early.scheds[0].slice_dfl = N(1);
	ck_early(&p, false, "slice_dfl=", NULL);
	p.early.scheds[0].events[0].total = p.late.scheds[0].events[0].total = N(7);
	for (size_t c = 0; c < p.late.scheds[0].events[0].nr_cpus; c++)
		p.early.scheds[0].events[0].per_cpu[c] = p.late.scheds[0].events[0].per_cpu[c] =
			N(c);
	ck_early(&p, false, ", 1 as in the late snapshot\n", p.early.scheds[0].events[0].name);
	p.early.scheds[0].events[0].total = N(6);
	ck_early(&p, false, p.early.scheds[0].events[0].name, "1 as in the late snapshot");
	pair_deinit(&p);
}
END_TEST

START_TEST(blocks_are_referred_to)
{
	static struct scxray_address frames[] = { { N(0xffffffff81000010), "f+0x1", NULL } };
	struct pair p;

	pair_init(&p);
	sample_make_early(&p.early);
	scxray_document_dual(&p.doc, &p.early.r, &p.late.r, NULL);
	for (int i = 0; i < 2; i++)
		p.late.tasks[STUCK0 + i].kernel_stack =
			(struct scxray_stack_trace){ frames, 1, "end of the stack", true };
	ck_late(&p, false, "\n    stack: f+0x1\n  stuck1[102]: ", NULL);
	ck_late(&p, false, "\n    stack: as that of stuck0[101]\n", NULL);
	ck_late(&p, false, "\n  (kernel stacks of 2 tasks that wait too long: above)\n", NULL);
	ck_diff(&p, false, "\n    3 tasks above that wait too long\n", "runnable at both times");
	ck_diff(&p, true, "runnable at both times", "above that wait");
	pair_deinit(&p);
}
END_TEST

static const unit_test tests[] = {
	&times_are_compared_in_the_late_half,
	&settings_and_counters_are_compared,
	&blocks_are_referred_to,
	&sleeping_kernel_threads_are_counted,
	&programs_without_counts_are_named,
	&the_log_begins_with_what_is_about_the_scheduler,
	&equal_sections_are_one_line,
	&a_section_that_differs_is_printed,
	&a_map_that_differs_is_printed,
	&equal_stacks_are_counted,
	&what_is_as_usual_is_counted,
	&what_is_odd_or_stalled_or_named_is_shown,
};

UNIT_MAIN("render repeated", tests)
