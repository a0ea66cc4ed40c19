/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watch.h - what the watcher's thread does, step by step
 *
 *	watch_tick()	what is due: find the kernel, look, decide, freeze
 *	watch_trigger()	the host's demand
 *	watch_write()	reports of what was taken: after who waited for it went on
 *	watch_end()	a last look, and what still waits is written
 *	watch_stop()	vCPUs are left alone from now on
 *
 * All on one thread, but watch_parking_since_ms().
 */
#ifndef WATCH_WATCH_H
#define WATCH_WATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "attach.h"
#include "decide.h"
#include "moment.h"
#include "now.h"
#include "reports.h"

struct watch {
	const struct settings *settings;
	const struct log *log;
	struct moment_scene scene;
	struct attach attach;
	struct decide decide;
	struct reports *reports;
	struct scxray_look look;
	struct moment *spare; /* made while there is time; NULL: the next freeze makes it first */
	struct moment *late;  /* taken, and not yet written */
	uint64_t next_look_ms;
	uint64_t next_sample_ms;
	uint64_t next_prepare_ms;	 /* 0: there is nothing to prepare */
	struct watchpoint_words watched; /* where the watchpoint stands */
	uint64_t demanded; /* the scheduler, plus 1, of which the host had its late report */
	bool has_word;	   /* the exit kind is worth reading, where `look` saw it */
	atomic_ullong parking_since_ms;
};

/* Borrows all.  0, or -1 with *err; deinit in either case. */
int watch_init(struct watch *watch, const struct settings *settings, const struct log *log,
	       struct watch_machine *machine, struct scxray_live *live, struct perf *perf,
	       struct scxray_error *err);
void watch_deinit(struct watch *watch);

/* The clock of all times here: milliseconds, monotonic, never 0. */
static inline uint64_t watch_now_ms(void)
{
	return now_ns() / NS_PER_MS + 1;
}

/* When the next tick is due. */
uint64_t watch_next_ms(const struct watch *watch);

/* Is the word of the exit kind worth reading between ticks, and has it changed? */
bool watch_wants_word(const struct watch *watch);
bool watch_word(struct watch *watch);

void watch_tick(struct watch *watch);
enum scxray_plugin_status watch_trigger(struct watch *watch, enum scxray_plugin_moment moment,
					const char *why);
void watch_write(struct watch *watch);
void watch_end(struct watch *watch);
void watch_stop(struct watch *watch);
enum scxray_plugin_status watch_status(const struct watch *watch, const char **message,
				       const char *const **paths, size_t *nr_paths);

/* Since when vCPUs are being waited for; 0: they are not.  Any thread. */
uint64_t watch_parking_since_ms(struct watch *watch);

#endif
