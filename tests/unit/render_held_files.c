/* SPDX-License-Identifier: BSD-2-Clause */
/* held_files.c of text and tasks.c of JSON: processes that have files of a scheduler open. */
#include <stdio.h>
#include <string.h>

#include <scxray/report.h>

#include <scxray/render.h>

#include "tests/render/values.h"
#include "tests/lib/unit.h"

#define NUM(v)                                        \
	{                                             \
		.value = (v), .state = SCXRAY_PRESENT \
	}
#define TEXT(s)                                                             \
	{                                                                   \
		.bytes = (s), .len = sizeof(s) - 1, .state = SCXRAY_PRESENT \
	}
#define MAP(i) (0xffff888000001000ULL + (uint64_t)(i))
#define PROG 0xffff888000002000ULL
#define LINK 0xffff888000003000ULL
#define NR_MAPS 10

static struct scxray_held_file files[NR_MAPS + 2];
static struct scxray_held_files held;
static struct scxray_map maps[NR_MAPS];
static struct scxray_prog prog;
static struct scxray_task tasks[3];
static struct scxray_sched sched;
static struct scxray_report report;
static char *out;
static size_t size;

static void drop(void)
{
	free(out);
	out = NULL;
}

static void start(void)
{
	static char names[NR_MAPS][8];

	memset(&report, 0, sizeof(report));
	for (uint32_t i = 0; i < NR_MAPS; i++) {
		snprintf(names[i], sizeof(names[i]), "m%u", i);
		maps[i] = (struct scxray_map){
			.map_kva = MAP(i),
			.name = { .bytes = names[i],
				  .len = strlen(names[i]),
				  .state = SCXRAY_PRESENT },
		};
		files[i] = (struct scxray_held_file){ 3 + i, SCXRAY_HELD_MAP, MAP(i) };
	}
	maps[9].map_kva = 0; /* the report was cut before it */
	prog = (struct scxray_prog){ .kva = PROG, .name = TEXT("fix_tick") };
	files[NR_MAPS] = (struct scxray_held_file){ 20, SCXRAY_HELD_PROG, PROG };
	files[NR_MAPS + 1] = (struct scxray_held_file){ 21, SCXRAY_HELD_LINK, LINK };
	held = (struct scxray_held_files){ 1, files, NR_MAPS + 2 };
	for (int i = 0; i < 3; i++)
		tasks[i] = (struct scxray_task){
			.kva = 0xffff888000010000ULL + 0x1000 * (uint64_t)i,
			.pid = NUM(102 - (uint64_t)i),
			.tgid = NUM(101),
			.comm = TEXT("feeder"),
			.state_letter = i ? 'T' : 'R',
			.runnable_cpu = -1,
			.curr_cpu = -1,
			.dsq_index = -1,
			.held = i < 2 ? &held : NULL,
			.kernel_stack = { .end = "no page" },
		};
	report.maps = maps;
	report.nr_maps = NR_MAPS;
	report.progs = &prog;
	report.nr_progs = 1;
	report.tasks = tasks;
	report.nr_tasks = 3;
	report.scheds = &sched;
	report.nr_scheds = 1;
}

static const char *text(bool full)
{
	const struct scxray_document doc = { .late = &report };
	const struct scxray_text_options options = { .width = 400, .full = full };
	FILE *to = open_memstream(&out, &size);
	const char *at;

	ck_assert_int_eq(scxray_render_text(&doc, &options, to), 0);
	fclose(to);
	at = strstr(out, "  processes that have files of theirs open:\n");
	return at ? at : "";
}

START_TEST(a_process_is_told_once_with_all_its_threads)
{
	static const char expected[] =
		"  processes that have files of theirs open:\n"
		"    feeder[101] state T: 10 maps: m0, m1, m2, m3, m4, m5, m6, m7, +2 more; 1 prog; 1 link\n"
		"      stack: <no page>\n"
		"      thread feeder[102] state R\n"
		"        stack: <no page>\n";

	start();
	ck_assert_int_eq(strncmp(text(false), expected, sizeof(expected) - 1), 0);
	drop();
	ck_assert_ptr_nonnull(strstr(text(true),
				     "m8 (fd 11), 0xffff888000001009 (fd 12); 1 prog: "
				     "fix_tick (fd 20); 1 link: 0xffff888000003000 (fd 21)\n"));
	drop();
}
END_TEST

START_TEST(why_there_are_none_is_said)
{
	start();
	tasks[0].held = tasks[1].held = NULL;
	ck_assert_str_eq(text(false), "");
	ck_assert_ptr_null(strstr(out, "held_files"));
	drop();
	report.cut[SCXRAY_GROUP_HELD_FILES] = "cut after 16384 files";
	text(false);
	ck_assert_ptr_nonnull(strstr(out, "\nheld_files: <unavailable: cut after 16384 files>\n"));
	drop();
	tasks[0].held = &held;
	ck_assert_ptr_nonnull(strstr(text(false), "    (cut: cut after 16384 files)\n"));
	drop();
}
END_TEST

START_TEST(json_has_them_once_a_process)
{
	struct scxray_document doc;
	FILE *to;

	start();
	scxray_document_single(&doc, &report);
	to = open_memstream(&out, &size);
	ck_assert_int_eq(scxray_render_json(&doc, to), 0);
	fclose(to);
	ck_assert_ptr_nonnull(strstr(out, "\"held_files\":[{\"fd\":3,\"kind\":\"map\",\"kva\":"
					  "\"0xffff888000001000\",\"name\":\"m0\"},"));
	ck_assert_ptr_nonnull(strstr(out,
				     "{\"fd\":12,\"kind\":\"map\",\"kva\":\"0xffff888000001009\"},"
				     "{\"fd\":20,\"kind\":\"prog\""));
	ck_assert_ptr_nonnull(strstr(out, "\"kind\":\"link\",\"kva\":\"0xffff888000003000\"}]"));
	ck_assert_ptr_nonnull(strstr(out, "\"held_files_of_pid\":101"));
	ck_assert_ptr_null(strstr(strstr(out, "\"held_files\":[") + 1, "\"held_files\":["));
	drop();
}
END_TEST

static const unit_test tests[] = {
	&a_process_is_told_once_with_all_its_threads,
	&why_there_are_none_is_said,
	&json_has_them_once_a_process,
};

UNIT_MAIN("render_held_files", tests)
