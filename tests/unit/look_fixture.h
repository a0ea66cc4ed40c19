/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * look_fixture.h - a live guest, and looks at it
 */
#ifndef TESTS_LOOK_FIXTURE_H
#define TESTS_LOOK_FIXTURE_H

#include <scxray/dsq.h>
#include <scxray/map.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/sched.h>
#include <scxray/task.h>
#include <string.h>

#include "capture/read/walk.h"
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
	"tests/oracle/cores/7.3.4-sub.core.zst",
};

#define HALF cores[4]

#define OLD_ERROR cores[1]

static struct live_lab lab;
static struct scxray_live *live;
static struct scxray_look look;
static struct scxray_report *report;
static struct scxray_error err;

static inline void start(const char *path)
{
	struct scxray_source *image;

	memset(&err, 0, sizeof(err));
	ck_assert_int_eq(live_lab_open(&lab, path), 0);
	live = scxray_live_create(lab.regions, lab.nr_regions, lab.nr_vcpus, NULL, &err);
	ck_assert_msg(live != NULL, "%s", err.text);
	scxray_live_look(live, &look);
	ck_assert_int_eq(look.jiffies.state, SCXRAY_NONE);
	ck_assert_ptr_nonnull(look.runnable_unavailable);
	ck_assert_msg(!scxray_live_resolve(live, lab.vcpus, lab.nr_vcpus, &err), "%s", err.text);
	image = live_lab_image(&lab);
	report = scxray_capture(image, NULL, &err);
	ck_assert_ptr_nonnull(report);
	scxray_source_close(image);
	scxray_live_look(live, &look);
}

static inline void stop(void)
{
	scxray_report_destroy(report);
	scxray_live_destroy(live);
	live_lab_close(&lab);
}

static inline void put(uint8_t *at, uint64_t value, size_t size)
{
	memcpy(at, &value, size);
}

#endif
