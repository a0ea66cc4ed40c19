/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * take.h - the freezes that the watcher asks for, and what becomes of their moments
 *
 * An early one waits with the reports for its late one.  A late one is kept for watch_write(): the
 * caller that waited for the freeze does not wait for files.
 */
#ifndef WATCH_TAKE_H
#define WATCH_TAKE_H

#include "state.h"

/* Both: what the host's trigger() would be told.  `witnesses` as in moment_wish. */
enum scxray_plugin_status watch_take_early(struct watch *watch, const char *why);
enum scxray_plugin_status watch_take_late(struct watch *watch, const char *why, bool witnesses);

/* Writes the report of a late moment that was taken; nothing where there is none. */
void watch_write(struct watch *watch);

/* Since when vCPUs are being waited for; 0: they are not.  Any thread. */
uint64_t watch_parking_since_ms(struct watch *watch);

#endif
