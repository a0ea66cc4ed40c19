/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log.c - lines for the host's log
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "log.h"

#define MAX_LINE 1024

static void to_stderr(void *context, enum scxray_plugin_level level, const char *line)
{
	(void)context;
	/* one call, one write: lines of several threads don't mix */
	if (level < SCXRAY_LOG_DEBUG)
		fprintf(stderr, "scxray: %s\n", line);
}

void log_init(struct log *log, log_line *line, void *context)
{
	*log = (struct log){ .line = to_stderr };
	if (line)
		*log = (struct log){ .line = line, .context = context };
}

/* Bytes of the UTF-8 sequence at `c`, 0 where it is none, or a control character. */
static unsigned sequence(const unsigned char *c)
{
	unsigned len = c[0] < 0x80   ? 1
		       : c[0] < 0xc2 ? 0
		       : c[0] < 0xe0 ? 2
		       : c[0] < 0xf0 ? 3
		       : c[0] < 0xf5 ? 4
				     : 0;

	for (unsigned i = 1; i < len; i++)
		if ((c[i] & 0xc0) != 0x80)
			return 0;
	if (len == 1 && (c[0] < 0x20 || c[0] == 0x7f))
		return 0;
	/* C1 controls, overlong forms, surrogates, beyond U+10FFFF */
	if ((c[0] == 0xc2 && c[1] < 0xa0) || (c[0] == 0xe0 && c[1] < 0xa0) ||
	    (c[0] == 0xed && c[1] > 0x9f) || (c[0] == 0xf0 && c[1] < 0x90) ||
	    (c[0] == 0xf4 && c[1] > 0x8f))
		return 0;
	return len;
}

void log_printable(char *text)
{
	while (*text) {
		unsigned len = sequence((const unsigned char *)text);

		if (!len)
			*text = '?';
		text += len ? len : 1;
	}
}

void log_say(const struct log *log, enum scxray_plugin_level level, const char *fmt, ...)
{
	char line[MAX_LINE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	log_printable(line);
	log->line(log->context, level, line);
}
