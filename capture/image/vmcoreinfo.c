/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vmcoreinfo.c - looking up a line of VMCOREINFO
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/image/vmcoreinfo.h"

/* The text after "key=" at the start of a line. */
static const char *find(const char *info, const char *key)
{
	size_t len = strlen(key);

	for (const char *line = info; line && *line; line = strchr(line, '\n')) {
		if (*line == '\n')
			line++;
		if (!strncmp(line, key, len) && line[len] == '=')
			return line + len + 1;
	}
	return NULL;
}

bool vmcoreinfo_hex(const char *info, const char *key, uint64_t *value)
{
	const char *text = find(info, key);
	char *end;

	if (!text || !isxdigit((unsigned char)*text)) /* strtoull() would go on in the next line */
		return false;
	*value = strtoull(text, &end, 16);
	return end != text;
}

bool vmcoreinfo_decimal(const char *info, const char *key, uint64_t *value)
{
	const char *text = find(info, key);
	char *end;

	if (!text || !isdigit((unsigned char)*text))
		return false;
	*value = strtoull(text, &end, 10);
	return end != text;
}

bool vmcoreinfo_symbol(const char *info, const char *name, uint64_t *value)
{
	char key[80];

	snprintf(key, sizeof(key), "SYMBOL(%s)", name);
	return vmcoreinfo_hex(info, key, value);
}

bool vmcoreinfo_number(const char *info, const char *name, int64_t *value)
{
	const char *text;
	char key[80], *end;

	snprintf(key, sizeof(key), "NUMBER(%s)", name);
	text = find(info, key);
	if (!text || !isdigit((unsigned char)text[*text == '-']))
		return false;
	*value = strtoll(text, &end, 0);
	return end != text;
}
