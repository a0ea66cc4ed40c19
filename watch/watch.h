/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch.h - what the watcher's thread does, step by step
 *
 *	watch_tick()	what is due: find the kernel, look, decide, freeze
 *	watch_trigger()	the host's demand
 *	watch_change_ram()	guest RAM comes or goes
 *	watch_end()	a last look, and what still waits is written
 *	watch_stop()	vCPUs are left alone from now on
 *
 * All on one thread.  What it takes is written by take.h.
 */
#ifndef WATCH_WATCH_H
#define WATCH_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "progress.h"
#include "state.h"

/* Borrows all.  0, or -1 with *err; deinit in either case. */
int watch_init(struct watch *watch, const struct settings *settings, const struct log *log,
	       struct watch_machine *machine, struct scxray_live *live, struct perf *perf,
	       struct scxray_error *err);
void watch_deinit(struct watch *watch);

/* When the next tick is due. */
uint64_t watch_next_ms(const struct watch *watch);

/* Is the word of the exit kind worth reading between ticks, and has it changed? */
bool watch_wants_word(const struct watch *watch);
bool watch_word(struct watch *watch);

void watch_tick(struct watch *watch);
enum scxray_plugin_status watch_trigger(struct watch *watch, enum scxray_plugin_moment moment,
					const char *why);
/* Guest RAM that comes, or (NULL) the region that goes. */
struct watch_ram {
	const struct scxray_live_region *add;
	uint64_t gone; /* where it begins */
};

enum scxray_plugin_status watch_change_ram(struct watch *watch, const struct watch_ram *change);

/* What the last look showed.  The watcher's thread, never under a freeze: reads the names in the guest. */
void watch_read_progress(const struct watch *watch, struct watch_progress *progress);

void watch_end(struct watch *watch);
void watch_stop(struct watch *watch);
void watch_status(const struct watch *watch, struct scxray_plugin_result *result);

#endif
