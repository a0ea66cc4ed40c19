// SPDX-License-Identifier: BSD-2-Clause
/* render_cards.c - the blocks of tasks that wait too long */
#include <stdlib.h>

#include "tests/lib/unit.h"
#include "tests/render/sample.h"

static char *text_of(const struct scxray_document *doc, bool summary)
{
	struct scxray_text_options options = { .width = 120, .summary = summary };
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(scxray_render_text(doc, &options, out), 0);
	fclose(out);
	return text;
}

/* Where `part` begins after `from`; it must be there. */
static const char *after(const char *from, const char *part)
{
	const char *at = strstr(from, part);

	ck_assert_msg(at != NULL, "missing: %s in:\n%.2000s", part, from);
	return at;
}

START_TEST(the_longest_waiting_first_with_its_place)
{
	struct sample s;
	struct scxray_document doc = { .late = &s.r };
	const char *at;
	char *text;

	sample_init(&s);
	s.tasks[STUCK1].slice = N(UINT64_MAX);
	s.tasks[STUCK1].pcount = N(7);
	text = text_of(&doc, false);
	at = after(text, "tasks that wait too long, the longest first:\n");
	at = after(at, "[101]: DSQ 0x57a11 #1/2, runnable for ");
	at = after(at, "\n    cpus 0-1, weight 100, slice 5ms, vtime ");
	at = after(at, "\n    its CPUs run: 0 ");
	at = after(at, "[102]: DSQ 0x57a11 #2/2, runnable for ");
	at = after(at, "slice SCX_SLICE_INF, ");
	after(at, "ran 7 times");
	free(text);
	text = text_of(&doc, true); /* a line each */
	at = after(text, "tasks that wait too long, the longest first:\n");
	at = after(at, "[101]: DSQ 0x57a11 #1/2, runnable for ");
	after(strchr(at, '\n'), "\n  stuck1[102]: DSQ 0x57a11 #2/2, runnable for ");
	ck_assert_ptr_null(strstr(at, "cpus 0-1"));
	free(text);
	sample_deinit(&s);
}
END_TEST

START_TEST(eight_of_many)
{
	struct sample s;
	struct scxray_document doc = { .late = &s.r };
	struct scxray_task many[40];
	char *text, line[32];
	const char *at;

	sample_init(&s);
	for (int i = 0; i < 40; i++) {
		many[i] = s.tasks[HELD];
		many[i].kva += (uint64_t)i;
		many[i].pid = N(1000 + i);
		many[i].runnable_age_jiffies.value += (uint64_t)i;
	}
	s.r.tasks = many;
	s.r.nr_tasks = 40;
	text = text_of(&doc, false);
	at = after(text, "tasks that wait too long, the longest first:\n");
	for (int i = 39; i > 31; i--) {
		snprintf(line, sizeof(line), "\n  held[%d]: ", 1000 + i);
		at = after(at, line);
	}
	after(at, "\n  and 32 more\n");
	ck_assert_ptr_null(strstr(after(text, "the longest first:\n"), "\n  held[1031]: "));
	free(text);
	sample_deinit(&s);
}
END_TEST

static const unit_test tests[] = {
	&the_longest_waiting_first_with_its_place,
	&eight_of_many,
};

UNIT_MAIN("render_cards", tests)
