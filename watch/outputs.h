/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * outputs.h - what goes into the files of one report
 *
 * The same in the process that was watching and in the one that makes reports for it.
 */
#ifndef WATCH_OUTPUTS_H
#define WATCH_OUTPUTS_H

#include <scxray/capture.h>
#include <scxray/render.h>

#include "artifact_name.h"
#include "settings.h"

/* Writes to `out`; 0, or -1 with *err. */
typedef int output_writer(void *arg, FILE *out, struct scxray_error *err);

/* Brings one file about: calls `writer` with `arg` and a stream, and sees to its end. */
typedef void output_sink(void *context, enum artifact_part part, output_writer *writer, void *arg);

struct outputs {
	const struct settings *settings;
	struct scxray_document *doc;
	struct scxray_source *late;  /* for its core; NULL: it gets none */
	struct scxray_source *early; /* the same */
};

/* Does the report of these get such a file? */
bool outputs_want(const struct settings *settings, enum artifact_part part, bool late, bool early);

/*
 * Calls `sink` for each file that the settings ask for; cores last, since rendering shows nothing of
 * them.  Sets doc->text_write_us.  All on this thread.
 */
void outputs_write(const struct outputs *outputs, output_sink *sink, void *context);

#endif
