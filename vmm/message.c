/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * message.c - one line on stderr
 */
#include <stdarg.h>
#include <stdio.h>

#include "message.h"

void message_print(const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	/* one call, one write: lines of several threads don't mix */
	fprintf(stderr, "scxray-vmm: %s\n", line);
}
