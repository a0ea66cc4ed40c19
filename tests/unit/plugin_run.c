/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The plugin from scxray_plugin_init() to files on disk, with a bundled core's pages as guest RAM
 * and vCPUs that are but registers (fake_vm.h): what is demanded, and what it sees by itself.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <scxray/render.h>

#include "tests/lib/fake_vm.h"
#include "tests/lib/live_lab.h"
#include "tests/lib/unit.h"

#define CORE(name) "kernel-fixtures/cores/" name ".core.zst"
#define SCX_EXIT_UNREG 64
#define SCX_EXIT_ERROR_BPF 1025

static struct live_lab half, error;
static uint32_t *exit_kind; /* the word in the guest's RAM */
static char folder[64];
static struct scxray_plugin plugin;
static struct scxray_plugin_result result;
static char log_text[16384];
static char dummy_run[4096];

/* ---- a host ------------------------------------------------------------------- */

static void on_log(void *context, enum scxray_plugin_level level, const char *line)
{
	size_t len = strlen(log_text);

	ck_assert_ptr_eq(context, &plugin);
	ck_assert_msg(!atomic_load(&fake_vm.frozen), "a line under a freeze: %s", line);
	snprintf(log_text + len, sizeof(log_text) - len, "%d %s\n", (int)level, line);
}

static int32_t init_with(const char *const *settings)
{
	struct scxray_plugin_region regions[LIVE_LAB_MAX_REGIONS];
	struct scxray_plugin_vcpu vcpus[FAKE_VM_MAX_VCPUS];
	struct scxray_plugin_host host = {
		.struct_size = sizeof(host),
		.api_version = SCXRAY_PLUGIN_API_VERSION,
		.context = &plugin,
		.regions = regions,
		.nr_regions = (uint32_t)half.nr_regions,
		.region_size = sizeof(regions[0]),
		.vcpus = vcpus,
		.nr_vcpus = (uint32_t)half.nr_vcpus,
		.vcpu_size = sizeof(vcpus[0]),
		.settings = settings,
		.log = on_log,
	};

	for (size_t i = 0; i < half.nr_regions; i++) {
		regions[i].gpa = half.regions[i].gpa;
		regions[i].size = half.regions[i].size;
		regions[i].host = half.regions[i].host;
	}
	for (size_t i = 0; i < half.nr_vcpus; i++)
		vcpus[i] = (struct scxray_plugin_vcpu){ .fd = 0, .run = dummy_run };
	plugin = (struct scxray_plugin){ .struct_size = sizeof(plugin) };
	return scxray_plugin_init(&host, &plugin);
}

static void start(const char *a, const char *b, const char *c)
{
	char output[128];
	const char *settings[] = { output, "name=t", a, b, c, NULL };

	snprintf(output, sizeof(output), "output=%s", folder);
	ck_assert_msg(init_with(settings) == 0, "%s", log_text);
	ck_assert_ptr_nonnull(plugin.self);
}

/* Nothing by itself: only what the test demands. */
static void start_quiet(const char *setting)
{
	start("triggers=none", "sample_ms=0", setting ? setting : "poll_ms=5000");
}

static int32_t early(void)
{
	return plugin.trigger(plugin.self, SCXRAY_MOMENT_EARLY, NULL);
}

static int32_t late(void)
{
	return plugin.trigger(plugin.self, SCXRAY_MOMENT_LATE, "a test's word");
}

static int32_t finish(void)
{
	result = (struct scxray_plugin_result){ .struct_size = sizeof(result) };
	ck_assert_int_eq(plugin.finish(plugin.self, &result), result.status);
	return result.status;
}

static void set_vcpus(const struct live_lab *lab)
{
	ck_assert_uint_eq(lab->nr_vcpus, half.nr_vcpus);
	memcpy(fake_vm.vcpus, lab->vcpus, lab->nr_vcpus * sizeof(lab->vcpus[0]));
}

/* Where the exit kind stands, as the library sees it. */
static uint32_t *find_exit_kind(void)
{
	struct scxray_error err = { 0 };
	struct scxray_live *live =
		scxray_live_create(half.regions, half.nr_regions, half.nr_vcpus, NULL, &err);
	static struct scxray_look look;

	ck_assert(live && !scxray_live_resolve(live, half.vcpus, half.nr_vcpus, &err));
	scxray_live_look(live, &look);
	ck_assert_ptr_nonnull((const void *)look.exit_kind_host);
	ck_assert_uint_eq(look.exit_kind.value, 0);
	scxray_live_destroy(live);
	return (uint32_t *)(uintptr_t)look.exit_kind_host;
}

/*
 * A guest that writes while it is looked at: what the library reads then may be new or old, and
 * ThreadSanitizer sees no guest's writes.
 */
__attribute__((no_sanitize("thread"))) static void guest_writes(void *to, const void *from,
								size_t size)
{
	volatile uint32_t *words = to;
	const volatile uint32_t *news = from;

	for (size_t i = 0; i < size / sizeof(*words); i++)
		words[i] = news[i];
}

static void set_exit_kind(uint32_t kind)
{
	guest_writes(exit_kind, &kind, sizeof(kind));
}

/* Puts the pages of this core into the guest's RAM. */
static void put_pages(const struct live_lab *lab)
{
	const struct phys *phys = &lab->core->phys;

	for (size_t i = 0; i < phys->nr_pages; i++) {
		uint64_t gpa = phys->pages[i].gpa;

		for (size_t r = 0; r < half.nr_regions; r++)
			if (gpa - half.regions[r].gpa < half.regions[r].size)
				guest_writes((char *)(uintptr_t)half.regions[r].host +
						     (gpa - half.regions[r].gpa),
					     phys->pages[i].host, PAGE_SIZE);
	}
}

/* The guest half-way becomes the guest that has failed: the same boot, seconds later. */
static void guest_fails(void)
{
	pthread_mutex_lock(&fake_vm.ram);
	put_pages(&error);
	set_vcpus(&error);
	pthread_mutex_unlock(&fake_vm.ram);
}

static void setup_guest(const char *half_core, const char *error_core)
{
	snprintf(folder, sizeof(folder), "/tmp/scxray-plugin-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	fake_vm_reset();
	log_text[0] = '\0';
	ck_assert_int_eq(live_lab_open(&half, half_core), 0);
	ck_assert_int_eq(live_lab_open(&error, error_core), 0);
	/* each core holds its own part of what never changes, such as the unwind tables */
	put_pages(&error);
	put_pages(&half);
	set_vcpus(&half);
	exit_kind = find_exit_kind();
}

static void setup(void)
{
	setup_guest(CORE("7.3.4-stall-half"), CORE("7.3.4-stall-error"));
}

static char *slurp(const char *name)
{
	char path[512], *text;
	size_t size;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "r");
	ck_assert_msg(file != NULL, "no %s; the log: %s", name, log_text);
	fseek(file, 0, SEEK_END);
	size = (size_t)ftell(file);
	rewind(file);
	text = calloc(1, size + 1);
	ck_assert_uint_eq(fread(text, 1, size, file), size);
	fclose(file);
	return text;
}

static void expect_in(const char *name, const char *what)
{
	char *text = slurp(name);

	ck_assert_msg(strstr(text, what) != NULL, "%s has no \"%s\": %.600s", name, what, text);
	free(text);
}

/* Exactly these, with a space between. */
static void expect_files(const char *names)
{
	struct dirent **entries;
	int nr = scandir(folder, &entries, NULL, alphasort);
	char list[2048] = "";

	ck_assert_int_ge(nr, 0);
	for (int i = 0; i < nr; i++) {
		size_t len = strlen(list);

		if (entries[i]->d_name[0] != '.')
			snprintf(list + len, sizeof(list) - len, "%s%s", len ? " " : "",
				 entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	ck_assert_str_eq(list, names);
}

static void expect_log(const char *what)
{
	ck_assert_msg(strstr(log_text, what) != NULL, "not in the log: %s\n%s", what, log_text);
}

static void teardown(void)
{
	char command[128];

	plugin.unload(plugin.self);
	ck_assert_uint_eq(atomic_load(&fake_vm.watch_kva), 0);
	live_lab_close(&half);
	live_lab_close(&error);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static bool wait_until(bool (*holds)(void))
{
	for (int i = 0; i < 20000; i++) {
		if (holds())
			return true;
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	return false;
}

/* Long texts: where they begin to differ. */
static void expect_same(const char *got, const char *want)
{
	size_t at = 0;

	while (got[at] && got[at] == want[at])
		at++;
	if (got[at] == want[at])
		return;
	at = at > 200 ? at - 200 : 0;
	ck_abort_msg("...%.400s\n--- but should be ---\n...%.400s", got + at, want + at);
}

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
	bare.event_counter_timeline_unavailable =
		"an image holds one moment; samples are taken beside a guest that runs";
	bare.vcpu_perf_at_freeze_unavailable =
		"an image holds no counters; they are read beside a guest that runs";
	got = live_lab_json(&bare);
	expect_same(got, want);
	free(got);
	free(want);
}

START_TEST(a_dual_report_on_demand)
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
	ck_assert_int_eq(finish(), SCXRAY_STATUS_OK);
	ck_assert_uint_eq(atomic_load(&fake_vm.nr_freezes), 2);
	expect_files("t.scxray.core.zst t.scxray.early.core.zst t.scxray.json t.scxray.txt");
	ck_assert_uint_eq(result.nr_paths, 4);
	for (uint32_t i = 0; i < result.nr_paths; i++)
		ck_assert_msg(!access(result.paths[i], R_OK), "%s", result.paths[i]);
	expect_in("t.scxray.txt", "DualFailureDumpReport: early=present (max_age=1");
	expect_in("t.scxray.txt", "trigger: a test's word\n");

	/* what was written is what its cores say, and what an image of the guest says */
	early_report = replay("t.scxray.early.core.zst", &early_source);
	late_report = replay("t.scxray.core.zst", &late_source);
	ck_assert_str_eq(early_report->host->trigger, "on demand");
	ck_assert_str_eq(late_report->host->timing.clock, "held back by a test");
	scxray_document_dual(&doc, early_report, late_report, NULL);
	out = open_memstream(&want, &size);
	ck_assert_int_eq(scxray_render_json(&doc, out), 0);
	fclose(out);
	json = slurp("t.scxray.json");
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

/* ---- by itself ------------------------------------------------------------------------ */

static bool one_freeze(void)
{
	return atomic_load(&fake_vm.nr_freezes) >= 1;
}

static bool two_freezes(void)
{
	return atomic_load(&fake_vm.nr_freezes) >= 2;
}

static bool watchpoint_is_set(void)
{
	return atomic_load(&fake_vm.watch_kva) != 0;
}

static bool watchpoint_is_off(void)
{
	return !watchpoint_is_set();
}

static bool let_go(void)
{
	return !fake_vm_held();
}

static void both_moments(const char *half_core, const char *error_core)
{
	setup_guest(half_core, error_core);
	start("triggers=early,poll", "poll_ms=2", "sample_ms=2");
	ck_assert(wait_until(one_freeze));
	guest_fails();
	ck_assert(wait_until(two_freezes));
	ck_assert_int_eq(late(), SCXRAY_STATUS_BUSY);
	ck_assert_int_eq(finish(), SCXRAY_STATUS_OK);
	ck_assert_uint_eq(atomic_load(&fake_vm.nr_freezes), 2);
	expect_files("t.scxray.json t.scxray.txt");
	expect_in("t.scxray.txt", "DualFailureDumpReport: early=present (max_age=");
	expect_in("t.scxray.txt", "trigger: poll of exit_kind");
	expect_in("t.scxray.txt", "early: half-way: a task runnable for ");
	expect_in("t.scxray.json", "\"max_runnable_age_ms\"");
	teardown();
}

START_TEST(both_moments_by_itself)
{
	both_moments(CORE("7.3.4-stall-half"), CORE("7.3.4-stall-error"));
	both_moments(CORE("6.18.15-vtime-half"), CORE("6.18.15-vtime-error"));
	/* before 6.16: no struct scx_sched, no counters, the exit kind is a variable */
	both_moments(CORE("6.12-held-half"), CORE("6.12-held-error"));
}
END_TEST

START_TEST(the_watchpoint)
{
	unsigned sets;

	setup();
	start("triggers=watchpoint", "poll_ms=5000", "sample_ms=0");
	ck_assert(wait_until(watchpoint_is_set));
	/* a write that changes nothing: the vCPU goes on, the watchpoint stays */
	sets = atomic_load(&fake_vm.nr_watch_sets);
	fake_vm_hit(0);
	ck_assert(wait_until(let_go));
	ck_assert(wait_until(watchpoint_is_set));
	ck_assert_uint_gt(atomic_load(&fake_vm.nr_watch_sets), sets);
	ck_assert_uint_eq(atomic_load(&fake_vm.nr_freezes), 0);
	set_exit_kind(SCX_EXIT_ERROR_BPF);
	fake_vm_hit(1);
	ck_assert(wait_until(one_freeze));
	ck_assert(!fake_vm_held());
	ck_assert(wait_until(watchpoint_is_off));
	ck_assert_int_eq(finish(), SCXRAY_STATUS_OK);
	expect_in("t.scxray.txt", "trigger: watchpoint on exit_kind (vCPU 1)\n"
				  "  watchpoint: armed\n");
	teardown();
}
END_TEST

static bool frozen(void)
{
	return atomic_load(&fake_vm.frozen);
}

START_TEST(the_watchpoint_comes_behind_a_look)
{
	setup();
	start("triggers=watchpoint,poll", "hold_ms=300", "poll_ms=2");
	ck_assert(wait_until(watchpoint_is_set));
	set_exit_kind(SCX_EXIT_ERROR_BPF);
	ck_assert(wait_until(frozen));
	fake_vm_hit(0);
	ck_assert_int_eq(finish(), SCXRAY_STATUS_OK);
	ck_assert_uint_eq(atomic_load(&fake_vm.nr_freezes), 1);
	expect_in("t.scxray.txt", "trigger: watchpoint on exit_kind (vCPU 0)\n");
	expect_log("late snapshot (watchpoint on exit_kind (vCPU 0))");
	teardown();
}
END_TEST

START_TEST(an_unload_is_no_failure)
{
	setup();
	start("triggers=watchpoint,poll", "poll_ms=2", NULL);
	ck_assert(wait_until(watchpoint_is_set));
	set_exit_kind(SCX_EXIT_UNREG);
	fake_vm_hit(1);
	ck_assert(wait_until(watchpoint_is_off));
	ck_assert(!fake_vm_held());
	ck_assert_int_eq(finish(), SCXRAY_STATUS_NO_FAILURE);
	ck_assert_uint_eq(atomic_load(&fake_vm.nr_freezes), 0);
	expect_files("");
	teardown();
}
END_TEST

START_TEST(a_failure_at_the_very_end)
{
	setup();
	start("triggers=watchpoint,poll", "poll_ms=5000", "sample_ms=0");
	ck_assert(wait_until(watchpoint_is_set));
	set_exit_kind(SCX_EXIT_ERROR_BPF); /* nobody looks, and the guest shuts down */
	ck_assert_int_eq(finish(), SCXRAY_STATUS_OK);
	expect_files("t.scxray.json t.scxray.txt");
	teardown();
}
END_TEST

/* The scheduler is started anew: its exit kind is 0 again. */
static void fail_again(unsigned nr)
{
	set_exit_kind(0);
	ck_assert(wait_until(watchpoint_is_set));
	set_exit_kind(SCX_EXIT_ERROR_BPF);
	for (int i = 0; i < 20000 && atomic_load(&fake_vm.nr_freezes) < nr; i++)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	ck_assert_uint_eq(atomic_load(&fake_vm.nr_freezes), nr);
	ck_assert(wait_until(watchpoint_is_off));
}

START_TEST(schedulers_that_fail_again)
{
	setup();
	start("triggers=watchpoint,poll", "max_reports=2", "poll_ms=2");
	fail_again(1);
	fail_again(2);
	set_exit_kind(0);
	ck_assert(wait_until(watchpoint_is_set));
	set_exit_kind(SCX_EXIT_ERROR_BPF);
	ck_assert(wait_until(watchpoint_is_off));
	ck_assert_int_eq(finish(), SCXRAY_STATUS_OK);
	ck_assert_uint_eq(atomic_load(&fake_vm.nr_freezes), 2);
	expect_files("t.scxray.2.json t.scxray.2.txt t.scxray.json t.scxray.txt");
	expect_log("max_reports=2 are written");
	teardown();
}
END_TEST

START_TEST(a_demand_takes_no_failure_away)
{
	setup();
	start("triggers=watchpoint,poll", "poll_ms=2", NULL);
	ck_assert(wait_until(watchpoint_is_set));
	ck_assert_int_eq(late(), SCXRAY_STATUS_OK); /* it still runs */
	ck_assert_int_eq(late(), SCXRAY_STATUS_BUSY);
	set_exit_kind(SCX_EXIT_ERROR_BPF);
	ck_assert(wait_until(two_freezes));
	ck_assert_int_eq(finish(), SCXRAY_STATUS_OK);
	expect_files("t.scxray.2.json t.scxray.2.txt t.scxray.json t.scxray.txt");
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
	&each_half_once,
	&late_alone,
	&one_format,
	&early_alone,
	&nothing_failed,
	&no_kernel,
	&degraded_late,
	&degraded_early,
	&degraded_early_alone,
	&the_end_does_not_wait_for_ever,
	&both_moments_by_itself,
	&the_watchpoint,
	&the_watchpoint_comes_behind_a_look,
	&an_unload_is_no_failure,
	&a_failure_at_the_very_end,
	&schedulers_that_fail_again,
	&a_demand_takes_no_failure_away,
	&a_folder_that_goes,
	&one_file_that_fails,
};
UNIT_MAIN("plugin run", tests)
