/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch_take.h - the freezes that the watcher asks for, and what becomes of their moments
 *
 * An early one waits with the reports for its late one.  A late one is kept for watch_write(): who
 * waited for the freeze does not wait for files.
 */
#ifndef WATCH_WATCH_TAKE_H
#define WATCH_WATCH_TAKE_H

#include "watch.h"

/* Both: what the host's trigger() would be told.  `witnesses` as in moment_wish. */
enum scxray_plugin_status watch_take_early(struct watch *watch, const char *why);
enum scxray_plugin_status watch_take_late(struct watch *watch, const char *why, bool witnesses);

#endif
