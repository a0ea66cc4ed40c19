/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * snapshot_fixture.h - a live guest, and recordings of it
 */
#ifndef TESTS_SNAPSHOT_FIXTURE_H
#define TESTS_SNAPSHOT_FIXTURE_H

#include <scxray/map.h>
#include <scxray/rq.h>
#include <scxray/sched.h>
#include <scxray/task.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "capture/live/live.h"
#include "tests/lib/live_lab.h"
#include "tests/lib/unit.h"

static const char *const cores[] = {
	"kernel-fixtures/cores/6.12-held-half.core.zst",
	"kernel-fixtures/cores/6.12-held-error.core.zst",
	"kernel-fixtures/cores/6.18.15-vtime-half.core.zst",
	"kernel-fixtures/cores/6.18.15-vtime-error.core.zst",
	"kernel-fixtures/cores/7.3.4-stall-half.core.zst",
	"kernel-fixtures/cores/7.3.4-stall-error.core.zst",
	"tests/oracle/cores/7.3.4-maps.core.zst",
};

#define STALL cores[5]

static struct live_lab lab;
static struct scxray_live *live;
static struct scxray_error err;

static inline void start(const char *path, const struct scxray_settings *settings)
{
	memset(&err, 0, sizeof(err));
	ck_assert_int_eq(live_lab_open(&lab, path), 0);
	live = scxray_live_create(lab.regions, lab.nr_regions, lab.nr_vcpus, settings, &err);
	ck_assert_msg(live != NULL, "%s", err.text);
	ck_assert(!scxray_live_resolved(live));
	ck_assert_msg(!scxray_live_resolve(live, lab.vcpus, lab.nr_vcpus, &err), "%s", err.text);
	ck_assert(scxray_live_resolved(live));
	ck_assert_msg(!scxray_live_prepare(live, &err), "%s", err.text);
}

static inline void stop(void)
{
	scxray_live_destroy(live);
	live_lab_close(&lab);
}

static inline struct scxray_record_result record(struct scxray_snapshot *snapshot,
						 uint64_t deadline_us)
{
	struct scxray_record_result result;

	scxray_live_record(live, snapshot, lab.vcpus, lab.nr_vcpus, deadline_us, &result);
	scxray_live_record_sleepers(live, snapshot, &result);
	return result;
}

static inline struct scxray_report *capture(struct scxray_snapshot *snapshot,
					    const struct scxray_settings *settings)
{
	struct scxray_source *source = scxray_snapshot_source(snapshot, &err);
	struct scxray_report *report;

	ck_assert_msg(source != NULL, "%s", err.text);
	report = scxray_capture(source, settings, &err);
	ck_assert_msg(report != NULL, "%s", err.text);
	ck_assert_str_eq(report->source, "vm");
	return report;
}

static inline struct scxray_snapshot *new_snapshot(void)
{
	struct scxray_snapshot *snapshot = scxray_snapshot_create(live);

	ck_assert_ptr_nonnull(snapshot);
	return snapshot;
}

#endif
