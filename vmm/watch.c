/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch.c - texts that what the guest says is searched for
 */
#include "watch.h"

#include <string.h>

static bool search(const struct watch_line *line, struct watch *watches, size_t nr_watches)
{
	bool any = false;

	for (size_t i = 0; i < nr_watches; i++) {
		struct watch *w = &watches[i];

		if (w->found || !w->text)
			continue;
		w->found = memmem(line->bytes, line->length, w->text, strlen(w->text)) != NULL;
		any |= w->found;
	}
	return any;
}

/* A line without an end must not hide a text that it was cut in. */
static void keep_tail(struct watch_line *line)
{
	memmove(line->bytes, line->bytes + line->length - WATCH_TEXT_MAX, WATCH_TEXT_MAX);
	line->length = WATCH_TEXT_MAX;
}

bool watch_feed(struct watch_line *line, const uint8_t *bytes, size_t size, struct watch *watches,
		size_t nr_watches)
{
	bool any = false;

	for (size_t i = 0; i < size; i++) {
		if (bytes[i] == '\n') {
			any |= search(line, watches, nr_watches);
			line->length = 0;
			continue;
		}
		line->bytes[line->length++] = (char)bytes[i];
		if (line->length == sizeof(line->bytes)) {
			any |= search(line, watches, nr_watches);
			keep_tail(line);
		}
	}
	return any;
}
