/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * progress.h - how far the watch is, for a person at a terminal
 */
#ifndef WATCH_PROGRESS_H
#define WATCH_PROGRESS_H

#include <stdbool.h>

#include <scxray/live.h>

/* A copy of what the watcher knew after a look; all zero: no kernel yet. */
struct watch_progress {
	bool found;			/* the guest's kernel is */
	bool running;			/* a scheduler is attached and has not ended */
	struct scxray_num hz;		/* jiffies a second */
	struct scxray_num age;		/* jiffies, signed, as scxray_look.max_runnable_age */
	struct scxray_num timeout;	/* jiffies, as scxray_look.watchdog_timeout */
	bool none_runnable;		/* so `age` is NONE; else that means that it is unknown */
	struct scxray_live_names names; /* the guest's: escape them */
};

#endif
