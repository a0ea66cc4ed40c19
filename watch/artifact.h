/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * artifact.h - the files of a run, and how they come onto the disk
 *
 * A file is there complete or not at all.  All calls on one thread.
 */
#ifndef WATCH_ARTIFACT_H
#define WATCH_ARTIFACT_H

#include <stddef.h>
#include <stdio.h>

#include <scxray/error.h>
#include <scxray/file.h>

#include "artifact_name.h"
#include "settings.h"

struct artifacts;

/*
 * Settles folder and name, and removes what an earlier run left under these names.  NULL and
 * *err: no such folder, or it can't be written to, or a file of old can't be removed.
 */
struct artifacts *artifacts_create(const struct settings *settings, struct scxray_error *err);
void artifacts_destroy(struct artifacts *artifacts);

/* The path of a file, to be freed; NULL: out of memory.  `number` counts from 1. */
char *artifact_path(const struct artifacts *artifacts, enum artifact_kind kind, unsigned number,
		    enum artifact_part part);

/*
 * Opens one file, which is not there under its name yet; artifact_end() must follow.
 * 0, or -1 with *err: which file, why, what to do.
 */
int artifact_begin(const struct artifacts *artifacts, enum artifact_kind kind, unsigned number,
		   enum artifact_part part, struct scxray_file *file, struct scxray_error *err);

/* The file is whole, and gets its name; or it is not, for the reason *why, and goes.  0, or -1 with *err. */
int artifact_end(struct artifacts *artifacts, struct scxray_file *file,
		 const struct scxray_error *why, struct scxray_error *err);

/* Writes to `out`; 0, or -1 with *err. */
typedef int artifact_writer(void *arg, FILE *out, struct scxray_error *err);

/* Writes one file, whole.  0, or -1 with *err: which file, why, what to do. */
int artifact_write(struct artifacts *artifacts, enum artifact_kind kind, unsigned number,
		   enum artifact_part part, artifact_writer *writer, void *arg,
		   struct scxray_error *err);

/* Paths of all files that were written, in that order. */
const char *const *artifacts_written(const struct artifacts *artifacts, size_t *nr);

#endif
