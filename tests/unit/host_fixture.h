/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_fixture.h - what a host knows, in a source
 */
#ifndef TESTS_HOST_FIXTURE_H
#define TESTS_HOST_FIXTURE_H

#include <scxray/group.h>
#include <scxray/host.h>
#include <scxray/report_struct.h>
#include <string.h>

#include "capture/image/host.h"
#include "tests/lib/image_builder.h"
#include "tests/lib/mini_kernel.h"
#include "tests/lib/unit.h"

static struct scxray_error err;

static const uint64_t times[] = { 10, 110, 110, 350 };
static const uint64_t select_cpu[] = { 0, 3, UINT64_MAX, 9 };
static const uint64_t running[] = { 1, 2, 3, 4 };
static const struct scxray_series series[] = {
	{ "SCX_EV_SELECT_CPU_FALLBACK", select_cpu },
	{ "nr_running", running },
};
static const struct scxray_perf perf[] = {
	{ .cycles = 1000,
	  .instructions = 2000,
	  .cache_misses = 3,
	  .branch_misses = 4,
	  .time_enabled_ns = 50,
	  .time_running_ns = 60 },
	{ .unavailable = "no PMU" },
};

static const struct scxray_host full = {
	.trigger = "watchpoint on exit_kind (vCPU 1)",
	.watchpoint = "armed",
	.moment = "late",
	.early_skipped_reason = "max_age never crossed threshold (peak=3j, threshold=1000j)",
	.max_age_jiffies = 2302,
	.threshold_jiffies = 1000,
	.has_timing = true,
	.timing = { .park_us = 1,
		    .capture_us = 2,
		    .thaw_us = 3,
		    .frozen_us = 6,
		    .guest_clock_us = -1,
		    .clock = "KVM_SET_CLOCK",
		    .devices = "paused",
		    .bytes_copied = 1ULL << 40,
		    .cut_by_deadline = true,
		    .cut_by_budget = true,
		    .resolve_us = 7,
		    .after_thaw_us = 8,
		    .after_thaw_bytes = 9,
		    .stacks_lost = 10,
		    .method = "cow",
		    .method_reason = "so",
		    .protect_us = 11,
		    .saved_bytes = 12 },
	.perf = perf,
	.nr_perf = 2,
	.perf_unavailable = "some",
	.timeline = { .elapsed_ms = times,
		      .nr_samples = 4,
		      .series = series,
		      .nr_series = 2,
		      .nr_events = 1,
		      .nr_taken = 99,
		      .period_ms = 100 },
	.timeline_unavailable = "thinned",
	.is_degraded = true,
	.degraded = { .reason = "vCPU rendezvous timed out before parked acknowledgement",
		      .elapsed_ms = 5000,
		      .nr_parked = 1,
		      .nr_vcpus = 2,
		      .watchpoint_hit = true,
		      .latch = "triggered",
		      .has_exit_kind = true,
		      .exit_kind = 1026 },
};

static inline void record(struct image_bytes *b, uint16_t tag, const void *bytes, size_t size)
{
	struct host_record head = { .tag = tag, .size = (uint32_t)size };

	image_put(b, &head, sizeof(head));
	image_put(b, bytes, size);
}

#endif
