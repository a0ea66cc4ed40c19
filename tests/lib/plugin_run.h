/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plugin_run.h - a host of the whole plugin for tests, with a bundled core's pages as guest RAM and
 * vCPUs that are but registers (fake_vm.h); it looks at the files that come out
 */
#ifndef TESTS_PLUGIN_RUN_H
#define TESTS_PLUGIN_RUN_H

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/lib/fake_vm.h"
#include "tests/lib/live_lab.h"
#include "tests/lib/unit.h"

#define CORE(name) "kernel-fixtures/cores/" name ".core.zst"

static struct live_lab half, error;
static uint32_t *exit_kind; /* the word in the guest's RAM */
static char folder[64];
static struct scxray_plugin plugin;
static struct scxray_plugin_result result;
static char log_text[16384];
static char dummy_run[4096];
static const char *isolate = "isolate=off";

/* ---- a host ------------------------------------------------------------------- */

/* As ck_assert(), which allocates even where it holds, and for tests in which that fails. */
#define MUST(holds)                                         \
	do {                                                \
		if (!(holds))                               \
			ck_abort_msg("not so: %s", #holds); \
	} while (0)

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER; /* two threads watch and write */

static inline void on_log(void *context, enum scxray_plugin_level level, const char *line)
{
	size_t len;

	MUST(context == &plugin);
	MUST(!atomic_load(&fake_vm.frozen));
	pthread_mutex_lock(&log_lock);
	len = strlen(log_text);
	snprintf(log_text + len, sizeof(log_text) - len, "%d %s\n", (int)level, line);
	pthread_mutex_unlock(&log_lock);
}

static inline bool log_has(const char *text)
{
	bool has;

	pthread_mutex_lock(&log_lock);
	has = strstr(log_text, text) != NULL;
	pthread_mutex_unlock(&log_lock);
	return has;
}

/* ---- what the host is told at once ---------------------------------------------- */

static struct {
	_Atomic unsigned captured, complete; /* written last */
	char why[64];
	int32_t status;
	uint32_t nr_paths;
	char first_path[256], finding[512];
	bool files_there; /* all its paths could be read when it was told */
} told;

static inline void on_captured(void *context, const char *why)
{
	MUST(context == &plugin);
	MUST(!atomic_load(&fake_vm.frozen));
	snprintf(told.why, sizeof(told.why), "%s", why);
	told.captured++;
}

static inline void on_complete(void *context, const struct scxray_plugin_result *report)
{
	MUST(context == &plugin);
	MUST(report->struct_size == sizeof(*report));
	MUST(told.captured > told.complete);
	told.status = report->status;
	told.nr_paths = report->nr_paths;
	told.files_there = true;
	for (uint32_t i = 0; i < report->nr_paths; i++)
		told.files_there &= !access(report->paths[i], R_OK);
	snprintf(told.first_path, sizeof(told.first_path), "%s",
		 report->nr_paths ? report->paths[0] : "");
	snprintf(told.finding, sizeof(told.finding), "%s",
		 report->first_finding ? report->first_finding : "");
	told.complete++;
}

static inline int32_t init_with(const char *const *settings)
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
		.failure_captured = on_captured,
		.report_complete = on_complete,
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

static inline void start(const char *a, const char *b, const char *c)
{
	char output[128];
	const char *settings[] = { output, "name=t", isolate, a, b, c, NULL };

	snprintf(output, sizeof(output), "output=%s", folder);
	ck_assert_msg(init_with(settings) == 0, "%s", log_text);
	ck_assert_ptr_nonnull(plugin.self);
}

/* From here on the scxray program of this build makes the reports. */
static inline void make_reports_apart(void)
{
	static char setting[512];
	const char *program = getenv("SCXRAY");

	snprintf(setting, sizeof(setting), "isolate=%s", program ? program : "build/gcc/scxray");
	isolate = setting;
}

/* Nothing by itself: only what the test demands. */
static inline void start_quiet(const char *setting)
{
	start("triggers=none", "sample_ms=0", setting ? setting : "poll_ms=5000");
}

static inline int32_t early(void)
{
	return plugin.trigger(plugin.self, SCXRAY_MOMENT_EARLY, NULL);
}

static inline int32_t late(void)
{
	return plugin.trigger(plugin.self, SCXRAY_MOMENT_LATE, "a test's word");
}

static inline int32_t finish(void)
{
	result = (struct scxray_plugin_result){ .struct_size = sizeof(result) };
	MUST(plugin.finish(plugin.self, &result) == result.status);
	return result.status;
}

static inline void set_vcpus(const struct live_lab *lab)
{
	MUST(lab->nr_vcpus == half.nr_vcpus);
	memcpy(fake_vm.vcpus, lab->vcpus, lab->nr_vcpus * sizeof(lab->vcpus[0]));
}

/* Where the exit kind is, as the library sees it. */
static inline uint32_t *find_exit_kind(void)
{
	struct scxray_error err = { 0 };
	struct scxray_live *live =
		scxray_live_create(half.regions, half.nr_regions, half.nr_vcpus, NULL, &err);
	static struct scxray_look look;

	ck_assert(live && !scxray_live_resolve(live, half.vcpus, half.nr_vcpus, &err));
	scxray_live_look(live, &look);
	ck_assert_uint_eq(look.exit_kind.value, 0);
	scxray_live_destroy(live);
	return (uint32_t *)(void *)live_lab_at(&half, look.exit_kind_kva.value);
}

/*
 * A guest that writes while it is looked at: what the library reads then may be new or old, and
 * ThreadSanitizer sees no guest's writes.
 */
__attribute__((no_sanitize("thread"))) static inline void guest_writes(void *to, const void *from,
								       size_t size)
{
	volatile uint32_t *words = to;
	const volatile uint32_t *news = from;

	for (size_t i = 0; i < size / sizeof(*words); i++)
		words[i] = news[i];
}

static inline void set_exit_kind(uint32_t kind)
{
	guest_writes(exit_kind, &kind, sizeof(kind));
}

/* Puts the pages of this core into the guest's RAM. */
static inline void put_pages(const struct live_lab *lab)
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
static inline void guest_fails(void)
{
	pthread_mutex_lock(&fake_vm.ram);
	put_pages(&error);
	set_vcpus(&error);
	pthread_mutex_unlock(&fake_vm.ram);
}

static inline void setup_guest(const char *half_core, const char *error_core)
{
	snprintf(folder, sizeof(folder), "/tmp/scxray-plugin-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	fake_vm_reset();
	log_text[0] = '\0';
	memset(&told, 0, sizeof(told));
	ck_assert_int_eq(live_lab_open(&half, half_core), 0);
	ck_assert_int_eq(live_lab_open(&error, error_core), 0);
	/* each core holds its own part of what never changes, such as the unwind tables */
	put_pages(&error);
	put_pages(&half);
	set_vcpus(&half);
	exit_kind = find_exit_kind();
}

static inline void setup(void)
{
	setup_guest(CORE("7.3.4-stall-half"), CORE("7.3.4-stall-error"));
}

static inline char *slurp(const char *name)
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

static inline void expect_in(const char *name, const char *what)
{
	char *text = slurp(name);

	ck_assert_msg(strstr(text, what) != NULL, "%s has no \"%s\": %.600s", name, what, text);
	free(text);
}

/* Exactly these, with a space between. */
static inline void expect_files(const char *names)
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

static inline void expect_log(const char *what)
{
	ck_assert_msg(strstr(log_text, what) != NULL, "not in the log: %s\n%s", what, log_text);
}

static inline void teardown(void)
{
	char command[128];

	plugin.unload(plugin.self);
	ck_assert_uint_eq(atomic_load(&fake_vm.watch_kva), 0);
	live_lab_close(&half);
	live_lab_close(&error);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static inline bool wait_until(bool (*holds)(void))
{
	for (int i = 0; i < 20000; i++) {
		if (holds())
			return true;
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	}
	return false;
}

/* Long texts: where they begin to differ. */
static inline void expect_same(const char *got, const char *want)
{
	size_t at = 0;

	while (got[at] && got[at] == want[at])
		at++;
	if (got[at] == want[at])
		return;
	at = at > 200 ? at - 200 : 0;
	ck_abort_msg("...%.400s\n--- but should be ---\n...%.400s", got + at, want + at);
}

#endif
