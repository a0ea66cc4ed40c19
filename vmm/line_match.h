/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * line_match.h - texts that what the guest says is searched for
 */
#ifndef VMM_LINE_MATCH_H
#define VMM_LINE_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_MATCH_MAX 255

/* A text, found once. */
struct line_match {
	const char *text; /* NULL: none, never found */
	bool found;
};

/* The line that is coming in. */
struct line_bytes {
	char bytes[2048];
	size_t length;
};

/*
 * Adds bytes to the line, and at each end of a line looks for the texts that were not found yet;
 * sets `found` of those that are in it.  Returns whether any was found now.
 */
bool line_match_feed(struct line_bytes *line, const uint8_t *bytes, size_t size,
		     struct line_match *matches, size_t nr_matches);

#endif
