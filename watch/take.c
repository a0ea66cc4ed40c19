/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * take.c - the freezes that the watcher asks for
 */
#include <stdio.h>

#include "take.h"

uint64_t watch_parking_since_ms(struct watch *watch)
{
	return atomic_load(&watch->parking_since_ms);
}

static struct moment *take(struct watch *watch, enum scxray_plugin_moment which, const char *why,
			   bool witnesses)
{
	const char *skipped = reports_skipped_reason(watch->reports, watch->decide.instance);
	struct moment_wish wish = {
		.which = which,
		.why = why,
		.witnesses = witnesses,
		.instance = watch->decide.instance,
		.max_age = watch->decide.max_age,
		.threshold = watch->decide.threshold,
		.resolve_us = watch->attach.resolve_us,
		.now_ms = watch_now_ms(),
		.no_kernel = watch->attach.found ? NULL : watch->attach.error.text,
	};
	struct scxray_error err = { 0 };
	struct moment *moment = watch->spare;
	char reason[192];

	if (!moment)
		moment = moment_create(&watch->scene, &err);
	watch->spare = NULL;
	if (!moment) {
		snprintf(reason, sizeof(reason), "no snapshot: %.160s", err.text);
		reports_lost(watch->reports, SCXRAY_STATUS_NO_MEMORY, reason);
		return NULL;
	}
	if (which == SCXRAY_MOMENT_LATE &&
	    (skipped || !reports_has_early(watch->reports, wish.instance))) {
		decide_skipped_reason(&watch->decide, reason, sizeof(reason));
		wish.early_skipped_reason = skipped ? skipped : reason;
	}
	atomic_store(&watch->parking_since_ms, watch_now_ms());
	moment_take(moment, &watch->scene, &wish);
	atomic_store(&watch->parking_since_ms, 0);
	log_say(watch->log, moment_degraded(moment) ? SCXRAY_LOG_WARNING : SCXRAY_LOG_INFO,
		"%s snapshot (%s): frozen for %.1f ms%s%s",
		which == SCXRAY_MOMENT_EARLY ? "early" : "late", moment_why(moment),
		moment_frozen_ms(moment), moment_degraded(moment) ? "; " : "",
		moment_degraded(moment) ? moment_degraded(moment) : "");
	return moment;
}

enum scxray_plugin_status watch_take_early(struct watch *watch, const char *why)
{
	struct moment *moment = take(watch, SCXRAY_MOMENT_EARLY, why, false);
	bool degraded;

	watch->decide.early_done = true;
	if (!moment)
		return SCXRAY_STATUS_NO_MEMORY;
	if (!watch->attach.found) {
		/* registers alone make no half of a report */
		moment_destroy(moment);
		return SCXRAY_STATUS_NO_KERNEL;
	}
	degraded = moment_degraded(moment);
	reports_early(watch->reports, moment);
	return degraded ? SCXRAY_STATUS_DEGRADED : SCXRAY_STATUS_OK;
}

enum scxray_plugin_status watch_take_late(struct watch *watch, const char *why, bool witnesses)
{
	struct moment *moment;

	watch->decide.late_done = true;
	if (reports_full(watch->reports)) {
		log_say(watch->log, SCXRAY_LOG_WARNING,
			"the scheduler failed again (%s): max_reports=%u are written, so this one "
			"is left out",
			why, watch->settings->max_reports);
		return SCXRAY_STATUS_BUSY;
	}
	moment = take(watch, SCXRAY_MOMENT_LATE, why, witnesses);
	if (!moment)
		return SCXRAY_STATUS_NO_MEMORY;
	watch->late = moment;
	if (watch->hooks.failure_captured)
		watch->hooks.failure_captured(watch->hooks.context, moment_why(moment));
	if (!watch->attach.found)
		return SCXRAY_STATUS_NO_KERNEL;
	return moment_degraded(moment) ? SCXRAY_STATUS_DEGRADED : SCXRAY_STATUS_OK;
}

void watch_write(struct watch *watch)
{
	struct moment *late = watch->late;

	if (!late)
		return;
	watch->late = NULL;
	reports_late(watch->reports, late);
}
