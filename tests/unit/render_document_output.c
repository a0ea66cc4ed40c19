/* SPDX-License-Identifier: BSD-2-Clause */
/* render_document_output.c - a document's output: reasons, colours, widths, streams that fail */
#include <errno.h>

#include <scxray/report_struct.h>

#include "render/out/reasons.h"
#include "tests/render/golden.h"
#include "tests/render/sample.h"
#include "tests/lib/unit.h"

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

static const unit_test tests[] = {
	&absent_groups_have_their_reason,
	&each_reason_is_in_text_summary_and_json,
	&colours_do_not_move_anything,
	&no_guest_text_reaches_the_terminal_raw,
	&tables_keep_to_the_width,
	&a_stream_that_fails_is_an_error,
	&a_stream_that_fails_half_way_is_an_error,
};

UNIT_MAIN("render_document_output", tests)
