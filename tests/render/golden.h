/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * golden.h - documents against golden files
 *
 * RENDER_GOLDEN=write writes the golden files anew; read them before you commit.
 */
#ifndef TESTS_RENDER_GOLDEN_H
#define TESTS_RENDER_GOLDEN_H

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <scxray/render.h>

#define FOLDER "tests/render/golden/"

enum format {
	TEXT,
	JSON
};

/* Not inlined: gcc takes what open_memstream() gave for the local variable it stood in. */
__attribute__((noinline)) static char *render_document(const struct scxray_document *doc,
						       enum format format, unsigned width,
						       bool color)
{
	struct scxray_text_options options = { .width = width, .color = color };
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	ck_assert_int_eq(format == JSON ? scxray_render_json(doc, out)
					: scxray_render_text(doc, &options, out),
			 0);
	fclose(out);
	return text;
}

/* Golden files know no version. */
static void hide_version(char *json)
{
	char *at = strstr(json, "\"generator\":\"scxray "), *end;

	if (!at)
		return;
	at += strlen("\"generator\":\"scxray ");
	end = strchr(at, '"');
	*at = '*';
	memmove(at + 1, end, strlen(end) + 1);
}

static char *read_file(const char *path)
{
	FILE *f = fopen(path, "r");
	char *text = NULL;
	size_t cap = 0;
	ssize_t n;

	ck_assert_msg(f, "%s: %s", path, strerror(errno));
	n = getdelim(&text, &cap, '\0', f);
	fclose(f);
	ck_assert_int_gt(n, 0);
	return text;
}

__attribute__((unused)) static void check_golden(const struct scxray_document *doc,
						 enum format format, unsigned width, bool color,
						 const char *name)
{
	char *got = render_document(doc, format, width, color), *expect, path[128];
	const char *mode = getenv("RENDER_GOLDEN");
	size_t line = 1;

	snprintf(path, sizeof(path), FOLDER "%s", name);
	hide_version(got);
	if (mode && !strcmp(mode, "write")) {
		FILE *f = fopen(path, "w");

		ck_assert_msg(f, "%s: %s", path, strerror(errno));
		fputs(got, f);
		fclose(f);
	}
	expect = read_file(path);
	for (char *a = got, *b = expect; *a || *b; a++, b++) {
		ck_assert_msg(*a == *b, "%s:%zu: got ...%.60s", path, line, a);
		line += *a == '\n';
	}
	free(got);
	free(expect);
}

#endif
