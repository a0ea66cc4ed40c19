/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A run of the plugin in which one allocation or system call fails, each in turn: the VM lives, and
 * there is a whole report, or a reason in the log; no file is left half written.
 *
 * SCXRAY_FAULTS=all takes every call, =sites the first of each place that calls; else some of these.
 */
#include "tests/fakes/faults.h"
#include "tests/lib/plugin_run.h"

#define MAX_CALLS 65536
#define SAMPLE 8 /* runs, each a second where the machine is busy */

static unsigned long calls[MAX_CALLS];

/* One failure, from the first call of the plugin to the last; whether it could be loaded. */
static bool run(unsigned long nth)
{
	char output[128];
	const char *settings[] = { output,	  "name=t",  isolate, "triggers=none",
				   "sample_ms=0", "core=on", NULL };
	bool loaded;

	snprintf(output, sizeof(output), "output=%s", folder);
	log_text[0] = '\0';
	memset(&told, 0, sizeof(told));
	put_pages(&half);
	set_vcpus(&half);
	faults_arm(nth);
	loaded = !init_with(settings);
	if (loaded) {
		early();
		guest_fails();
		late();
		finish();
		plugin.unload(plugin.self);
	}
	return loaded;
}

static void empty(const char *what, bool whole)
{
	struct dirent **entries;
	int nr = scandir(folder, &entries, NULL, alphasort);
	char path[512];

	ck_assert_int_ge(nr, 0);
	for (int i = 0; i < nr; i++) {
		if (entries[i]->d_name[0] != '.') {
			ck_assert_msg(!strstr(entries[i]->d_name, ".tmp."), "%s: %s is left", what,
				      entries[i]->d_name);
			snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
			unlink(path);
		}
		free(entries[i]);
	}
	free(entries);
	/* the report's text, its JSON, two cores; the folder and its parent are entries as well */
	ck_assert_msg(!whole || nr == 6, "%s: %d files, and nothing said", what, nr - 2);
}

static bool has_reason(void)
{
	return strstr(log_text, "\n0 ") || !strncmp(log_text, "0 ", 2) ||
	       strstr(log_text, "\n1 ") || !strncmp(log_text, "1 ", 2);
}

/* What failed may be what removes a file that is not wanted, or what only makes work easier. */
static void expect_outcome(unsigned long nth, bool loaded)
{
	const char *failed = faults_failed();
	char what[128];

	snprintf(what, sizeof(what), "call %lu, %s", nth, failed ? failed : "of none");
	if (failed && strstr(failed, "unlink"))
		return;
	if (!loaded || result.status < 0)
		ck_assert_msg(has_reason(), "%s: status %d, no reason: %s", what,
			      loaded ? result.status : -99, log_text);
	empty(what, !has_reason());
}

/* The calls that are to fail; `total` is how many there are. */
static unsigned long choose(unsigned long total)
{
	const char *which = getenv("SCXRAY_FAULTS");
	unsigned long nr = faults_sites(calls, MAX_CALLS), step = 1;

	ck_assert_uint_gt(nr, 20);
	if (which && !strcmp(which, "all")) {
		for (nr = 0; nr < total && nr < MAX_CALLS; nr++)
			calls[nr] = nr + 1;
	} else if (!which) {
		step = (nr + SAMPLE - 1) / SAMPLE;
		for (unsigned long i = 0; i * step < nr; i++)
			calls[i] = calls[i * step];
	}
	return (nr + step - 1) / step;
}

static void fail_each(void)
{
	unsigned long nr, total;

	setup();
	ck_assert(run(0));
	total = faults_disarm();
	ck_assert_msg(result.status == 0, "%d: %s", result.status, log_text);
	empty("no fault", true);
	nr = choose(total);
	for (unsigned long i = 0; i < nr; i++) {
		bool loaded = run(calls[i]);

		faults_disarm();
		expect_outcome(calls[i], loaded);
	}
	printf("plugin: %lu of %lu calls failed, each in a run of its own\n", nr, total);
	live_lab_close(&half);
	live_lab_close(&error);
	rmdir(folder);
}

START_TEST(reports_made_in_the_vmm)
{
	fail_each();
}
END_TEST

START_TEST(reports_made_apart)
{
	make_reports_apart();
	fail_each();
}
END_TEST

static const unit_test tests[] = { &reports_made_in_the_vmm, &reports_made_apart };

UNIT_MAIN("plugin faults", tests)
