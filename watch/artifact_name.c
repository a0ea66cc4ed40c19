/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * artifact_name.c - what the files of a run are called
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "artifact_name.h"

/* Leaves room for what is put after it within the 255 bytes of a file's name. */
#define MAX_NAME 180

static const char *const tags[ARTIFACT_NR_KINDS] = {
	[ARTIFACT_REPORT] = "",
	[ARTIFACT_EARLY_ONLY] = ".early-only",
	[ARTIFACT_EARLY_DEGRADED] = ".early-degraded",
};

static const char *const ends[ARTIFACT_NR_PARTS] = {
	[ARTIFACT_TEXT] = ".txt",
	[ARTIFACT_JSON] = ".json",
	[ARTIFACT_HTML] = ".html",
	[ARTIFACT_CORE] = ".core.zst",
	[ARTIFACT_EARLY_CORE] = ".early.core.zst",
};

static bool is_plain(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       strchr("._-+=@,", c);
}

/* FNV-1a: tells names apart that look the same once they are made safe. */
static uint32_t hash_of(const char *text)
{
	uint32_t hash = 2166136261u;

	while (*text)
		hash = (hash ^ (unsigned char)*text++) * 16777619u;
	return hash;
}

/* Names with other bytes than ASCII, and long ones, end in a hash: else two could become one. */
static char *named(const char *name, bool exact)
{
	char safe[MAX_NAME + 1], *result;
	bool hashed = strlen(name) > MAX_NAME;
	size_t len = 0;

	for (; len < MAX_NAME && name[len]; len++) {
		unsigned char c = (unsigned char)name[len];

		safe[len] = exact || (is_plain(c) && (len || c != '.')) ? (char)c : '_';
		hashed |= !exact && c >= 0x80;
	}
	safe[len] = '\0';
	if (!hashed)
		return strdup(len ? safe : "vm");
	return asprintf(&result, "%s-%08x", safe, hash_of(name)) < 0 ? NULL : result;
}

char *artifact_safe_name(const char *name)
{
	return named(name, false);
}

char *artifact_log_name(const char *name)
{
	return named(name, true);
}

char *artifact_file_name(const char *name, enum artifact_kind kind, unsigned number,
			 enum artifact_part part)
{
	char counted[16] = "", *file;

	if (number > 1)
		snprintf(counted, sizeof(counted), ".%u", number);
	return asprintf(&file, "%s.scxray%s%s%s", name, tags[kind], counted, ends[part]) < 0 ? NULL
											     : file;
}

static const char *skip_number(const char *s)
{
	const char *digits = s + 1;

	if (*s != '.' || *digits < '0' || *digits > '9')
		return s;
	while (*digits >= '0' && *digits <= '9')
		digits++;
	return digits;
}

/* What may follow one of the ends: nothing, or what file.h puts there while it is written. */
static bool is_end(const char *s)
{
	const char *after;

	if (!*s)
		return true;
	if (strncmp(s, ".tmp", 4))
		return false;
	after = skip_number(s + 4);
	return after != s + 4 && !*skip_number(after);
}

bool artifact_is_ours(const char *file, const char *name)
{
	static const char middle[] = ".scxray";
	size_t len = strlen(name);

	if (strncmp(file, name, len) || strncmp(file + len, middle, strlen(middle)))
		return false;
	file += len + strlen(middle);
	for (size_t t = 0; t < ARTIFACT_NR_KINDS; t++) {
		const char *rest = file + strlen(tags[t]);

		if (strncmp(file, tags[t], strlen(tags[t])))
			continue;
		rest = skip_number(rest);
		for (size_t e = 0; e < ARTIFACT_NR_PARTS; e++)
			if (!strncmp(rest, ends[e], strlen(ends[e])) &&
			    is_end(rest + strlen(ends[e])))
				return true;
	}
	return false;
}
