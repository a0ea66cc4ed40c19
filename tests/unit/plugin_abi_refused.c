/* SPDX-License-Identifier: BSD-2-Clause */
/* plugin_abi_refused.c - hosts that the plugin refuses, and hosts that load it again */
#include "tests/unit/abi_host.h"

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
	&what_makes_no_sense_is_refused,
	&a_struct_without_room_is_refused,
	&settings_without_a_vm,
	&loaded_again_and_again,
	&many_at_a_time,
};

UNIT_MAIN("plugin_abi_refused", tests)
