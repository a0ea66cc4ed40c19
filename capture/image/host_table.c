/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_table.c - which members of what the host knows go into the bytes, and how
 */
#include <stddef.h>

#include <base/array.h>

#include <scxray/host.h>

#include "capture/image/host.h"

#define MEMBER(tag, kind, type, member)            \
	{                                          \
		tag, kind, offsetof(type, member), \
	}
#define HOST(tag, kind, member) MEMBER(tag, kind, struct scxray_host, member)
#define PERF(tag, kind, member) MEMBER(tag, kind, struct scxray_perf, member)

static const struct host_member host_members[] = {
	HOST(HOST_TRIGGER, HOST_STRING, trigger),
	HOST(HOST_WATCHPOINT, HOST_STRING, watchpoint),
	HOST(HOST_MOMENT, HOST_STRING, moment),
	HOST(HOST_EARLY_SKIPPED, HOST_STRING, early_skipped_reason),
	HOST(HOST_MAX_AGE, HOST_U64, max_age_jiffies),
	HOST(HOST_THRESHOLD, HOST_U64, threshold_jiffies),
	HOST(HOST_PERF_UNAVAILABLE, HOST_STRING, perf_unavailable),
	HOST(HOST_TIMELINE_UNAVAILABLE, HOST_STRING, timeline_unavailable),
	HOST(HOST_HAS_TIMING, HOST_BOOL, has_timing),
	HOST(HOST_PARK_US, HOST_U64, timing.park_us),
	HOST(HOST_CAPTURE_US, HOST_U64, timing.capture_us),
	HOST(HOST_THAW_US, HOST_U64, timing.thaw_us),
	HOST(HOST_FROZEN_US, HOST_U64, timing.frozen_us),
	HOST(HOST_GUEST_CLOCK_US, HOST_U64, timing.guest_clock_us),
	HOST(HOST_CLOCK, HOST_STRING, timing.clock),
	HOST(HOST_DEVICES, HOST_STRING, timing.devices),
	HOST(HOST_BYTES_COPIED, HOST_U64, timing.bytes_copied),
	HOST(HOST_CUT_BY_DEADLINE, HOST_BOOL, timing.cut_by_deadline),
	HOST(HOST_CUT_BY_BUDGET, HOST_BOOL, timing.cut_by_budget),
	HOST(HOST_RESOLVE_US, HOST_U64, timing.resolve_us),
	HOST(HOST_TIMELINE_TAKEN, HOST_U64, timeline.nr_taken),
	HOST(HOST_TIMELINE_PERIOD, HOST_U64, timeline.period_ms),
	HOST(HOST_IS_DEGRADED, HOST_BOOL, is_degraded),
	HOST(HOST_REASON, HOST_STRING, degraded.reason),
	HOST(HOST_ELAPSED_MS, HOST_U64, degraded.elapsed_ms),
	HOST(HOST_NR_PARKED, HOST_U32, degraded.nr_parked),
	HOST(HOST_NR_VCPUS, HOST_U32, degraded.nr_vcpus),
	HOST(HOST_WATCHPOINT_HIT, HOST_BOOL, degraded.watchpoint_hit),
	HOST(HOST_LATCH, HOST_STRING, degraded.latch),
	HOST(HOST_HAS_EXIT_KIND, HOST_BOOL, degraded.has_exit_kind),
	HOST(HOST_EXIT_KIND, HOST_U64, degraded.exit_kind),
	HOST(HOST_AFTER_THAW_US, HOST_U64, timing.after_thaw_us),
	HOST(HOST_AFTER_THAW_BYTES, HOST_U64, timing.after_thaw_bytes),
	HOST(HOST_STACKS_LOST, HOST_U64, timing.stacks_lost),
	HOST(HOST_METHOD, HOST_STRING, timing.method),
	HOST(HOST_METHOD_REASON, HOST_STRING, timing.method_reason),
	HOST(HOST_PROTECT_US, HOST_U64, timing.protect_us),
	HOST(HOST_SAVED_BYTES, HOST_U64, timing.saved_bytes),
};

static const struct host_member perf_members[] = {
	PERF(HOST_PERF_WHY, HOST_STRING, unavailable),
	PERF(HOST_PERF_CYCLES, HOST_U64, cycles),
	PERF(HOST_PERF_INSTRUCTIONS, HOST_U64, instructions),
	PERF(HOST_PERF_CACHE_MISSES, HOST_U64, cache_misses),
	PERF(HOST_PERF_BRANCH_MISSES, HOST_U64, branch_misses),
	PERF(HOST_PERF_ENABLED, HOST_U64, time_enabled_ns),
	PERF(HOST_PERF_RUNNING, HOST_U64, time_running_ns),
};

static const struct host_member series_members[] = {
	MEMBER(HOST_SERIES_NAME, HOST_STRING, struct host_series, name),
	MEMBER(HOST_SERIES_EVENT, HOST_BOOL, struct host_series, is_event),
};

#define TABLE(members)                       \
	{                                    \
		members, ARRAY_SIZE(members) \
	}

const struct host_table host_table = TABLE(host_members);
const struct host_table host_perf_table = TABLE(perf_members);
const struct host_table host_series_table = TABLE(series_members);
