/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * artifact_name.h - what the files of a run are called
 *
 *	TEST.scxray.txt			the first failure's report
 *	TEST.scxray.json		the same
 *	TEST.scxray.html		the same as a page
 *	TEST.scxray.core.zst		what it was made from
 *	TEST.scxray.early.core.zst	what its early half was made from
 *	TEST.scxray.2.txt		the second failure of the run, and so on
 *	TEST.scxray.early-only.txt	an early half whose late one never came
 *	TEST.scxray.early-degraded.txt	an early half at which vCPUs did not park
 *
 * The number comes after ".scxray" so that no test's files can be another's, whose name
 * ends in a number.
 */
#ifndef WATCH_ARTIFACT_NAME_H
#define WATCH_ARTIFACT_NAME_H

#include <stdbool.h>

enum artifact_kind {
	ARTIFACT_REPORT,
	ARTIFACT_EARLY_ONLY,
	ARTIFACT_EARLY_DEGRADED,
	ARTIFACT_NR_KINDS,
};

enum artifact_part {
	ARTIFACT_TEXT,
	ARTIFACT_JSON,
	ARTIFACT_HTML,
	ARTIFACT_CORE,
	ARTIFACT_EARLY_CORE,
	ARTIFACT_NR_PARTS,
};

/* All names are to be freed; NULL: out of memory. */

/* A test's name as a file's: plain characters alone, and not longer than a file's name may be. */
char *artifact_safe_name(const char *name);

/* The same of a name that is a file's already: it is only cut where it is too long. */
char *artifact_log_name(const char *name);

/* `name` is one of the two above; `number` counts from 1. */
char *artifact_file_name(const char *name, enum artifact_kind kind, unsigned number,
			 enum artifact_part part);

/* Is `file` one of these, or such a file's temporary one, for `name`? */
bool artifact_is_ours(const char *file, const char *name);

#endif
