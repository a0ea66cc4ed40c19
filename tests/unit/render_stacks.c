/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * render_stacks.c - kernel stacks as text: equal ones together, ends that say why
 */
#include <stdio.h>
#include <string.h>

#include <scxray/atoms.h>
#include <scxray/render.h>
#include <scxray/report_struct.h>
#include <scxray/task.h>

#include "tests/lib/unit.h"

#define KNOWN(v)                                      \
	{                                             \
		.value = (v), .state = SCXRAY_PRESENT \
	}
#define NR_TASKS 20

struct fixture {
	struct scxray_report report;
	struct scxray_task tasks[NR_TASKS];
	char comms[NR_TASKS][8];
	char *text;
	size_t size;
};

static struct scxray_address sleeping[] = {
	{ KNOWN(0xffffffff81000010), "__schedule+0x10", NULL },
	{ KNOWN(0xffffffffc0000020), "bpf_prog_1_x+0x20 [bpf]", NULL },
	{ KNOWN(0xffffffffc0800000), NULL, NULL },
};
static struct scxray_address other[] = {
	{ KNOWN(0xffffffff81000010), "__schedule+0x10", NULL },
	{ KNOWN(0xffffffff81000099), "kthread+0x99", NULL },
};

static void start(struct fixture *f, size_t nr)
{
	memset(f, 0, sizeof(*f));
	f->report.tasks = f->tasks;
	f->report.nr_tasks = nr;
	for (size_t i = 0; i < nr; i++) {
		struct scxray_task *task = &f->tasks[i];

		snprintf(f->comms[i], sizeof(f->comms[i]), "t%zu", i);
		*task = (struct scxray_task){
			.kva = 0xffff888000000000ULL + i * 0x1000,
			.pid = KNOWN(100 + i),
			.comm = { .bytes = f->comms[i],
				  .len = strlen(f->comms[i]),
				  .state = SCXRAY_PRESENT },
			.runnable_cpu = -1,
			.curr_cpu = -1,
			.dsq_index = -1,
			.sched_class = "ext",
		};
	}
}

static void stack(struct fixture *f, size_t i, struct scxray_address *frames, size_t nr,
		  const char *end, bool whole)
{
	f->tasks[i].kernel_stack = (struct scxray_stack_trace){
		.frames = frames, .nr = nr, .end = end, .whole = whole
	};
}

/* The section on stacks. */
static const char *stacks(struct fixture *f)
{
	const struct scxray_document doc = { .late = &f->report };
	const struct scxray_text_options options = { .width = 200 };
	FILE *out = open_memstream(&f->text, &f->size);
	const char *at;

	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(scxray_render_text(&doc, &options, out), 0);
	fclose(out);
	at = strstr(f->text, "  kernel stacks:\n");
	return at ? at : "";
}

START_TEST(equal_stacks_stand_together)
{
	struct fixture f;

	start(&f, 5);
	stack(&f, 0, sleeping, 3, "end of stack", true);
	stack(&f, 1, other, 2, "end of stack", true);
	stack(&f, 2, sleeping, 3, "end of stack", true);
	stack(&f, 3, sleeping, 3, "page not mapped", false);
	/* of task 4 nobody looked */
	ck_assert_str_eq(
		stacks(&f),
		"  kernel stacks:\n"
		"    2 tasks: t0[100] t2[102]\n"
		"      stack: __schedule+0x10, bpf_prog_1_x+0x20 [bpf], 0xffffffffc0800000\n"
		"    1 task: t1[101]\n"
		"      stack: __schedule+0x10, kthread+0x99\n"
		"    1 task: t3[103]\n"
		"      stack: __schedule+0x10, bpf_prog_1_x+0x20 [bpf], 0xffffffffc0800000 "
		"<page not mapped>\n");
	free(f.text);
}
END_TEST

#define WORDS(s)                                                                       \
	{                                                                              \
		.bytes = (s), .len = sizeof(s) - 1, .addr = 1, .state = SCXRAY_PRESENT \
	}

static const struct scxray_bpf_line a_line = {
	.function = WORDS("fix_tick"),
	.file = WORDS("/src/bpf/main.bpf.c"),
	.line = KNOWN(212),
	.column = KNOWN(9),
	.text = WORDS("scx_bpf_error(\"no\");"),
};
static const struct scxray_bpf_line no_line = { .function = WORDS("fix_help") };
static const struct scxray_bpf_line lost_line = {
	.function = WORDS("fix_run"),
	.line = { .value = 0xffff888000001000, .reason = "no page", .state = SCXRAY_UNREADABLE },
};
static const struct scxray_bpf_line lost_file = {
	.function = WORDS("fix_stop"),
	.file = { .addr = 0xffff888000002000, .reason = "no page", .state = SCXRAY_UNREADABLE },
	.line = KNOWN(7),
};
static struct scxray_address of_bpf[] = {
	{ KNOWN(0xffffffffc0000020), "bpf_prog_0123456789abcdef_fix_tick+0x20 [bpf]", &a_line },
	{ KNOWN(0xffffffffc0000030), "bpf_prog_0123456789abcdef_fix_help+0x8 [bpf]", &no_line },
	{ KNOWN(0xffffffffc0000040), "bpf_prog_0123456789abcdef_fix_run [bpf]", &lost_line },
	{ KNOWN(0xffffffffc0000050), "bpf_prog_0123456789abcdef_fix_stop+0x4 [bpf]", &lost_file },
};

START_TEST(frames_of_bpf_programs_have_their_line)
{
	struct scxray_document doc = { 0 };
	struct fixture f;
	FILE *out;

	start(&f, 1);
	stack(&f, 0, of_bpf, ARRAY_SIZE(of_bpf), "end of stack", true);
	ck_assert_str_eq(stacks(&f),
			 "  kernel stacks:\n"
			 "    1 task: t0[100]\n"
			 "      stack: fix_tick+0x20 [bpf] at main.bpf.c:212, fix_help+0x8 [bpf], "
			 "fix_run [bpf] at <unreadable: 0xffff888000001000: no page>, "
			 "fix_stop+0x4 [bpf] at <unreadable: 0xffff888000002000: no page>:7\n");
	free(f.text);

	scxray_document_single(&doc, &f.report);
	out = open_memstream(&f.text, &f.size);
	ck_assert_int_eq(scxray_render_json(&doc, out), 0);
	fclose(out);
	ck_assert_ptr_nonnull(strstr(
		f.text,
		"\"symbol\":\"bpf_prog_0123456789abcdef_fix_tick+0x20 [bpf]\",\"function\":"
		"\"fix_tick\",\"file\":\"/src/bpf/main.bpf.c\",\"line\":212,\"column\":9,\"text\":"
		"\"scx_bpf_error(\\\"no\\\");\"}"));
	ck_assert_ptr_nonnull(strstr(f.text, "\"function\":\"fix_help\"},"));
	ck_assert_ptr_nonnull(
		strstr(f.text, "\"function\":\"fix_run\",\"line\":{\"kind\":\"unreadable\""));
	free(f.text);
}
END_TEST

START_TEST(no_frames)
{
	struct fixture f;

	start(&f, 3);
	stack(&f, 0, NULL, 0, "user mode", true);
	stack(&f, 1, NULL, 0, "the stack is <un\treadable>", false);
	stack(&f, 2, NULL, 0, "user mode", true);
	ck_assert_str_eq(stacks(&f), "  kernel stacks:\n"
				     "    2 tasks: t0[100] t2[102]\n"
				     "      stack: <user mode>\n"
				     "    1 task: t1[101]\n"
				     "      stack: <the stack is <un\\treadable>>\n");
	free(f.text);
}
END_TEST

START_TEST(many_tasks_of_one_stack)
{
	struct fixture f;

	start(&f, NR_TASKS);
	for (size_t i = 0; i < NR_TASKS; i++)
		stack(&f, i, other, 2, "end of stack", true);
	ck_assert_str_eq(
		stacks(&f),
		"  kernel stacks:\n"
		"    20 tasks: t0[100] t1[101] t2[102] t3[103] t4[104] t5[105] t6[106] t7[107] "
		"t8[108] t9[109] t10[110] t11[111] +8 more\n"
		"      stack: __schedule+0x10, kthread+0x99\n");
	free(f.text);
}
END_TEST

START_TEST(no_stacks)
{
	struct fixture f;

	start(&f, 2);
	ck_assert_str_eq(stacks(&f), "");
	free(f.text);
}
END_TEST

static const unit_test tests[] = {
	&equal_stacks_stand_together,
	&frames_of_bpf_programs_have_their_line,
	&no_frames,
	&many_tasks_of_one_stack,
	&no_stacks,
};

UNIT_MAIN("render_stacks", tests)
