/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session_status.h - the line on a terminal that says what is watched
 *
 * It is the terminal's last line, on stderr; what else is said goes above it.
 */
#ifndef CLI_SESSION_STATUS_H
#define CLI_SESSION_STATUS_H

#include <pthread.h>
#include <stdbool.h>

#include "watch/progress.h"

#define SESSION_STATUS_COLUMNS 200

struct session_status {
	pthread_mutex_t lock;
	bool on;
	char text[SESSION_STATUS_COLUMNS + 1]; /* as it is on the terminal; "": nothing is */
};

/* `wanted`, and stderr is a terminal that can erase a line: there will be one. */
void session_status_init(struct session_status *status, bool wanted);

/* Shows it, where it has changed.  Any thread, as all calls here. */
void session_status_show(struct session_status *status, const struct watch_progress *progress);

/* One line "scxray: TEXT" on stderr, above it. */
void session_status_say(struct session_status *status, const char *text);

/* It is erased and does not come back. */
void session_status_end(struct session_status *status);

#endif
