/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * line.c - the host's end of a serial port
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "line.h"
#include "message.h"

/* Times that `out` is filled before signals and the clock are looked at again: a guest may never stop to talk. */
#define MAX_TURNS 64

static bool wants(const struct line *line, const struct line_sink *sink)
{
	return sink->fd >= 0 && sink->at < line->out_length;
}

static bool ready(int fd, short events)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };

	return poll(&poll_fd, 1, 0) > 0;
}

size_t line_poll_fds(const struct line *line, struct pollfd *fds)
{
	size_t nr = 0;

	for (unsigned i = 0; i < LINE_SINKS; i++)
		if (wants(line, &line->sinks[i]))
			fds[nr++] = (struct pollfd){ line->sinks[i].fd, POLLOUT, 0 };
	if (line->in_fd >= 0 && !line->in_length)
		fds[nr++] = (struct pollfd){ line->in_fd, POLLIN, 0 };
	return nr;
}

/* A pipe that poll() calls writable takes PIPE_BUF bytes, which is what `out` holds, without waiting. */
static void sink_write(struct line *line, struct line_sink *sink)
{
	while (wants(line, sink) && ready(sink->fd, POLLOUT)) {
		ssize_t done = write(sink->fd, line->out + sink->at, line->out_length - sink->at);

		if (done >= 0) {
			sink->at += (size_t)done;
		} else if (errno == EAGAIN) {
			return;
		} else if (errno != EINTR) {
			message_print("%s: %s: nothing more is written there", sink->name,
				      strerror(errno));
			sink->fd = -1;
			line->lost = true;
		}
	}
}

static bool all_written(const struct line *line)
{
	for (unsigned i = 0; i < LINE_SINKS; i++)
		if (wants(line, &line->sinks[i]))
			return false;
	return true;
}

static bool pump_output(struct line *line, struct line_match *matches, size_t nr_matches)
{
	bool found = false;

	line->more = false;
	for (unsigned turn = 0; turn < MAX_TURNS; turn++) {
		for (unsigned i = 0; i < LINE_SINKS; i++)
			sink_write(line, &line->sinks[i]);
		if (!all_written(line))
			return found;
		for (unsigned i = 0; i < LINE_SINKS; i++)
			line->sinks[i].at = 0;
		line->out_length = uart_take(line->uart, line->out, sizeof(line->out));
		if (!line->out_length)
			return found;
		found |= line_match_feed(&line->watched, line->out, line->out_length, matches,
					 nr_matches);
	}
	line->more = true;
	return found;
}

static void pump_input(struct line *line)
{
	size_t given;

	if (line->in_fd >= 0 && !line->in_length && ready(line->in_fd, POLLIN)) {
		ssize_t got = read(line->in_fd, line->in, sizeof(line->in));

		if (got > 0)
			line->in_length = (size_t)got;
		else if (!got || (errno != EAGAIN && errno != EINTR))
			line->in_fd = -1;
	}
	if (!line->in_length)
		return;
	given = uart_give(line->uart, line->in, line->in_length);
	line->in_length -= given;
	memmove(line->in, line->in + given, line->in_length);
}

bool line_pump(struct line *line, struct line_match *matches, size_t nr_matches)
{
	pump_input(line);
	return pump_output(line, matches, nr_matches);
}

bool line_busy(const struct line *line)
{
	return line->more || !all_written(line);
}
