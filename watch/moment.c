/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * moment.c - one freeze, and what was recorded under it
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <scxray/group.h>
#include <scxray/host.h>
#include <scxray/report_struct.h>

#include "moment.h"

struct moment {
	uint64_t instance;
	bool degraded;
	char reason[160];
	char why[160];
	struct scxray_host host; /* without what others own */
	struct freeze_result freeze;
	struct scxray_record_result record;
	const char *method, *method_reason; /* as in struct scxray_freeze_timing */
	struct scxray_cow_result cow;
	struct scxray_look look; /* after all had stopped */
	struct scxray_live_vcpu *vcpus;
	size_t nr_vcpus;
	struct scxray_snapshot *snapshot;
	struct scxray_error error; /* why there is no source */
};

struct moment *moment_create(const struct moment_scene *scene, struct scxray_error *err)
{
	struct moment *moment = calloc(1, sizeof(*moment));

	if (moment) {
		moment->nr_vcpus = scene->machine->nr_vcpus;
		moment->vcpus = calloc(moment->nr_vcpus + 1, sizeof(*moment->vcpus));
		moment->snapshot = scxray_snapshot_create(scene->live);
		if (moment->vcpus && moment->snapshot)
			return moment;
	}
	scxray_fail(err, SCXRAY_ERR_NOMEM, 0,
		    "no room for a snapshot; lower the setting max_copy_bytes");
	moment_destroy(moment);
	return NULL;
}

void moment_destroy(struct moment *moment)
{
	if (!moment)
		return;
	scxray_snapshot_destroy(moment->snapshot);
	free(moment->vcpus);
	free(moment);
}

static void hold(uint32_t ms)
{
	struct timespec left = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	while (ms && nanosleep(&left, &left))
		;
}

static void record(struct moment *moment, const struct moment_scene *scene)
{
	scxray_live_record(scene->live, moment->snapshot, moment->vcpus, moment->nr_vcpus,
			   scene->settings->capture_deadline_ms * 1000ULL, &moment->record);
}

#define SHORT_COPY_US 2000 /* worth no protection */
#define LAST_COW_US 10000000
#define AFTER_DEADLINE_US 1000000 /* the end of a protection may be that late */

/* Under the freeze: true if RAM is write-protected, and is recorded after the thaw. */
static bool protect(struct moment *moment, const struct moment_scene *scene)
{
	uint64_t deadline = scene->settings->capture_deadline_ms * 1000ULL;
	uint64_t limit = 0;

	moment->method = "copy";
	moment->method_reason = scene->no_cow;
	if (scene->no_cow)
		return false;
	if (scene->settings->freeze == FREEZE_AUTO) {
		uint64_t expected = scxray_live_expected_us(scene->live);

		moment->method_reason = "the copy was expected to take less than 2 ms";
		if (expected <= SHORT_COPY_US)
			return false;
		limit = expected / 2;
	}
	moment->method_reason = scxray_live_protect(
		scene->live, limit, (deadline ? deadline : LAST_COW_US) + AFTER_DEADLINE_US);
	if (moment->method_reason)
		return false;
	moment->method = "cow";
	return true;
}

static void unprotect(struct moment *moment, const struct moment_scene *scene)
{
	scxray_live_unprotect(scene->live, &moment->cow);
	if (moment->cow.full && !moment->method_reason)
		moment->method_reason = "no room was left to save pages: vCPUs that wrote waited "
					"until the copy was made";
}

static void say_degraded(struct moment *moment)
{
	const struct freeze_result *freeze = &moment->freeze;

	moment->degraded = true;
	if (freeze->failure) {
		snprintf(moment->reason, sizeof(moment->reason),
			 "%s: %" PRIu64 "ms; %u/%u vCPUs parked", freeze->failure,
			 freeze->park_us / 1000, freeze->nr_parked, freeze->nr_vcpus);
		return;
	}
	snprintf(moment->reason, sizeof(moment->reason),
		 "vCPU rendezvous %s before parked acknowledgement: %" PRIu64
		 "ms; %u/%u vCPUs parked",
		 freeze->aborted ? "aborted by external kill" : "timed out", freeze->park_us / 1000,
		 freeze->nr_parked, freeze->nr_vcpus);
}

/* A positive number; else 0. */
static uint64_t present(const struct scxray_num *num)
{
	return num->state == SCXRAY_PRESENT && (int64_t)num->value > 0 ? num->value : 0;
}

static void fill_timing(const struct moment *moment, const struct moment_wish *wish,
			struct scxray_freeze_timing *timing)
{
	*timing = (struct scxray_freeze_timing){
		.park_us = moment->freeze.park_us,
		.capture_us = moment->record.us,
		.thaw_us = moment->freeze.thaw_us,
		.frozen_us = moment->freeze.frozen_us,
		.guest_clock_us = moment->freeze.guest_clock_us,
		.clock = moment->freeze.clock,
		.devices = moment->freeze.devices,
		.bytes_copied = moment->record.pages * 4096,
		.cut_by_deadline = moment->record.deadline,
		.cut_by_budget = moment->record.budget,
		.resolve_us = wish->resolve_us,
		.after_thaw_us = moment->record.sleepers_us,
		.after_thaw_bytes = moment->record.sleepers_pages * 4096,
		.stacks_lost = moment->record.ran,
		.method = moment->method,
		.method_reason = moment->method_reason,
		.protect_us = moment->cow.protect_us,
		.saved_bytes = moment->cow.saved * 4096,
	};
}

static void fill_degraded(const struct moment *moment, struct watch_machine *machine,
			  struct scxray_degraded *degraded)
{
	uint32_t vcpu;

	*degraded = (struct scxray_degraded){
		.reason = moment->reason,
		.elapsed_ms = moment->freeze.park_us / 1000,
		.nr_parked = moment->freeze.nr_parked,
		.nr_vcpus = moment->freeze.nr_vcpus,
		.watchpoint_hit = machine->ops->watchpoint_hit(machine, &vcpu),
		.latch = moment->look.latch ? moment->look.latch : "not_resolved",
		.has_exit_kind = moment->look.exit_kind.state == SCXRAY_PRESENT,
		.exit_kind = moment->look.exit_kind.value,
	};
}

/* A timeline that does not fit costs itself, not the half that it goes with. */
static int give_host(struct scxray_source *source, struct scxray_host *host,
		     struct scxray_error *err)
{
	struct scxray_error why;

	if (!scxray_source_set_host(source, host, &why))
		return 0;
	host->timeline = (struct scxray_timeline){ 0 };
	host->timeline_unavailable = why.text;
	host->perf_unavailable = why.text;
	host->nr_perf = 0;
	return scxray_source_set_host(source, host, err);
}

/* The host's part goes into the source, which copies it. */
static void add_host(struct moment *moment, const struct moment_scene *scene,
		     const struct moment_wish *wish, const struct scxray_perf *perf)
{
	const char *unarmed = scene->machine->ops->watchpoint_unarmed(scene->machine);
	struct scxray_source *source;
	uint64_t age = present(&moment->look.max_runnable_age);
	struct scxray_host host = {
		.trigger = moment->why,
		.watchpoint = unarmed ? unarmed : "armed",
		.moment = wish->which == SCXRAY_MOMENT_EARLY ? "early" : "late",
		.early_skipped_reason = wish->early_skipped_reason,
		.max_age_jiffies = age > wish->max_age ? age : wish->max_age,
		.threshold_jiffies = wish->threshold,
		.has_timing = true,
		.perf = perf,
		.nr_perf = moment->nr_vcpus,
		.perf_unavailable = perf_unavailable(perf, moment->nr_vcpus),
		.is_degraded = moment->degraded,
	};

	if (!host.threshold_jiffies)
		host.threshold_jiffies = present(&moment->look.watchdog_timeout) / 2;
	fill_timing(moment, wish, &host.timing);
	if (moment->degraded)
		fill_degraded(moment, scene->machine, &host.degraded);
	if (host.perf_unavailable)
		host.nr_perf = 0;
	moment->host = host;
	moment->host.perf = NULL;
	moment->host.nr_perf = 0;
	moment->host.early_skipped_reason = NULL;
	if (wish->no_kernel) {
		scxray_fail(&moment->error, SCXRAY_ERR_GUEST, 0, "%s", wish->no_kernel);
		return;
	}
	source = scxray_snapshot_source(moment->snapshot, &moment->error);
	if (!source)
		return;
	if (scene->settings->sample_ms) {
		/* the newest sample is that of the report itself */
		if (moment->look.scx_root.state == SCXRAY_PRESENT && moment->look.scx_root.value)
			samples_add(scene->samples, wish->now_ms, &moment->look);
		samples_get(scene->samples, &host.timeline);
	} else {
		host.timeline_unavailable = "turned off by the setting sample_ms=0";
	}
	if (give_host(source, &host, &moment->error))
		return;
	moment->error.code = SCXRAY_OK;
}

/*
 * A look may have seen the exit kind before the vCPU that had just stored it was out of the guest:
 * it was at its watchpoint all the same, which says more.
 */
static void settle_why(struct moment *moment, struct watch_machine *machine,
		       const struct moment_wish *wish)
{
	static const char sub[] = "poll of a sub-scheduler's exit_kind";
	uint32_t vcpu;

	if (strncmp(wish->why, "watchpoint", 10) != 0 && wish->witnesses &&
	    machine->ops->watchpoint_hit(machine, &vcpu))
		snprintf(moment->why, sizeof(moment->why), "watchpoint on %s (vCPU %u)",
			 strcmp(wish->why, sub) != 0 ? "exit_kind" : sub + strlen("poll of "),
			 vcpu);
	else
		snprintf(moment->why, sizeof(moment->why), "%s", wish->why);
}

void moment_take(struct moment *moment, const struct moment_scene *scene,
		 const struct moment_wish *wish)
{
	struct watch_machine *machine = scene->machine;
	const struct scxray_perf *perf;
	bool is_protected = false;

	moment->instance = wish->instance;
	machine->ops->freeze(machine, scene->settings->park_deadline_ms, moment->vcpus,
			     &moment->freeze);
	if (moment->freeze.complete) {
		is_protected = protect(moment, scene);
		if (!is_protected)
			record(moment, scene);
		scxray_live_look(scene->live, &moment->look);
	}
	perf = perf_read(scene->perf);
	if (moment->freeze.complete)
		hold(scene->settings->hold_ms);
	settle_why(moment, machine, wish);
	machine->ops->thaw(machine, &moment->freeze);
	if (is_protected && moment->freeze.complete)
		record(moment, scene);
	unprotect(moment, scene);
	if (!moment->freeze.complete) {
		say_degraded(moment);
		moment->method = moment->method_reason = NULL;
		record(moment, scene);
		scxray_live_look(scene->live, &moment->look);
	}
	scxray_live_record_sleepers(scene->live, moment->snapshot, &moment->record);
	add_host(moment, scene, wish, perf);
}

uint64_t moment_instance(const struct moment *moment)
{
	return moment->instance;
}

const char *moment_why(const struct moment *moment)
{
	return moment->why;
}

const char *moment_degraded(const struct moment *moment)
{
	return moment->degraded ? moment->reason : NULL;
}

double moment_frozen_ms(const struct moment *moment)
{
	return (double)moment->freeze.frozen_us / 1000;
}

struct scxray_source *moment_source(struct moment *moment, struct scxray_error *err)
{
	if (moment->error.code == SCXRAY_OK)
		return scxray_snapshot_source(moment->snapshot, err);
	*err = moment->error;
	return NULL;
}

int moment_bare_init(struct scxray_report *report, const struct moment *moment, const char *reason)
{
	*report = (struct scxray_report){
		.source = "vm",
		.moment = moment->host.moment,
		.host = &moment->host,
		.guest.found_by = "nothing",
		.vcpus = calloc(moment->nr_vcpus + 1, sizeof(*report->vcpus)),
		.nr_vcpus = moment->nr_vcpus,
	};
	if (!report->vcpus)
		return -1;
	for (unsigned group = 0; group < SCXRAY_NR_GROUPS; group++)
		if (group != SCXRAY_GROUP_VCPUS)
			report->unavailable[group] = reason;
	for (size_t i = 0; i < moment->nr_vcpus; i++) {
		report->vcpus[i].parked = moment->vcpus[i].parked;
		report->vcpus[i].regs = moment->vcpus[i].regs;
		if (scxray_regs_without_paging(&report->vcpus[i].regs))
			report->vcpus[i].never_started =
				(struct scxray_num){ .value = 1, .state = SCXRAY_PRESENT };
	}
	return 0;
}

void moment_bare_deinit(struct scxray_report *report)
{
	free(report->vcpus);
	*report = (struct scxray_report){ 0 };
}
