/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * message.c - one line on stderr
 */
#include <stdarg.h>
#include <string.h>

#include "cli.h"

static void say(const char *fmt, va_list ap, const char *hint)
{
	char line[1024];

	vsnprintf(line, sizeof(line), fmt, ap);
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	/* one call, one write: lines of several processes don't mix */
	fprintf(stderr, "scxray: %s%s\n", line, hint);
}

int cli_fail(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap, "");
	va_end(ap);
	return CLI_FAILED;
}

int cli_usage(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap, "; see scxray --help");
	va_end(ap);
	return CLI_USAGE;
}

int cli_find_word(const char *option, const char *const *words, const char *word)
{
	char list[100] = "";

	for (int i = 0; words[i]; i++) {
		if (!strcmp(word, words[i]))
			return i;
		strcat(list, i ? ", " : "");
		strcat(list, words[i]);
	}
	cli_usage("--%s %s: not one of %s", option, word, list);
	return -1;
}
