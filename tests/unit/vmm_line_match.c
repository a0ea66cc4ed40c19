/* SPDX-License-Identifier: BSD-2-Clause */
/* line_match.c of the VMM: a text is found wherever its line is cut. */
#include <string.h>

#include "tests/lib/unit.h"
#include "vmm/line_match.h"

static bool feed(struct line_bytes *line, const char *text, struct line_match *matches, size_t nr)
{
	return line_match_feed(line, (const uint8_t *)text, strlen(text), matches, nr);
}

START_TEST(found_at_the_end_of_its_line)
{
	struct line_match matches[] = { { .text = "half" },
					{ .text = NULL },
					{ .text = "stall)" } };
	struct line_bytes line = { 0 };

	ck_assert(!feed(&line, "well\nha", matches, 3));
	ck_assert(!feed(&line, "lf-way", matches, 3));
	ck_assert(!matches[0].found);
	ck_assert(feed(&line, "\nha\nlf stall", matches, 3));
	ck_assert(matches[0].found);
	ck_assert(!matches[2].found);
	ck_assert(feed(&line, ")\n", matches, 3));
	ck_assert(matches[2].found);
	ck_assert(!matches[1].found);
	ck_assert(!feed(&line, "half stall)\n", matches, 3)); /* once is enough */
}
END_TEST

START_TEST(lines_do_not_mix)
{
	struct line_match match = { .text = "abcd" };
	struct line_bytes line = { 0 };

	ck_assert(!feed(&line, "ab\ncd\nab", &match, 1));
	ck_assert(!feed(&line, "\r\ncd\n", &match, 1));
	ck_assert(!match.found);
}
END_TEST

/* Wherever the buffer's end cuts it. */
START_TEST(long_lines_hide_nothing)
{
	char text[LINE_MATCH_MAX + 1], filler[1] = { 'x' };

	memset(text, 't', LINE_MATCH_MAX);
	text[LINE_MATCH_MAX] = '\0';
	for (size_t before = 0; before < 3 * sizeof(((struct line_bytes *)NULL)->bytes);
	     before += 13) {
		struct line_match match = { .text = text };
		struct line_bytes line = { 0 };

		for (size_t i = 0; i < before; i++)
			line_match_feed(&line, (uint8_t *)filler, 1, &match, 1);
		ck_assert(!match.found);
		feed(&line, text, &match, 1);
		feed(&line, "y\n", &match, 1);
		ck_assert_msg(match.found, "after %zu bytes", before);
	}
}
END_TEST

START_TEST(bytes_may_be_anything)
{
	static const uint8_t bytes[] = { 0, 0xff, 'o', 'o', 'p', 's', 0, '\n' };
	struct line_match match = { .text = "oops" };
	struct line_bytes line = { 0 };

	ck_assert(line_match_feed(&line, bytes, sizeof(bytes), &match, 1));
}
END_TEST

static const unit_test tests[] = {
	&found_at_the_end_of_its_line,
	&lines_do_not_mix,
	&long_lines_hide_nothing,
	&bytes_may_be_anything,
};

UNIT_MAIN("vmm_watch", tests)
