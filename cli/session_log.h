/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session_log.h - what is said while a guest is watched
 *
 * On a terminal each moment and each file, on stderr, above the line of session_status.h; where stderr is none only what is wrong.
 * With --json-lines all of it on stdout, one JSON object a line.
 */
#ifndef CLI_SESSION_LOG_H
#define CLI_SESSION_LOG_H

#include "cli/session.h"

/* A log_line of watch/log.h; `context` is the session.  Any thread. */
void session_log_line(void *context, enum scxray_plugin_level level, const char *line);

/* How the watch ended. */
void session_log_end(const struct session *session, enum scxray_plugin_status status,
		     const char *message, const char *const *paths, size_t nr_paths);

#endif
