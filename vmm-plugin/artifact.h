/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * artifact.h - the files of a run: their names, and how they come onto the disk
 *
 *	TEST.scxray.txt			the first failure's report
 *	TEST.scxray.json		the same
 *	TEST.scxray.core.zst		what it was made from
 *	TEST.scxray.early.core.zst	what its early half was made from
 *	TEST.scxray.2.txt		the second failure of the run, and so on
 *	TEST.scxray.early-only.txt	an early half whose late one never came
 *	TEST.scxray.early-degraded.txt	an early half at which vCPUs did not park
 *
 * The number stands behind ".scxray" so that no test's files can be another's, whose name
 * ends in a number.  A file is there complete or not at all.  All calls on one thread.
 */
#ifndef VMM_PLUGIN_ARTIFACT_H
#define VMM_PLUGIN_ARTIFACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <scxray/error.h>

#include "settings.h"

enum artifact_kind {
	ARTIFACT_REPORT,
	ARTIFACT_EARLY_ONLY,
	ARTIFACT_EARLY_DEGRADED,
	ARTIFACT_NR_KINDS,
};

enum artifact_part {
	ARTIFACT_TEXT,
	ARTIFACT_JSON,
	ARTIFACT_CORE,
	ARTIFACT_EARLY_CORE,
	ARTIFACT_NR_PARTS,
};

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

/* Writes to `out`; 0, or -1 with *err. */
typedef int artifact_writer(void *arg, FILE *out, struct scxray_error *err);

/* Writes one file, whole.  0, or -1 with *err: which file, why, what to do. */
int artifact_write(struct artifacts *artifacts, enum artifact_kind kind, unsigned number,
		   enum artifact_part part, artifact_writer *writer, void *arg,
		   struct scxray_error *err);

/* Paths of all files that were written, in that order. */
const char *const *artifacts_written(const struct artifacts *artifacts, size_t *nr);

/*
 * For tests: a test's name as a file name, to be freed (NULL: out of memory); and whether `file`
 * is one of the names above (or such a file's temporary one) for `name`.
 */
char *artifact_safe_name(const char *name);
bool artifact_is_ours(const char *file, const char *name);

#endif
