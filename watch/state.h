/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * state.h - what the watcher knows of the guest, and what it has taken of it
 */
#ifndef WATCH_STATE_H
#define WATCH_STATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "attach.h"
#include "decide.h"
#include "hooks.h"
#include "moment.h"
#include "now.h"
#include "reports.h"

struct watch {
	struct watch_hooks hooks;
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
	struct watchpoint_words watched; /* what the watchpoint is set to */
	uint64_t demanded; /* the scheduler, plus 1, of which the host had its late report */
	bool has_word;	   /* the exit kind is worth reading, where `look` saw it */
	atomic_ullong parking_since_ms;
};

/* The clock of all times here: milliseconds, monotonic, never 0. */
static inline uint64_t watch_now_ms(void)
{
	return now_ns() / NS_PER_MS + 1;
}

#endif
