/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * error.c - the message of a failed call; control characters, which a guest may have sent, become '?'
 */
#include <stdarg.h>
#include <stdio.h>

#include <scxray/error.h>

int scxray_fail(struct scxray_error *err, enum scxray_code code, uint64_t addr, const char *fmt,
		...)
{
	va_list ap;

	if (!err)
		return -1;
	err->code = code;
	err->addr = addr;
	va_start(ap, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, ap);
	va_end(ap);
	for (char *c = err->text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	return -1;
}
