/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plugin.h as an ABI: the layout of its structs (abi_layout.h), and the built library in hosts that
 * know more of it or less.  No guest runs here: the vCPUs never start.
 */
#include "tests/unit/abi_host.h"

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

static const unit_test tests[] = {
	&a_host_of_today,	 &nothing_else_is_exported,   &a_newer_host,	    &an_older_host,
	&an_older_plugin_struct, &older_results_and_settings, &no_result_is_wanted,
};

UNIT_MAIN("plugin_abi_library", tests)
