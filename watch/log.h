/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log.h - lines for the host's log
 *
 * Never under a freeze and never with a lock held (plugin.h promises that): a part that has something to
 * say keeps it until then.
 */
#ifndef WATCH_LOG_H
#define WATCH_LOG_H

#include <scxray/plugin.h>

typedef void log_line(void *context, enum scxray_plugin_level level, const char *line);

struct log {
	log_line *line;
	void *context;
};

/* `line` NULL: to stderr, less those for debugging. */
void log_init(struct log *log, log_line *line, void *context);

/* One line, printable UTF-8 whatever the arguments hold.  Any thread. */
void log_say(const struct log *log, enum scxray_plugin_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Replaces what is no printable UTF-8 in `text` by '?', in place. */
void log_printable(char *text);

#endif
