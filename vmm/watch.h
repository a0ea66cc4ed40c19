/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch.h - texts that what the guest says is searched for
 */
#ifndef VMM_WATCH_H
#define VMM_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WATCH_TEXT_MAX 255

/* A text, found once. */
struct watch {
	const char *text; /* NULL: none, never found */
	bool found;
};

/* The line that is coming in. */
struct watch_line {
	char bytes[2048];
	size_t length;
};

/*
 * Adds bytes to the line, and at each end of a line looks for the texts that were not found yet;
 * sets `found` of those that are in it.  Returns whether any was found now.
 */
bool watch_feed(struct watch_line *line, const uint8_t *bytes, size_t size, struct watch *watches,
		size_t nr_watches);

#endif
