/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * give_host.c - a scxray core with what a host would have known at its freeze
 *
 *	give_host early|late|alone|degraded|hostile IN OUT
 *
 * `alone` is a late one that says why there is no early half; of `degraded` the last vCPU has
 * not parked; of `hostile` all texts and names are what no output may pass on.
 */
#include <stdio.h>
#include <string.h>

#include <scxray/capture.h>
#include <scxray/host.h>
#include <scxray/report_struct.h>

#include "capture/image/source.h"

#define NR_SAMPLES 300
#define MAX_VCPUS 8

static uint64_t times[NR_SAMPLES], counts[NR_SAMPLES], ages[NR_SAMPLES];
static const struct scxray_perf perf[MAX_VCPUS] = {
	{ .cycles = 1000, .instructions = 1500, .time_enabled_ns = 9, .time_running_ns = 9 },
	{ .unavailable = "the host has no PMU" },
};
static struct scxray_series series[] = {
	{ "SCX_EV_DISPATCH_KEEP_LAST", counts },
	{ "max_runnable_age_ms", ages },
};

static const char evil[] = "e\033[2J\xff\"\n";

static struct scxray_host make(const char *kind, size_t nr_vcpus)
{
	struct scxray_host host = {
		.trigger = "poll of exit_kind",
		.watchpoint = "armed",
		.moment = strcmp(kind, "early") ? "late" : "early",
		.max_age_jiffies = 1234,
		.threshold_jiffies = 1000,
		.has_timing = true,
		.timing = { .park_us = 400,
			    .capture_us = 800,
			    .thaw_us = 30,
			    .frozen_us = 1230,
			    .guest_clock_us = -1,
			    .clock = "held back",
			    .bytes_copied = 1 << 20 },
		.perf = perf,
		.nr_perf = nr_vcpus < MAX_VCPUS ? nr_vcpus : MAX_VCPUS,
		.timeline = { .elapsed_ms = times,
			      .nr_samples = NR_SAMPLES,
			      .series = series,
			      .nr_series = 2,
			      .nr_events = 1,
			      .nr_taken = 2 * NR_SAMPLES,
			      .period_ms = 10 },
	};

	if (!strcmp(kind, "alone"))
		host.early_skipped_reason = "scan prerequisites unavailable: scx_tick";
	if (!strcmp(kind, "degraded")) {
		host.is_degraded = true;
		host.degraded = (struct scxray_degraded){
			.reason = "vCPU rendezvous timed out before parked acknowledgement",
			.elapsed_ms = 5000,
			.nr_parked = (uint32_t)nr_vcpus - 1,
			.nr_vcpus = (uint32_t)nr_vcpus,
			.latch = "not_resolved",
		};
	}
	if (!strcmp(kind, "hostile")) {
		host.trigger = host.watchpoint = host.timing.clock = host.timing.devices = evil;
		host.perf_unavailable = host.timeline_unavailable = evil;
		series[0].name = series[1].name = evil;
	}
	return host;
}

static int save(struct scxray_source *source, const char *path, struct scxray_error *err)
{
	FILE *out = fopen(path, "w");
	int failed;

	if (!out)
		return -1;
	failed = scxray_core_write(source, out, err);
	return fclose(out) || failed ? -1 : 0;
}

int main(int argc, char **argv)
{
	struct scxray_report *report = NULL;
	struct scxray_source *source = NULL;
	struct scxray_error err = { 0 };
	struct scxray_host host;
	int failed = 1;

	if (argc != 4)
		return 2;
	for (size_t i = 0; i < NR_SAMPLES; i++) {
		times[i] = 10 * i;
		counts[i] = i;
		ages[i] = i % 50;
	}
	source = scxray_source_open(argv[2], &err);
	if (source && source->nr_vcpus) {
		host = make(argv[1], source->nr_vcpus);
		if (host.is_degraded)
			source->vcpus[source->nr_vcpus - 1] = (struct source_vcpu){ 0 };
		if (!scxray_source_set_host(source, &host, &err))
			report = scxray_capture(source, NULL, &err);
	}
	if (report)
		failed = save(source, argv[3], &err);
	if (failed)
		fprintf(stderr, "give_host: %s\n", err.text);
	scxray_report_destroy(report);
	if (source)
		scxray_source_close(source);
	return failed ? 1 : 0;
}
