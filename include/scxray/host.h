/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host.h - what the host knows of a capture and guest memory does not hold
 *
 * The plugin fills a `struct scxray_host` and gives it to the snapshot's source; from there it
 * goes into the report and into the core, so that a replay prints the same.  An offline
 * image has none.  Plain data: all pointers are borrowed until scxray_source_set_host()
 * returns, which copies them; those in a report are the report's.
 */
#ifndef SCXRAY_HOST_H
#define SCXRAY_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <scxray/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct scxray_source;

/* How long one freeze took. */
struct scxray_freeze_timing {
	uint64_t park_us;	/* first kick to last vCPU parked, or to giving up */
	uint64_t capture_us;	/* the walk under the freeze */
	uint64_t thaw_us;	/* end of the walk to the last vCPU let go */
	uint64_t frozen_us;	/* first kick to the last vCPU let go: what the guest lost */
	int64_t guest_clock_us; /* the part of that which the guest's clock counted; -1: not known */
	const char *clock;	/* how clocks were held back, or why not */
	const char *devices;	/* "paused", or why not; NULL: the host did not offer it */
	uint64_t bytes_copied;
	bool cut_by_deadline; /* the capture deadline cut the walk short */
	bool cut_by_budget;
	uint64_t resolve_us; /* finding the kernel, while the guest ran */
	/* stacks of tasks that slept, copied while the guest ran again */
	uint64_t after_thaw_us;
	uint64_t after_thaw_bytes;
	uint64_t stacks_lost; /* tasks that ran before theirs was copied */
	/* "copy": under the freeze; "cow": RAM was write-protected under it, and copied after the thaw */
	const char *method;
	const char *method_reason;
	uint64_t protect_us;  /* cow: the protection, under the freeze */
	uint64_t saved_bytes; /* cow: pages that were about to be written */
};

/* Counters of one vCPU's thread, the guest's part alone (exclude_host). */
struct scxray_perf {
	const char *unavailable; /* why there are none; NULL: there are */
	uint64_t cycles;
	uint64_t instructions;
	uint64_t cache_misses;
	uint64_t branch_misses;
	uint64_t time_enabled_ns;
	uint64_t time_running_ns;
};

/* One number over time: SCX_EV_... counters, and "nr_running", "builtin_dsq_depth", "max_runnable_age_ms". */
struct scxray_series {
	const char *name;
	const uint64_t *values; /* nr_samples of them */
};

struct scxray_timeline {
	const uint64_t *elapsed_ms; /* since the scheduler was first seen; ascending */
	size_t nr_samples;
	const struct scxray_series *series; /* events first, then the others */
	size_t nr_series;
	size_t nr_events;   /* how many of the series are event counters */
	uint64_t nr_taken;  /* samples taken in all; older ones are thinned out */
	uint64_t period_ms; /* of the newest samples */
};

/* Set where vCPUs did not park. */
struct scxray_degraded {
	const char *reason; /* report.md section 1: "vCPU rendezvous timed out before ..." */
	uint64_t elapsed_ms;
	uint32_t nr_parked;
	uint32_t nr_vcpus;
	bool watchpoint_hit;
	const char *latch; /* "triggered", "not_triggered", "out_of_bounds", "not_resolved" */
	bool has_exit_kind;
	uint64_t exit_kind;
};

struct scxray_host {
	const char *
		trigger; /* what fired: "watchpoint on exit_kind (vCPU 2)", "poll of exit_kind", ... */
	const char *watchpoint;		  /* "armed", or why not */
	const char *moment;		  /* "early", "late" */
	const char *early_skipped_reason; /* of a late half without an early one; else NULL */
	uint64_t max_age_jiffies;	  /* greatest runnable age seen when it fired */
	uint64_t threshold_jiffies;	  /* 0: not known */
	bool has_timing;
	struct scxray_freeze_timing timing;
	const struct scxray_perf *perf; /* per vCPU */
	size_t nr_perf;
	const char *perf_unavailable; /* for all */
	struct scxray_timeline timeline;
	const char *timeline_unavailable;
	bool is_degraded;
	struct scxray_degraded degraded;
};

/*
 * Puts a copy of *host into the source, in place of an earlier one: later captures and
 * cores of it carry it.  0, or -1 with *err (no memory, or larger than any core may hold).
 */
int scxray_source_set_host(struct scxray_source *source, const struct scxray_host *host,
			   struct scxray_error *err);

#ifdef __cplusplus
}
#endif
#endif
