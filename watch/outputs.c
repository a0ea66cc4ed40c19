/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outputs.c - what goes into the files of one report
 */
#include <errno.h>
#include <string.h>

#include "now.h"
#include "outputs.h"

static int stream_failed(struct scxray_error *err)
{
	return scxray_fail(err, SCXRAY_ERR_IO, 0, "%s", strerror(errno ? errno : EIO));
}

static int write_text(void *arg, FILE *out, struct scxray_error *err)
{
	const struct outputs *o = arg;
	struct scxray_text_options text = {
		.width = o->settings->width,
		.color = o->settings->color,
	};

	errno = 0;
	return scxray_render_text(o->doc, &text, out) ? stream_failed(err) : 0;
}

static int write_json(void *arg, FILE *out, struct scxray_error *err)
{
	const struct outputs *o = arg;

	errno = 0;
	return scxray_render_json(o->doc, out) ? stream_failed(err) : 0;
}

static int write_html(void *arg, FILE *out, struct scxray_error *err)
{
	const struct outputs *o = arg;

	errno = 0;
	return scxray_render_html(o->doc, out) ? stream_failed(err) : 0;
}

static int write_late_core(void *arg, FILE *out, struct scxray_error *err)
{
	const struct outputs *o = arg;

	return scxray_core_write(o->late, out, err);
}

static int write_early_core(void *arg, FILE *out, struct scxray_error *err)
{
	const struct outputs *o = arg;

	return scxray_core_write(o->early, out, err);
}

static const struct {
	output_writer *writer;
	uint32_t format; /* 0: a core */
} parts[ARTIFACT_NR_PARTS] = {
	[ARTIFACT_TEXT] = { write_text, FORMAT_TEXT },
	[ARTIFACT_JSON] = { write_json, FORMAT_JSON },
	[ARTIFACT_HTML] = { write_html, FORMAT_HTML },
	[ARTIFACT_CORE] = { write_late_core, 0 },
	[ARTIFACT_EARLY_CORE] = { write_early_core, 0 },
};

bool outputs_want(const struct settings *settings, enum artifact_part part, bool late, bool early)
{
	if (parts[part].format)
		return settings->formats & parts[part].format;
	return settings->core && (part == ARTIFACT_CORE ? late : early);
}

void outputs_write(const struct outputs *outputs, output_sink *sink, void *context)
{
	uint64_t start = now_ns();

	for (unsigned part = 0; part < ARTIFACT_NR_PARTS; part++) {
		if (!outputs_want(outputs->settings, part, outputs->late, outputs->early))
			continue;
		sink(context, part, parts[part].writer, (void *)outputs);
		if (part == ARTIFACT_TEXT)
			outputs->doc->text_write_us = (now_ns() - start) / NS_PER_US;
	}
}
