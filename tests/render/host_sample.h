/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_sample.h - what a host may know, made by hand: an early and a late freeze, and one at
 * which a vCPU did not park
 */
#ifndef TESTS_RENDER_HOST_SAMPLE_H
#define TESTS_RENDER_HOST_SAMPLE_H

#include <scxray/host.h>

#include "tests/render/sample.h"

#define HOST_SAMPLES 130

struct host_sample {
	struct scxray_host host;
	uint64_t times[HOST_SAMPLES];
	uint64_t fallback[HOST_SAMPLES]; /* grows by 3 a sample */
	uint64_t bypass[HOST_SAMPLES];	 /* 0 until the last quarter */
	uint64_t never[HOST_SAMPLES];
	uint64_t same[HOST_SAMPLES];
	uint64_t age[HOST_SAMPLES]; /* one peak, and a climb at the end */
	struct scxray_series series[5];
	struct scxray_perf perf[2];
};

/* `nr` samples, 50 ms apart. */
static inline void host_sample_init(struct host_sample *s, size_t nr)
{
	memset(s, 0, sizeof(*s));
	for (size_t i = 0; i < nr; i++) {
		s->times[i] = 1000 + 50 * i;
		s->fallback[i] = 3 * i;
		s->bypass[i] = i > nr * 3 / 4 ? i : 0;
		s->same[i] = 7;
		s->age[i] = i == 11 ? 900 : i > nr / 2 ? 50 * (i - nr / 2) : 4;
	}
	s->series[0] = (struct scxray_series){ "SCX_EV_SELECT_CPU_FALLBACK", s->fallback };
	s->series[1] = (struct scxray_series){ "SCX_EV_BYPASS_DISPATCH", s->bypass };
	s->series[2] = (struct scxray_series){ "SCX_EV_ENQ_SKIP_EXITING", s->never };
	s->series[3] = (struct scxray_series){ "nr_running", s->same };
	s->series[4] = (struct scxray_series){ "max_runnable_age_ms", s->age };
	s->perf[0] = (struct scxray_perf){ .cycles = 4000000,
					   .instructions = 6172840,
					   .cache_misses = 123,
					   .branch_misses = 456,
					   .time_enabled_ns = 9000000,
					   .time_running_ns = 8000000 };
	s->perf[1] = (struct scxray_perf){ .unavailable = "the host has no PMU" };
	s->host = (struct scxray_host){
		.trigger = "watchpoint on exit_kind (vCPU 1)",
		.watchpoint = "armed",
		.moment = "late",
		.max_age_jiffies = 2310,
		.threshold_jiffies = 1000,
		.has_timing = true,
		.timing = { .park_us = 398,
			    .capture_us = 1812,
			    .thaw_us = 29,
			    .frozen_us = 2239,
			    .guest_clock_us = 3,
			    .clock = "held back: KVM_SET_CLOCK and the TSC",
			    .devices = "paused",
			    .bytes_copied = 2200000,
			    .resolve_us = 0,
			    .after_thaw_us = 44,
			    .after_thaw_bytes = 360448,
			    .stacks_lost = 1,
			    .method = "cow",
			    .protect_us = 37,
			    .saved_bytes = 225280 },
		.perf = s->perf,
		.nr_perf = 2,
		.timeline = { .elapsed_ms = s->times,
			      .nr_samples = nr,
			      .series = s->series,
			      .nr_series = 5,
			      .nr_events = 3,
			      .nr_taken = nr,
			      .period_ms = 50 },
	};
}

/* The freeze before: the kernel had just been found. */
static inline void host_sample_make_early(struct host_sample *s)
{
	s->host.trigger = "runnable age past half the timeout";
	s->host.moment = "early";
	s->host.max_age_jiffies = 1005;
	s->host.timing.park_us = 412;
	s->host.timing.resolve_us = 41210;
	s->host.timing.guest_clock_us = -1;
	s->host.timing.clock = "not held back: KVM_SET_CLOCK: Invalid argument";
	s->host.timing.bytes_copied = 400000;
	s->host.timing.stacks_lost = 0;
	s->host.timing.method = "copy";
	s->host.timing.method_reason = "the copy was expected to take less than 2 ms";
	s->host.timing.protect_us = s->host.timing.saved_bytes = 0;
	s->host.perf_unavailable = "perf_event_open: Permission denied";
	s->host.nr_perf = 0;
}

static inline void host_sample_make_degraded(struct host_sample *s)
{
	s->host.is_degraded = true;
	s->host.degraded = (struct scxray_degraded){
		.reason = "vCPU rendezvous timed out before parked acknowledgement",
		.elapsed_ms = 5000,
		.nr_parked = 1,
		.nr_vcpus = 2,
		.watchpoint_hit = true,
		.latch = "not_triggered",
		.has_exit_kind = true,
		.exit_kind = 1026,
	};
}

/* The report with its host, as a capture makes it. */
static inline void host_sample_give(struct scxray_report *r, struct host_sample *s)
{
	r->host = &s->host;
	r->unavailable[SCXRAY_GROUP_TIMELINE] = s->host.timeline_unavailable;
	r->unavailable[SCXRAY_GROUP_PERF] = s->host.perf_unavailable;
	if (s->host.timing.cut_by_deadline) {
		r->truncated_at_us = s->host.timing.capture_us;
		r->maps_truncated = 3;
	}
}

#endif
