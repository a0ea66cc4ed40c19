/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reports.h - from moments to files: which belong together, and what becomes of them
 *
 *	late after early	TEST.scxray: a dual report
 *	late alone		the same, with the reason why there is no early half
 *	late degraded		TEST.scxray: a degraded report; an early half goes to .early-only
 *	early degraded		goes to .early-degraded when its late half is written, or at the end
 *	early alone		goes to .early-only, at the end or when the next scheduler's comes
 *
 * An early moment waits undecoded: a late one never waits for it.  The first failure of a run has
 * the plain name, later ones a number, up to max_reports.  Another thread writes the files (writer.h).
 * All calls on the watcher's thread but reports_stop(); none under a freeze.
 */
#ifndef WATCH_REPORTS_H
#define WATCH_REPORTS_H

#include "artifact.h"
#include "hooks.h"
#include "log.h"
#include "moment.h"

struct reports;

/* NULL and *err: as artifacts_create().  Settings and log are borrowed. */
struct reports *reports_create(const struct settings *settings, const struct log *log,
			       struct scxray_error *err);
/* Before the first moment; borrowed. */
void reports_set_hooks(struct reports *reports, const struct watch_hooks *hooks);

/* Writes nothing. */
void reports_destroy(struct reports *reports);

/* Is an early moment of this scheduler waiting? */
bool reports_has_early(const struct reports *reports, uint64_t instance);

/* Are there as many reports as there may be? */
bool reports_full(const struct reports *reports);

/*
 * Why a late moment of this scheduler will have no early half: NULL if it will have, or if
 * it is for the caller to say.  Valid until the next call.
 */
const char *reports_skipped_reason(struct reports *reports, uint64_t instance);

/* Both take the moment. */
void reports_early(struct reports *reports, struct moment *moment);
void reports_late(struct reports *reports, struct moment *moment);

/* A moment was to be taken, and is lost: finish() tells. */
void reports_lost(struct reports *reports, enum scxray_plugin_status status, const char *text);

/* Any thread: what is not written yet never will be. */
void reports_stop(struct reports *reports);

/* Writes what still waits; all files are on disk when it returns, or never will be. */
void reports_end(struct reports *reports);

/* How all that was written went: for finish(), after reports_end().  Valid as long as `reports`. */
void reports_status(const struct reports *reports, struct scxray_plugin_result *result);

#endif
