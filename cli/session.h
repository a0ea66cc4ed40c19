/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * session.h - a QEMU guest that is watched, for as long as a command runs
 *
 *	session_open(&session, &options)	connects; forks the guard: one thread yet
 *	session_wait(&session, fd)		until QEMU ends, or a signal, or fd can be read
 *	session_close(&session)			the last look, files, QEMU as it was
 */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include <stdbool.h>

#include "cli/session_status.h"
#include "qemu/machine.h"
#include "watch/perf.h"
#include "watch/settings.h"
#include "watch/watcher.h"

#define SESSION_MAX_SETTINGS 64

struct session_options {
	struct target target;
	const char *settings[SESSION_MAX_SETTINGS + 1]; /* "key=value", up to a NULL */
	bool json_lines;
	bool quiet;    /* the command itself says what is wrong */
	bool progress; /* no other program writes to the terminal: it may have a line that changes */
};

struct session {
	bool json_lines;
	bool quiet;
	struct session_status status;
	struct settings settings;
	struct log log;
	struct qemu_machine *machine;
	struct scxray_live *live;
	struct perf *perf;
	struct watcher *watcher;
	int signal_fd;
};

/* Adds "key=value" (the text is borrowed).  CLI_OK, or CLI_USAGE with a message: too many. */
int session_set(struct session_options *options, const char *setting);

/* CLI_OK, or CLI_FAILED or CLI_USAGE with one line on stderr; close in either case. */
int session_open(struct session *session, const struct session_options *options);

enum session_end {
	SESSION_QEMU_ENDED,
	SESSION_SIGNAL,
	SESSION_FD,
};

enum session_end session_wait(struct session *session, int fd);

/* Ends the watch and says which files there are.  CLI_OK, or CLI_FAILED: one is missing. */
int session_finish(struct session *session);
void session_close(struct session *session);

#endif
