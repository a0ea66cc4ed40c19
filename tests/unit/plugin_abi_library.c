/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plugin.h as an ABI: the layout of its structs (abi_layout.h), and the built library in hosts that
 * know more of it or less.  No guest runs here: the vCPUs never start.
 */
#include <dlfcn.h>
#include <linux/kvm.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <scxray/plugin.h>

#include "tests/lib/abi_layout.h"
#include "tests/lib/unit.h"

/* ---- a host without a guest -------------------------------------------------- */

#define PAGE 4096UL
#define NR 2
#define GARBAGE 0xa5

static const char *library_path(void)
{
	static char path[512];
	const char *build = getenv("SCXRAY_BUILD");

	snprintf(path, sizeof(path), "%s/scxray-plugin.so", build ? build : "build/gcc");
	return path;
}

struct so {
	void *library;
	scxray_plugin_init_fn *init;
};

static struct so load(void)
{
	struct so so = { .library = dlopen(library_path(), RTLD_NOW | RTLD_LOCAL) };

	ck_assert_msg(so.library != NULL, "%s", dlerror());
	*(void **)&so.init = dlsym(so.library, SCXRAY_PLUGIN_INIT);
	ck_assert_ptr_nonnull(so.init);
	return so;
}

/* `size` bytes of garbage right before a page that may not be touched. */
static void *guarded(size_t size)
{
	size_t room = (size + PAGE - 1) & ~(PAGE - 1);
	char *at =
		mmap(NULL, room + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(at, MAP_FAILED);
	ck_assert(!mprotect(at + room, PAGE, PROT_NONE));
	memset(at, GARBAGE, room);
	return at + room - size;
}

static void expect_garbage(const void *bytes, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		ck_assert_msg(((const uint8_t *)bytes)[i] == GARBAGE, "byte %zu was written", i);
}

/* All lines that the plugin said. */
static char said[4096];

static void listen_to(void *context, enum scxray_plugin_level level, const char *line)
{
	(void)context;
	(void)level;
	strncat(said, line, sizeof(said) - strlen(said) - 2);
	strcat(said, "\n");
}

static const char *const settings[] = { "output=/tmp", "name=abi", "triggers=none", NULL };

/* Arrays with `more` bytes of garbage behind each element. */
static void *make_regions(size_t more)
{
	size_t stride = sizeof(struct scxray_plugin_region) + more;
	char *regions = guarded(NR * stride);

	for (size_t i = 0; i < NR; i++) {
		void *ram = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		struct scxray_plugin_region r = { .gpa = i << 20, .size = 16 * PAGE, .host = ram };

		ck_assert_ptr_ne(ram, MAP_FAILED);
		memcpy(regions + i * stride, &r, sizeof(r));
	}
	return regions;
}

static void *make_vcpus(size_t more)
{
	size_t stride = sizeof(struct scxray_plugin_vcpu) + more;
	char *vcpus = guarded(NR * stride);

	for (size_t i = 0; i < NR; i++) {
		void *run = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		struct scxray_plugin_vcpu v = { .fd = 1000, .run = run };

		ck_assert_ptr_ne(run, MAP_FAILED);
		memcpy(vcpus + i * stride, &v, sizeof(v));
	}
	return vcpus;
}

/* The description in `size` bytes: less than today's struct, or more, then garbage. */
static struct scxray_plugin_host *make_host(size_t size, size_t more)
{
	struct scxray_plugin_host *at = guarded(size);
	struct scxray_plugin_host host = {
		.struct_size = (uint32_t)size,
		.api_version = SCXRAY_PLUGIN_API_VERSION,
		.vm_fd = 1000, /* no file: nothing here needs KVM */
		.regions = make_regions(more),
		.nr_regions = NR,
		.region_size = (uint32_t)(sizeof(struct scxray_plugin_region) + more),
		.vcpus = make_vcpus(more),
		.nr_vcpus = NR,
		.vcpu_size = (uint32_t)(sizeof(struct scxray_plugin_vcpu) + more),
		.settings = settings,
		.log = listen_to,
	};

	memcpy(at, &host, size < sizeof(host) ? size : sizeof(host));
	said[0] = '\0';
	return at;
}

static struct scxray_plugin *make_plugin(size_t size)
{
	struct scxray_plugin *plugin = guarded(size);

	plugin->struct_size = (uint32_t)size;
	return plugin;
}

static void expect_no_failure(const struct scxray_plugin *plugin)
{
	struct scxray_plugin_result result = { .struct_size = sizeof(result), .nr_paths = 77 };

	ck_assert_int_eq(plugin->finish(plugin->self, &result), SCXRAY_STATUS_NO_FAILURE);
	ck_assert_int_eq(result.status, SCXRAY_STATUS_NO_FAILURE);
	ck_assert_uint_eq(result.nr_paths, 0);
}

/* ---- as it is today ----------------------------------------------------------- */

START_TEST(a_host_of_today)
{
	struct so so = load();
	struct scxray_plugin *plugin = make_plugin(sizeof(*plugin));

	ck_assert_msg(!so.init(make_host(sizeof(struct scxray_plugin_host), 0), plugin), "%s",
		      said);
	ck_assert_uint_eq(plugin->api_version, SCXRAY_PLUGIN_API_VERSION);
	ck_assert(plugin->version && plugin->version[0] && plugin->self);
	ck_assert(plugin->vcpu_start && plugin->vcpu_exit && plugin->vcpu_stop && plugin->trigger);
	expect_no_failure(plugin);
	ck_assert_int_eq(plugin->trigger(plugin->self, SCXRAY_MOMENT_LATE, "too late"),
			 SCXRAY_STATUS_INVALID);
	plugin->unload(plugin->self);
	ck_assert(!dlclose(so.library));
}
END_TEST

START_TEST(nothing_else_is_exported)
{
	static const char *const names[] = {
		"scxray_capture", "scxray_live_create", "freeze_begin", "vm_create", "say", "main"
	};
	struct so so = load();

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		void *symbol = dlsym(so.library, names[i]);
		Dl_info info;

		/* this program may have one of that name: but it is not the plugin's */
		ck_assert_msg(!symbol || !dladdr(symbol, &info) ||
				      !strstr(info.dli_fname, "scxray-plugin"),
			      "%s is exported", names[i]);
	}
	dlclose(so.library);
}
END_TEST

/* ---- a host that knows more --------------------------------------------------- */

START_TEST(a_newer_host)
{
	enum {
		MORE = 40
	};
	size_t host_size = sizeof(struct scxray_plugin_host) + MORE;
	struct scxray_plugin *plugin = make_plugin(sizeof(*plugin) + MORE);
	struct scxray_plugin_result *result = guarded(sizeof(*result) + MORE);
	struct scxray_plugin_setting *setting = guarded(sizeof(*setting) + MORE);
	struct so so = load();

	ck_assert_msg(!so.init(make_host(host_size, MORE), plugin), "%s", said);
	expect_garbage(plugin, sizeof(*plugin), sizeof(*plugin) + MORE);
	ck_assert(plugin->setting != NULL);

	setting->struct_size = sizeof(*setting) + MORE;
	ck_assert(!plugin->setting(plugin->self, 0, setting));
	ck_assert(setting->key && setting->value && setting->help);
	expect_garbage(setting, sizeof(*setting), sizeof(*setting) + MORE);

	result->struct_size = sizeof(*result) + MORE;
	ck_assert_int_eq(plugin->finish(plugin->self, result), SCXRAY_STATUS_NO_FAILURE);
	ck_assert_uint_eq(result->nr_paths, 0);
	expect_garbage(result, sizeof(*result), sizeof(*result) + MORE);
	plugin->unload(plugin->self);
	dlclose(so.library);
}
END_TEST

/* ---- a host that knows less --------------------------------------------------- */

#define BEHIND(type, member) (offsetof(struct type, member) + sizeof(((struct type *)0)->member))

/* Each size of the description that ends behind a member; the guard stands right there. */
START_TEST(an_older_host)
{
	static const size_t sizes[] = {
		BEHIND(scxray_plugin_host, vcpu_size),
		BEHIND(scxray_plugin_host, settings),
		BEHIND(scxray_plugin_host, log),
		BEHIND(scxray_plugin_host, pause_devices),
		BEHIND(scxray_plugin_host, resume_devices),
		BEHIND(scxray_plugin_host, failure_captured),
	};
	struct so so = load();

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct scxray_plugin *plugin = make_plugin(sizeof(*plugin));

		ck_assert_msg(!so.init(make_host(sizes[i], 0), plugin), "size %zu: %s", sizes[i],
			      said);
		expect_no_failure(plugin);
		plugin->unload(plugin->self);
	}
	dlclose(so.library);
}
END_TEST

START_TEST(an_older_plugin_struct)
{
	size_t size = BEHIND(scxray_plugin, unload);
	struct scxray_plugin *plugin = make_plugin(size);
	struct so so = load();

	ck_assert_msg(!so.init(make_host(sizeof(struct scxray_plugin_host), 0), plugin), "%s",
		      said);
	expect_no_failure(plugin);
	plugin->unload(plugin->self);
	dlclose(so.library);
}
END_TEST

START_TEST(older_results_and_settings)
{
	struct scxray_plugin *plugin = make_plugin(sizeof(*plugin));
	struct scxray_plugin_setting *setting = guarded(BEHIND(scxray_plugin_setting, key));
	struct scxray_plugin_result *result = guarded(BEHIND(scxray_plugin_result, status));
	struct so so = load();

	ck_assert_msg(!so.init(make_host(sizeof(struct scxray_plugin_host), 0), plugin), "%s",
		      said);
	setting->struct_size = BEHIND(scxray_plugin_setting, key);
	ck_assert(!plugin->setting(NULL, 0, setting));
	ck_assert(setting->key && setting->key[0]);
	result->struct_size = BEHIND(scxray_plugin_result, status);
	ck_assert_int_eq(plugin->finish(plugin->self, result), SCXRAY_STATUS_NO_FAILURE);
	ck_assert_int_eq(result->status, SCXRAY_STATUS_NO_FAILURE);
	plugin->unload(plugin->self);
	dlclose(so.library);
}
END_TEST

START_TEST(no_result_is_wanted)
{
	struct scxray_plugin *plugin = make_plugin(sizeof(*plugin));
	struct so so = load();

	ck_assert_msg(!so.init(make_host(sizeof(struct scxray_plugin_host), 0), plugin), "%s",
		      said);
	ck_assert_int_eq(plugin->finish(plugin->self, NULL), SCXRAY_STATUS_NO_FAILURE);
	plugin->unload(plugin->self);
	dlclose(so.library);
}
END_TEST

/* ---- refused ------------------------------------------------------------------ */

static void other_version(struct scxray_plugin_host *host)
{
	host->api_version = SCXRAY_PLUGIN_API_VERSION + 1;
}

static void no_size(struct scxray_plugin_host *host)
{
	host->struct_size = 0;
}

static void overlapping(struct scxray_plugin_host *host)
{
	struct scxray_plugin_region *regions = (struct scxray_plugin_region *)host->regions;

	regions[1].gpa = regions[0].gpa + PAGE;
}

static void unaligned(struct scxray_plugin_host *host)
{
	((struct scxray_plugin_region *)host->regions)->gpa = 17;
}

static void small_regions(struct scxray_plugin_host *host)
{
	host->region_size = 8;
}

static void small_vcpus(struct scxray_plugin_host *host)
{
	host->vcpu_size = 8;
}

static void unknown_setting(struct scxray_plugin_host *host)
{
	static const char *const wrong[] = { "colour=blue", NULL };

	host->settings = wrong;
}

static void wrong_value(struct scxray_plugin_host *host)
{
	static const char *const wrong[] = { "park_deadline_ms=soon", NULL };

	host->settings = wrong;
}

static void half_a_pause(struct scxray_plugin_host *host)
{
	host->resume_devices = free;
}

START_TEST(what_makes_no_sense_is_refused)
{
	static const struct {
		void (*spoil)(struct scxray_plugin_host *host);
		const char *word;
	} cases[] = {
		{ other_version, "api_version" },  { no_size, NULL },
		{ overlapping, "overlap" },	   { unaligned, "0x11" },
		{ small_regions, "RAM" },	   { small_vcpus, "vCPU" },
		{ unknown_setting, "colour" },	   { wrong_value, "park_deadline_ms" },
		{ half_a_pause, "pause_devices" },
	};
	struct so so = load();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct scxray_plugin_host *host = make_host(sizeof(*host), 0);
		struct scxray_plugin *plugin = make_plugin(sizeof(*plugin));

		cases[i].spoil(host);
		ck_assert_msg(so.init(host, plugin) == -1, "case %zu was taken", i);
		/* without a size there is no log either: stderr */
		ck_assert_msg(!cases[i].word || strstr(said, cases[i].word), "case %zu: %s", i,
			      said);
	}
	dlclose(so.library);
}
END_TEST

START_TEST(a_struct_without_room_is_refused)
{
	struct scxray_plugin *plugin = make_plugin(sizeof(*plugin));
	struct so so = load();

	plugin->struct_size = 0;
	ck_assert_int_eq(so.init(make_host(sizeof(struct scxray_plugin_host), 0), plugin), -1);
	expect_garbage(plugin, 4, sizeof(*plugin));
	ck_assert_int_eq(so.init(make_host(sizeof(struct scxray_plugin_host), 0), NULL), -1);
	dlclose(so.library);
}
END_TEST

/* ---- more than once ------------------------------------------------------------ */

static int nr_threads(void)
{
	struct stat st;

	ck_assert(!stat("/proc/self/task", &st));
	return (int)st.st_nlink - 2;
}

START_TEST(settings_without_a_vm)
{
	struct scxray_plugin_setting setting = { .struct_size = sizeof(setting) };
	struct scxray_plugin *plugin = make_plugin(sizeof(*plugin));
	struct so so = load();
	uint32_t nr = 0;

	ck_assert(!so.init(NULL, plugin));
	ck_assert_ptr_null(plugin->self);
	for (; !plugin->setting(NULL, nr, &setting); nr++)
		ck_assert(setting.key[0] && setting.value && setting.help[0]);
	ck_assert_uint_gt(nr, 5);
	ck_assert_int_eq(plugin->setting(NULL, UINT32_MAX, &setting), -1);
	plugin->unload(plugin->self);
	dlclose(so.library);
}
END_TEST

/* Loaded and gone again and again: no thread, no signal handler of a library that is gone. */
START_TEST(loaded_again_and_again)
{
	int before = 0;

	for (int i = 0; i < 50; i++) {
		struct scxray_plugin *plugin = make_plugin(sizeof(*plugin));
		struct so so = load();

		ck_assert_msg(!so.init(make_host(sizeof(struct scxray_plugin_host), 0), plugin),
			      "round %d: %s", i, said);
		if (i & 1)
			expect_no_failure(plugin);
		plugin->unload(plugin->self);
		ck_assert(!dlclose(so.library));
		if (i == 0) /* a sanitizer has started its own by now */
			before = nr_threads();
	}
	for (int i = 0; i < 1000 && nr_threads() > before; i++)
		usleep(1000);
	ck_assert_int_le(nr_threads(), before);
}
END_TEST

/* As many signals as there are: each instance takes one of its own, and gives it back. */
START_TEST(many_at_a_time)
{
	enum {
		MANY = 8
	};
	struct scxray_plugin *plugins[MANY];
	struct so so[MANY];

	for (int i = 0; i < MANY; i++) {
		so[i] = load();
		plugins[i] = make_plugin(sizeof(struct scxray_plugin));
		ck_assert_msg(
			!so[i].init(make_host(sizeof(struct scxray_plugin_host), 0), plugins[i]),
			"instance %d: %s", i, said);
		for (int k = 0; k < i; k++)
			ck_assert_ptr_ne(plugins[i]->self, plugins[k]->self);
	}
	for (int i = 0; i < MANY; i += 2) {
		plugins[i]->unload(plugins[i]->self);
		dlclose(so[i].library);
	}
	for (int i = 1; i < MANY; i += 2) { /* these go on */
		expect_no_failure(plugins[i]);
		plugins[i]->unload(plugins[i]->self);
		dlclose(so[i].library);
	}
}
END_TEST

static const unit_test tests[] = {
	&a_host_of_today,	&nothing_else_is_exported,	 &a_newer_host,
	&an_older_host,		&an_older_plugin_struct,	 &older_results_and_settings,
	&no_result_is_wanted,	&what_makes_no_sense_is_refused, &a_struct_without_room_is_refused,
	&settings_without_a_vm, &loaded_again_and_again,	 &many_at_a_time,
};

UNIT_MAIN("plugin as a library", tests)
