/* SPDX-License-Identifier: BSD-2-Clause */
/* watch.c of the VMM: a text is found wherever its line is cut. */
#include <string.h>

#include "tests/lib/unit.h"
#include "vmm/watch.h"

static bool feed(struct watch_line *line, const char *text, struct watch *watches, size_t nr)
{
	return watch_feed(line, (const uint8_t *)text, strlen(text), watches, nr);
}

START_TEST(found_at_the_end_of_its_line)
{
	struct watch watches[] = { { .text = "half" }, { .text = NULL }, { .text = "stall)" } };
	struct watch_line line = { 0 };

	ck_assert(!feed(&line, "well\nha", watches, 3));
	ck_assert(!feed(&line, "lf-way", watches, 3));
	ck_assert(!watches[0].found);
	ck_assert(feed(&line, "\nha\nlf stall", watches, 3));
	ck_assert(watches[0].found);
	ck_assert(!watches[2].found);
	ck_assert(feed(&line, ")\n", watches, 3));
	ck_assert(watches[2].found);
	ck_assert(!watches[1].found);
	ck_assert(!feed(&line, "half stall)\n", watches, 3)); /* once is enough */
}
END_TEST

START_TEST(lines_do_not_mix)
{
	struct watch watch = { .text = "abcd" };
	struct watch_line line = { 0 };

	ck_assert(!feed(&line, "ab\ncd\nab", &watch, 1));
	ck_assert(!feed(&line, "\r\ncd\n", &watch, 1));
	ck_assert(!watch.found);
}
END_TEST

/* Wherever the buffer's end cuts it. */
START_TEST(long_lines_hide_nothing)
{
	char text[WATCH_TEXT_MAX + 1], filler[1] = { 'x' };

	memset(text, 't', WATCH_TEXT_MAX);
	text[WATCH_TEXT_MAX] = '\0';
	for (size_t before = 0; before < 3 * sizeof(((struct watch_line *)NULL)->bytes);
	     before += 13) {
		struct watch watch = { .text = text };
		struct watch_line line = { 0 };

		for (size_t i = 0; i < before; i++)
			watch_feed(&line, (uint8_t *)filler, 1, &watch, 1);
		ck_assert(!watch.found);
		feed(&line, text, &watch, 1);
		feed(&line, "y\n", &watch, 1);
		ck_assert_msg(watch.found, "after %zu bytes", before);
	}
}
END_TEST

START_TEST(bytes_may_be_anything)
{
	static const uint8_t bytes[] = { 0, 0xff, 'o', 'o', 'p', 's', 0, '\n' };
	struct watch watch = { .text = "oops" };
	struct watch_line line = { 0 };

	ck_assert(watch_feed(&line, bytes, sizeof(bytes), &watch, 1));
}
END_TEST

static const unit_test tests[] = {
	&found_at_the_end_of_its_line,
	&lines_do_not_mix,
	&long_lines_hide_nothing,
	&bytes_may_be_anything,
};

UNIT_MAIN("vmm_watch", tests)
