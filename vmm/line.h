/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * line.h - the host's end of a serial port: where its bytes come from and go to
 *
 * All on the main thread, which never blocks on a slow reader: bytes stay in the UART
 * until each sink has taken those before.
 */
#ifndef VMM_LINE_H
#define VMM_LINE_H

#include <poll.h>

#include "uart.h"
#include "line_match.h"

#define LINE_SINKS 2

struct line_sink {
	int fd;		  /* -1: none, or given up */
	const char *name; /* for messages */
	size_t at;	  /* how much of `out` it has taken */
};

struct line {
	struct uart *uart;
	int in_fd; /* -1: no input, or its end has come */
	struct line_sink sinks[LINE_SINKS];
	uint8_t out[4096];
	size_t out_length;
	uint8_t in[256];
	size_t in_length;
	struct line_bytes watched;
	bool lost; /* a sink did not take all */
	bool more; /* line_pump() has left something in the UART, to let others have a turn */
};

/* Descriptors that line_poll_fds() may fill. */
#define LINE_POLL_FDS (LINE_SINKS + 1)

/* What there is to wait for.  Returns how many were filled. */
size_t line_poll_fds(const struct line *line, struct pollfd *fds);

/*
 * Moves what can be moved without waiting.  Returns whether one of the texts was found
 * in what came out of the guest.
 */
bool line_pump(struct line *line, struct line_match *matches, size_t nr_matches);

/* Whether the UART or a sink still has something to come. */
bool line_busy(const struct line *line);

#endif
