/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * moment.h - one freeze, and what was recorded under it
 *
 *	moment = moment_create(&scene, &err)	while the guest runs: takes memory
 *	moment_take(moment, &scene, &wish)	freeze, walk, thaw
 *	... moment_source(moment)		any time later: what a report is made from
 *
 * Where vCPUs do not park the others go on, and memory is walked while the guest runs: a degraded
 * moment.
 */
#ifndef WATCH_MOMENT_H
#define WATCH_MOMENT_H

#include <scxray/live.h>
#include <scxray/plugin.h>

#include "machine.h"
#include "perf.h"
#include "settings.h"
#include "samples.h"

/* What moments are taken of; all borrowed. */
struct moment_scene {
	struct watch_machine *machine;
	struct scxray_live *live;
	struct perf *perf;
	struct samples *samples;
	const struct settings *settings;
	const char *no_cow; /* why RAM is never write-protected (static text); NULL: it may be */
};

/* One moment, as it is asked for. */
struct moment_wish {
	enum scxray_plugin_moment which;
	const char *why;
	bool witnesses;	   /* where the watchpoint was hit as well, that is why */
	uint64_t instance; /* of the scheduler, as decide.h counts them */
	uint64_t max_age;  /* jiffies, as the look saw it that fired; 0: not known */
	uint64_t threshold;
	uint64_t resolve_us;
	uint64_t now_ms;		  /* of the samples' clock */
	const char *early_skipped_reason; /* of a late one; may be NULL */
	const char *no_kernel;		  /* why there is nothing to walk; NULL: there is */
};

struct moment;

/* Room for one moment.  NULL and *err: out of memory. */
struct moment *moment_create(const struct moment_scene *scene, struct scxray_error *err);
void moment_destroy(struct moment *moment);

/* Blocks for park_deadline_ms and capture_deadline_ms at most.  Once for each moment. */
void moment_take(struct moment *moment, const struct moment_scene *scene,
		 const struct moment_wish *wish);

uint64_t moment_instance(const struct moment *moment);

/* What fired it. */
const char *moment_why(const struct moment *moment);

/* Why it is degraded; NULL: all vCPUs had parked. */
const char *moment_degraded(const struct moment *moment);

/* For how many milliseconds the guest was frozen. */
double moment_frozen_ms(const struct moment *moment);

/* With what the host knows set.  NULL and *err: there is none. */
struct scxray_source *moment_source(struct moment *moment, struct scxray_error *err);

/*
 * Where no kernel could be found: a report of the vCPUs' registers alone, with `reason` for all
 * that are missing in it (both borrowed).  For rendering; released with moment_bare_deinit().
 * 0, or -1: out of memory.
 */
int moment_bare_init(struct scxray_report *report, const struct moment *moment, const char *reason);
void moment_bare_deinit(struct scxray_report *report);

#endif
