/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log.h - lines for the host's log
 *
 * Never under a freeze and never with a lock held (plugin.h promises that): who has something to
 * say keeps it until then.
 */
#ifndef VMM_PLUGIN_LOG_H
#define VMM_PLUGIN_LOG_H

#include <scxray/plugin.h>

struct log {
	void (*line)(void *context, enum scxray_plugin_level level, const char *line);
	void *context;
};

/* As the host gave it; without a callback lines go to stderr, those for debugging to nobody. */
void log_init(struct log *log, const struct scxray_plugin_host *host);

/* One line, printable UTF-8 whatever the arguments hold.  Any thread. */
void log_say(const struct log *log, enum scxray_plugin_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Replaces what is no printable UTF-8 in `text` by '?', in place. */
void log_printable(char *text);

#endif
