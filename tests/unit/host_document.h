/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_document.h - reports with all that a host knows
 */
#ifndef TESTS_HOST_DOCUMENT_H
#define TESTS_HOST_DOCUMENT_H

#include "tests/lib/unit.h"
#include "tests/render/golden.h"
#include "tests/render/host_sample.h"

static struct sample late, early;
static struct host_sample late_host, early_host;
static struct scxray_document doc;

/* A pair that a plugin has taken. */
static inline void live_pair(void)
{
	sample_init(&late);
	sample_init(&early);
	sample_make_early(&early);
	host_sample_init(&late_host, HOST_SAMPLES);
	host_sample_init(&early_host, 12);
	host_sample_make_early(&early_host);
	host_sample_give(&late.r, &late_host);
	host_sample_give(&early.r, &early_host);
}

static inline void end(void)
{
	sample_deinit(&late);
	sample_deinit(&early);
}

static const char *has(const char *text, const char *part)
{
	const char *at = strstr(text, part);

	ck_assert_msg(at, "no %s in:\n%.3000s", part, text);
	return at;
}

static char *render_with(const struct scxray_text_options *options)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	ck_assert_int_eq(scxray_render_text(&doc, options, out), 0);
	fclose(out);
	return text;
}

#endif
