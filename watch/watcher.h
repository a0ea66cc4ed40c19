/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watcher.h - the thread that watches
 *
 * It finds the guest's kernel (attach.h), looks at its scheduler (live.h), decides (decide.h),
 * freezes and records (moment.h) and writes reports (reports.h), each in turn: nothing else
 * touches those parts.  Others reach it by a queue of requests and an eventfd.
 */
#ifndef WATCH_WATCHER_H
#define WATCH_WATCHER_H

#include "machine.h"
#include "log.h"
#include "perf.h"
#include "progress.h"
#include "settings.h"

struct watcher;
struct watch_hooks;

/*
 * All is borrowed.  The thread runs from watcher_start() on: before that, calls may still fail
 * without a thread to end.  NULL and *err on failure.
 */
struct watcher *watcher_create(const struct settings *settings, const struct log *log,
			       struct watch_machine *machine, struct scxray_live *live,
			       struct perf *perf, struct scxray_error *err);
int watcher_start(struct watcher *watcher, struct scxray_error *err);

/* Before watcher_start(): what the host is told at once (copied); without it, nothing. */
void watcher_set_hooks(struct watcher *watcher, const struct watch_hooks *hooks);

/* trigger() of plugin.h.  Any thread but a running vCPU's; several wait for each other. */
enum scxray_plugin_status watcher_trigger(struct watcher *watcher, int32_t moment, const char *why);

/* add_region() and remove_region() of plugin.h: when they return, the change is made.  As trigger. */
enum scxray_plugin_status watcher_add_ram(struct watcher *watcher,
					  const struct scxray_live_region *region);
enum scxray_plugin_status watcher_remove_ram(struct watcher *watcher, uint64_t gpa);

/* What it last knew, some tenths of a second old.  Any thread. */
void watcher_progress(struct watcher *watcher, struct watch_progress *progress);

/* finish() of plugin.h; the thread has ended when it returns.  *result is valid until destroy. */
void watcher_finish(struct watcher *watcher, struct scxray_plugin_result *result);

/* Ends the thread if it runs, without writing anything more. */
void watcher_destroy(struct watcher *watcher);

#endif
