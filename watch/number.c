/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * number.c - numbers that a user writes
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "number.h"

bool number_parse(const char *text, uint64_t least, uint64_t most, uint64_t *number)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*number = strtoull(text, &end, 10);
	return !errno && !*end && *number >= least && *number <= most;
}

bool number_parse_size(const char *text, uint64_t *size)
{
	static const char units[] = "KMG";
	size_t len = strlen(text);
	const char *unit = len ? strchr(units, text[len - 1]) : NULL;
	unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
	char digits[24];

	if (unit)
		len--;
	if (len >= sizeof(digits))
		return false;
	memcpy(digits, text, len);
	digits[len] = '\0';
	if (!number_parse(digits, 1, UINT64_MAX >> shift, size))
		return false;
	*size <<= shift;
	return true;
}
