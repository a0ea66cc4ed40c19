/* SPDX-License-Identifier: BSD-2-Clause */
/* The plugin from scxray_plugin_init() to files on disk: what its host demands of it. */
#include <sys/stat.h>

#include <scxray/group.h>
#include <scxray/host.h>
#include <scxray/render.h>
#include <scxray/report_struct.h>

#include "tests/lib/plugin_run.h"

/* ---- on demand -------------------------------------------------------------------- */

static struct scxray_report *replay(const char *name, struct scxray_source **source)
{
	struct scxray_error err = { 0 };
	struct scxray_report *report;
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	*source = scxray_source_open(path, &err);
	ck_assert_msg(*source != NULL, "%s", err.text);
	report = scxray_capture(*source, NULL, &err);
	ck_assert_msg(report != NULL, "%s", err.text);
	report->source = "vm";
	return report;
}

static char *image_json(const struct live_lab *lab)
{
	struct scxray_error err = { 0 };
	struct scxray_source *source = live_lab_image((struct live_lab *)(uintptr_t)lab);
	struct scxray_report *report = scxray_capture(source, NULL, &err);
	char *json;

	ck_assert_msg(report != NULL, "%s", err.text);
	json = live_lab_json(report);
	scxray_report_destroy(report);
	scxray_source_close(source);
	return json;
}

/* Without what the host knows a moment's report is that of the same guest's image. */
static void expect_as_image(struct scxray_report *report, const struct live_lab *lab)
{
	struct scxray_report bare = *report;
	char *want = image_json(lab), *got;

	bare.host = NULL;
	bare.moment = NULL;
	bare.unavailable[SCXRAY_GROUP_TIMELINE] =
		"an image holds one moment; samples are taken beside a guest that runs";
	bare.unavailable[SCXRAY_GROUP_PERF] =
		"an image holds no counters; they are read beside a guest that runs";
	got = live_lab_json(&bare);
	expect_same(got, want);
	free(got);
	free(want);
}

/* The first number with this key behind a text; there has to be one, and it is not 0. */
static uint64_t number_behind(const char *json, const char *text, const char *key)
{
	const char *at = strstr(json, text);
	uint64_t number = 0;

	at = at ? strstr(at, key) : NULL;
	if (at)
		number = strtoull(at + strlen(key), NULL, 10);
	ck_assert_msg(number > 0, "no %s behind %s", key, text);
	return number;
}

static void dual_report(void)
{
	struct scxray_report *early_report, *late_report;
	struct scxray_source *early_source, *late_source;
	struct scxray_document doc;
	char *json, *want = NULL;
	size_t size;
	FILE *out;

	setup();
	start_quiet("core=on");
	ck_assert_int_eq(early(), SCXRAY_STATUS_OK);
	expect_files("");
	guest_fails();
	ck_assert_int_eq(late(), SCXRAY_STATUS_OK);
	ck_assert_msg(finish() == SCXRAY_STATUS_OK, "%s", log_text);
	ck_assert_uint_eq(atomic_load(&fake_vm.nr_freezes), 2);
	expect_files("t.scxray.core.zst t.scxray.early.core.zst t.scxray.json t.scxray.txt");
	ck_assert_uint_eq(result.nr_paths, 4);
	for (uint32_t i = 0; i < result.nr_paths; i++) {
		struct stat st;

		ck_assert_msg(!stat(result.paths[i], &st), "%s", result.paths[i]);
		/* a guest's memory is for the owner alone */
		ck_assert_int_eq(!strstr(result.paths[i], ".core."), !!(st.st_mode & 0044));
	}
	expect_in("t.scxray.txt", "DualFailureDumpReport: early=present (max_age=1");
	expect_in("t.scxray.txt", "trigger: a test's word\n");

	/* what was written is what its cores say, and what an image of the guest says */
	early_report = replay("t.scxray.early.core.zst", &early_source);
	late_report = replay("t.scxray.core.zst", &late_source);
	ck_assert_str_eq(early_report->host->trigger, "on demand");
	ck_assert_str_eq(late_report->host->timing.clock, "held back by a test");
	scxray_document_dual(&doc, early_report, late_report, NULL);
	json = slurp("t.scxray.json");
	/* but for what making it took */
	doc.early_decode_us = number_behind(json, "\"early\":", "\"decode_us\":");
	doc.late_decode_us = number_behind(json, "\"late\":", "\"decode_us\":");
	doc.text_write_us = number_behind(json, "\"timing\":", "\"text_write_us\":");
	out = open_memstream(&want, &size);
	ck_assert_int_eq(scxray_render_json(&doc, out), 0);
	fclose(out);
	expect_same(json, want);
	expect_as_image(late_report, &error);
	live_lab_restore(&half);
	expect_as_image(early_report, &half);
	free(json);
	free(want);
	scxray_report_destroy(early_report);
	scxray_report_destroy(late_report);
	scxray_source_close(early_source);
	scxray_source_close(late_source);
	teardown();
}

START_TEST(a_dual_report_on_demand)
{
	dual_report();
}
END_TEST

START_TEST(a_dual_report_made_apart)
{
	make_reports_apart();
	dual_report();
}
END_TEST

START_TEST(each_half_once)
{
	setup();
	start_quiet(NULL);
	ck_assert_int_eq(plugin.trigger(plugin.self, (enum scxray_plugin_moment)3, NULL),
			 SCXRAY_STATUS_INVALID);
	ck_assert_int_eq(early(), SCXRAY_STATUS_OK);
	ck_assert_int_eq(early(), SCXRAY_STATUS_BUSY);
	guest_fails();
	ck_assert_int_eq(late(), SCXRAY_STATUS_OK);
	ck_assert_int_eq(late(), SCXRAY_STATUS_BUSY);
	ck_assert_int_eq(early(), SCXRAY_STATUS_BUSY);
	ck_assert_int_eq(finish(), SCXRAY_STATUS_OK);
	ck_assert_int_eq(late(), SCXRAY_STATUS_INVALID);
	ck_assert_int_eq(finish(), SCXRAY_STATUS_INVALID);
	ck_assert_uint_eq(atomic_load(&fake_vm.nr_freezes), 2);
	expect_files("t.scxray.json t.scxray.txt");
	teardown();
}
END_TEST

START_TEST(late_alone)
{
	setup();
	guest_fails();
	start_quiet("perf=off");
	ck_assert_int_eq(late(), SCXRAY_STATUS_OK);
	ck_assert_int_eq(finish(), SCXRAY_STATUS_OK);
	expect_in("t.scxray.txt",
		  "vcpu_perf_at_freeze: <unavailable: turned off by the setting perf=off>");
	expect_in("t.scxray.txt",
		  "event_counter_timeline: <unavailable: turned off by the setting sample_ms=0>");
	expect_in("t.scxray.txt", "DualFailureDumpReport: early=absent (scan prerequisites "
				  "unavailable: early is not a trigger)");
	teardown();
}
END_TEST

START_TEST(one_format)
{
	setup();
	guest_fails();
	start_quiet("formats=json");
	ck_assert_int_eq(late(), SCXRAY_STATUS_OK);
	ck_assert_int_eq(finish(), SCXRAY_STATUS_OK);
	expect_files("t.scxray.json");
	teardown();
}
END_TEST

START_TEST(a_page)
{
	setup();
	guest_fails();
	start_quiet("formats=json,html");
	ck_assert_int_eq(late(), SCXRAY_STATUS_OK);
	ck_assert_int_eq(finish(), SCXRAY_STATUS_OK);
	expect_files("t.scxray.html t.scxray.json");
	expect_in("t.scxray.html", "Content-Security-Policy");
	teardown();
}
END_TEST

START_TEST(early_alone)
{
	setup();
	start_quiet("core=on");
	ck_assert_int_eq(early(), SCXRAY_STATUS_OK);
	ck_assert_int_eq(finish(), SCXRAY_STATUS_OK);
	expect_files("t.scxray.early-only.core.zst t.scxray.early-only.json "
		     "t.scxray.early-only.txt");
	expect_in("t.scxray.early-only.txt", "trigger: on demand");
	teardown();
}
END_TEST

START_TEST(nothing_failed)
{
	setup();
	start("triggers=watchpoint,poll", NULL, NULL);
	ck_assert_int_eq(finish(), SCXRAY_STATUS_NO_FAILURE);
	ck_assert_uint_eq(result.nr_paths, 0);
	ck_assert_uint_eq(atomic_load(&fake_vm.nr_freezes), 0);
	expect_files("");
	teardown();
}
END_TEST

START_TEST(no_kernel)
{
	setup();
	live_lab_clear(&half);
	start_quiet(NULL);
	ck_assert_int_eq(early(), SCXRAY_STATUS_NO_KERNEL);
	ck_assert_int_eq(late(), SCXRAY_STATUS_NO_KERNEL);
	ck_assert_int_eq(finish(), SCXRAY_STATUS_NO_KERNEL);
	expect_files("t.scxray.json t.scxray.txt");
	expect_in("t.scxray.txt", "vcpu 1: ip=0x");
	expect_in("t.scxray.txt", "<unavailable: ");
	teardown();
}
END_TEST

/* ---- vCPUs that do not park --------------------------------------------------------- */

START_TEST(degraded_late)
{
	setup();
	start_quiet("park_deadline_ms=1234");
	ck_assert_int_eq(early(), SCXRAY_STATUS_OK);
	guest_fails();
	fake_vm.nr_silent = 1;
	ck_assert_int_eq(late(), SCXRAY_STATUS_DEGRADED);
	ck_assert_int_eq(finish(), SCXRAY_STATUS_DEGRADED);
	expect_files("t.scxray.early-only.json t.scxray.early-only.txt t.scxray.json "
		     "t.scxray.txt");
	expect_in("t.scxray.txt",
		  "degraded failure dump:\n"
		  "  reason: vCPU rendezvous timed out before parked acknowledgement: 1234ms; 1/2 "
		  "vCPUs parked\n"
		  "  vcpus_parked: 1/2\n"
		  "    vcpu 0: parked, ip=");
	expect_in("t.scxray.txt", "    vcpu 1: not_parked\n"
				  "  watchpoint_hit: false\n");
	expect_in("t.scxray.txt", "  exit_kind: 1026\n"
				  "  elapsed_ms: 1234\n");
	expect_in("t.scxray.json", "\"schema\":\"degraded\"");
	/* and memory is there all the same */
	expect_in("t.scxray.txt", "racy snapshot:");
	expect_in("t.scxray.txt", "failed to run for ");
	teardown();
}
END_TEST

START_TEST(degraded_early)
{
	setup();
	start_quiet(NULL);
	fake_vm.nr_silent = 2;
	ck_assert_int_eq(early(), SCXRAY_STATUS_DEGRADED);
	ck_assert_int_eq(early(), SCXRAY_STATUS_BUSY);
	guest_fails();
	fake_vm.nr_silent = 0;
	ck_assert_int_eq(late(), SCXRAY_STATUS_OK);
	ck_assert_int_eq(finish(), SCXRAY_STATUS_OK);
	expect_files("t.scxray.early-degraded.json t.scxray.early-degraded.txt t.scxray.json "
		     "t.scxray.txt");
	expect_in("t.scxray.txt",
		  "early=absent (early capture degraded (vCPU rendezvous timed out before parked "
		  "acknowledgement: 5000ms; 0/2 vCPUs parked); see t.scxray.early-degraded.txt)");
	expect_in("t.scxray.early-degraded.txt", "degraded failure dump:");
	teardown();
}
END_TEST

START_TEST(degraded_early_alone)
{
	setup();
	start_quiet(NULL);
	fake_vm.nr_silent = 1;
	ck_assert_int_eq(early(), SCXRAY_STATUS_DEGRADED);
	ck_assert_int_eq(finish(), SCXRAY_STATUS_DEGRADED);
	expect_files("t.scxray.early-degraded.json t.scxray.early-degraded.txt");
	teardown();
}
END_TEST

START_TEST(the_end_does_not_wait_for_ever)
{
	setup();
	guest_fails();
	fake_vm.nr_silent = 1;
	fake_vm.endless = true;
	start("triggers=poll", NULL, NULL); /* and so it fails at once, and hangs */
	ck_assert_int_eq(finish(), SCXRAY_STATUS_DEGRADED);
	expect_in(
		"t.scxray.txt",
		"reason: vCPU rendezvous aborted by external kill before parked acknowledgement: ");
	teardown();
	/* unload() instead of finish() writes nothing */
	setup();
	guest_fails();
	fake_vm.nr_silent = 1;
	fake_vm.endless = true;
	start_quiet(NULL);
	teardown();
}
END_TEST

/* ---- disks ------------------------------------------------------------------------------ */

START_TEST(a_folder_that_goes)
{
	setup();
	guest_fails();
	start_quiet(NULL);
	ck_assert_int_eq(rmdir(folder), 0);
	ck_assert_int_eq(late(), SCXRAY_STATUS_OK); /* captured it is */
	ck_assert_int_eq(finish(), SCXRAY_STATUS_WRITE_FAILED);
	ck_assert_msg(strstr(result.message, "t.scxray.txt: No such file or directory") != NULL,
		      "%s", result.message);
	ck_assert_uint_eq(result.nr_paths, 0);
	expect_log("0 cannot write: ");
	teardown();
}
END_TEST

START_TEST(one_file_that_fails)
{
	char path[128];

	setup();
	guest_fails();
	start_quiet(NULL);
	/* a folder in its place, which no file can replace */
	snprintf(path, sizeof(path), "%s/t.scxray.txt", folder);
	ck_assert_int_eq(mkdir(path, 0777), 0);
	ck_assert_int_eq(late(), SCXRAY_STATUS_OK);
	ck_assert_int_eq(finish(), SCXRAY_STATUS_WRITE_FAILED);
	ck_assert_uint_eq(result.nr_paths, 1);
	ck_assert_msg(strstr(result.paths[0], "t.scxray.json") != NULL, "%s", result.paths[0]);
	expect_files("t.scxray.json t.scxray.txt");
	teardown();
}
END_TEST

static const unit_test tests[] = {
	&a_dual_report_on_demand,
	&a_dual_report_made_apart,
	&each_half_once,
	&late_alone,
	&one_format,
	&a_page,
	&early_alone,
	&nothing_failed,
	&no_kernel,
	&degraded_late,
	&degraded_early,
	&degraded_early_alone,
	&the_end_does_not_wait_for_ever,
	&a_folder_that_goes,
	&one_file_that_fails,
};
UNIT_MAIN("plugin run", tests)
