/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * line_match.c - texts that what the guest says is searched for
 */
#include "line_match.h"

#include <string.h>

static bool search(const struct line_bytes *line, struct line_match *matches, size_t nr_matches)
{
	bool any = false;

	for (size_t i = 0; i < nr_matches; i++) {
		struct line_match *w = &matches[i];

		if (w->found || !w->text)
			continue;
		w->found = memmem(line->bytes, line->length, w->text, strlen(w->text)) != NULL;
		any |= w->found;
	}
	return any;
}

/* A line without an end must not hide a text that it was cut in. */
static void keep_tail(struct line_bytes *line)
{
	memmove(line->bytes, line->bytes + line->length - LINE_MATCH_MAX, LINE_MATCH_MAX);
	line->length = LINE_MATCH_MAX;
}

bool line_match_feed(struct line_bytes *line, const uint8_t *bytes, size_t size,
		     struct line_match *matches, size_t nr_matches)
{
	bool any = false;

	for (size_t i = 0; i < size; i++) {
		if (bytes[i] == '\n') {
			any |= search(line, matches, nr_matches);
			line->length = 0;
			continue;
		}
		line->bytes[line->length++] = (char)bytes[i];
		if (line->length == sizeof(line->bytes)) {
			any |= search(line, matches, nr_matches);
			keep_tail(line);
		}
	}
	return any;
}
