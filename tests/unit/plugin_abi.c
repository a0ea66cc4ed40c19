/* SPDX-License-Identifier: BSD-2-Clause */
/* The plugin's ABI: older and newer hosts, and what is wrong with wrong ones. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/lib/fake_vm.h"
#include "tests/lib/unit.h"

#define RAM_SIZE (1u << 20)
#define END_OF(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))

static char line[1024]; /* the last one of the log */
static unsigned nr_lines;
static char folder[64];
static char output[128];
static void *ram;
static char run[4096];

static void on_log(void *context, enum scxray_plugin_level level, const char *text)
{
	(void)level;
	ck_assert_str_eq(context, "context");
	snprintf(line, sizeof(line), "%s", text);
	nr_lines++;
}

static const char *settings[] = { output, "triggers=none", NULL };
static struct scxray_plugin_region region;
static struct scxray_plugin_vcpu vcpu;

static struct scxray_plugin_host good_host(void)
{
	struct scxray_plugin_host host = {
		.struct_size = sizeof(host),
		.api_version = SCXRAY_PLUGIN_API_VERSION,
		.context = "context",
		.regions = &region,
		.nr_regions = 1,
		.region_size = sizeof(region),
		.vcpus = &vcpu,
		.nr_vcpus = 1,
		.vcpu_size = sizeof(vcpu),
		.settings = settings,
		.log = on_log,
	};

	return host;
}

static void setup(void)
{
	fake_vm_reset();
	nr_lines = 0;
	line[0] = '\0';
	snprintf(folder, sizeof(folder), "/tmp/scxray-abi-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(output, sizeof(output), "output=%s", folder);
	ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert(ram != MAP_FAILED);
	region = (struct scxray_plugin_region){ .size = RAM_SIZE, .host = ram };
	vcpu = (struct scxray_plugin_vcpu){ .fd = 0, .run = run };
}

static void teardown(void)
{
	munmap(ram, RAM_SIZE);
	ck_assert_int_eq(rmdir(folder), 0); /* and so it is empty */
}

/* Works as a plugin does whose VM has nothing in it. */
static void expect_working(struct scxray_plugin *plugin)
{
	struct scxray_plugin_result result = { .struct_size = sizeof(result) };

	ck_assert_ptr_nonnull(plugin->self);
	plugin->vcpu_start(plugin->self, 0);
	ck_assert_int_eq(plugin->vcpu_exit(plugin->self, 0, 0), SCXRAY_VCPU_HANDLE);
	/* an index that is none */
	plugin->vcpu_start(plugin->self, 7);
	ck_assert_int_eq(plugin->vcpu_exit(plugin->self, 7, 0), SCXRAY_VCPU_HANDLE);
	plugin->vcpu_stop(plugin->self, 7);
	plugin->vcpu_stop(plugin->self, 0);
	ck_assert_int_eq(plugin->finish(plugin->self, &result), SCXRAY_STATUS_NO_FAILURE);
	ck_assert_ptr_nonnull(result.message);
	ck_assert_uint_eq(result.nr_paths, 0);
	plugin->unload(plugin->self);
}

START_TEST(a_host_as_it_should_be)
{
	struct scxray_plugin plugin = { .struct_size = sizeof(plugin) };
	struct scxray_plugin_host host = good_host();

	setup();
	host = good_host();
	ck_assert_msg(!scxray_plugin_init(&host, &plugin), "%s", line);
	ck_assert_uint_eq(plugin.struct_size, sizeof(plugin));
	ck_assert_uint_eq(plugin.api_version, SCXRAY_PLUGIN_API_VERSION);
	ck_assert_str_eq(plugin.version, SCXRAY_VERSION);
	expect_working(&plugin);
	teardown();
}
END_TEST

START_TEST(without_a_host_it_describes_settings)
{
	struct scxray_plugin plugin = { .struct_size = sizeof(plugin) };
	struct scxray_plugin_setting setting = { .struct_size = sizeof(setting) };
	struct scxray_plugin_result result = { .struct_size = sizeof(result) };

	ck_assert_int_eq(scxray_plugin_init(NULL, &plugin), 0);
	ck_assert_ptr_null(plugin.self);
	ck_assert_int_eq(plugin.setting(plugin.self, 0, &setting), 0);
	ck_assert_str_eq(setting.key, "log");
	ck_assert_int_eq(plugin.trigger(NULL, SCXRAY_MOMENT_LATE, NULL), SCXRAY_STATUS_INVALID);
	ck_assert_int_eq(plugin.finish(NULL, &result), SCXRAY_STATUS_INVALID);
	plugin.unload(plugin.self);
}
END_TEST

START_TEST(an_older_host_has_less_room)
{
	struct scxray_plugin plugin;
	struct scxray_plugin_host host;
	struct scxray_plugin_result result;

	setup();
	host = good_host();
	memset(&plugin, 0x5a, sizeof(plugin));
	plugin.struct_size = END_OF(struct scxray_plugin, unload);
	ck_assert_msg(!scxray_plugin_init(&host, &plugin), "%s", line);
	ck_assert_int_eq(((unsigned char *)&plugin.setting)[0], 0x5a);
	ck_assert_uint_eq(plugin.struct_size, END_OF(struct scxray_plugin, unload));
	memset(&result, 0x5a, sizeof(result));
	result.struct_size = END_OF(struct scxray_plugin_result, status);
	ck_assert_int_eq(plugin.finish(plugin.self, &result), SCXRAY_STATUS_NO_FAILURE);
	ck_assert_int_eq(result.status, SCXRAY_STATUS_NO_FAILURE);
	ck_assert_int_eq(((unsigned char *)&result.message)[0], 0x5a);
	plugin.unload(plugin.self);
	teardown();
}
END_TEST

START_TEST(an_older_host_gives_less)
{
	struct scxray_plugin plugin = { .struct_size = sizeof(plugin) };
	struct scxray_plugin_host host, garbage;
	char path[160];

	setup();
	/* up to its vCPUs; what stands behind is not the plugin's to read */
	memset(&garbage, 0x5a, sizeof(garbage));
	host = good_host();
	host.struct_size = END_OF(struct scxray_plugin_host, vcpu_size);
	memcpy(&garbage, &host, host.struct_size);
	ck_assert_int_eq(chdir(folder), 0); /* no settings: it writes where it stands */
	ck_assert_int_eq(scxray_plugin_init(&garbage, &plugin), 0);
	ck_assert_uint_eq(nr_lines, 0);
	ck_assert_int_eq(plugin.trigger(plugin.self, SCXRAY_MOMENT_LATE, NULL),
			 SCXRAY_STATUS_NO_KERNEL);
	/* unload() alone might come before the files */
	ck_assert_int_eq(plugin.finish(plugin.self, NULL), SCXRAY_STATUS_NO_KERNEL);
	plugin.unload(plugin.self);
	ck_assert_int_eq(chdir("/"), 0);
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/vm.scxray.%s", folder, i ? "txt" : "json");
		ck_assert_int_eq(unlink(path), 0);
	}
	teardown();
}
END_TEST

START_TEST(a_newer_host_gives_more)
{
	struct {
		struct scxray_plugin plugin;
		char more[64];
	} plugin;
	struct {
		struct scxray_plugin_host host;
		char more[64];
	} host;
	struct {
		struct scxray_plugin_region region;
		char more[40];
	} regions[2];
	struct {
		struct scxray_plugin_vcpu vcpu;
		char more[8];
	} vcpus[3];

	setup();
	memset(&plugin, 0x5a, sizeof(plugin));
	memset(&host, 0x5a, sizeof(host));
	memset(regions, 0x5a, sizeof(regions));
	memset(vcpus, 0x5a, sizeof(vcpus));
	regions[0].region = regions[1].region = region;
	regions[0].region.size = regions[1].region.size = RAM_SIZE / 2;
	regions[1].region.gpa = RAM_SIZE;
	regions[1].region.host = (char *)ram + RAM_SIZE / 2;
	for (int i = 0; i < 3; i++)
		vcpus[i].vcpu = vcpu;
	host.host = good_host();
	host.host.struct_size = sizeof(host);
	host.host.regions = &regions[0].region;
	host.host.nr_regions = 2;
	host.host.region_size = sizeof(regions[0]);
	host.host.vcpus = &vcpus[0].vcpu;
	host.host.nr_vcpus = 3;
	host.host.vcpu_size = sizeof(vcpus[0]);
	plugin.plugin.struct_size = sizeof(plugin);
	ck_assert_msg(!scxray_plugin_init(&host.host, &plugin.plugin), "%s", line);
	ck_assert_int_eq(plugin.more[0], 0x5a);
	ck_assert_uint_eq(atomic_load(&fake_vm.nr_vcpus), 3);
	expect_working(&plugin.plugin);
	teardown();
}
END_TEST

/* ---- wrong input -------------------------------------------------------------- */

static struct scxray_plugin_region overlapping[2];

static void no_size(struct scxray_plugin_host *host)
{
	host->struct_size = 8;
}

static void other_version(struct scxray_plugin_host *host)
{
	host->api_version = 2;
}

static void no_regions(struct scxray_plugin_host *host)
{
	host->nr_regions = 0;
}

static void no_region_array(struct scxray_plugin_host *host)
{
	host->regions = NULL;
}

static void no_region_size(struct scxray_plugin_host *host)
{
	host->region_size = 0;
}

static void no_mapping(struct scxray_plugin_host *host)
{
	(void)host;
	region.host = NULL;
}

static void odd_region(struct scxray_plugin_host *host)
{
	(void)host;
	region.gpa = 0x123;
}

static void overlap(struct scxray_plugin_host *host)
{
	overlapping[0] = overlapping[1] = region;
	overlapping[1].gpa = RAM_SIZE / 2;
	host->regions = overlapping;
	host->nr_regions = 2;
}

static void no_vcpus(struct scxray_plugin_host *host)
{
	host->nr_vcpus = 0;
}

static void no_vcpu_size(struct scxray_plugin_host *host)
{
	host->vcpu_size = 8;
}

static void no_run(struct scxray_plugin_host *host)
{
	(void)host;
	vcpu.run = NULL;
}

static void no_fd(struct scxray_plugin_host *host)
{
	(void)host;
	vcpu.fd = -1;
}

static void no_vm(struct scxray_plugin_host *host)
{
	host->vm_fd = -1;
}

static int32_t pause_devices(void *context)
{
	(void)context;
	return 0;
}

static void pause_only(struct scxray_plugin_host *host)
{
	host->pause_devices = pause_devices;
}

static void bad_setting(struct scxray_plugin_host *host)
{
	(void)host;
	settings[1] = "trigger=none";
}

static void bad_folder(struct scxray_plugin_host *host)
{
	(void)host;
	settings[1] = "output=/nonexistent";
}

START_TEST(wrong_hosts)
{
	static const struct {
		void (*spoil)(struct scxray_plugin_host *host);
		const char *says;
	} wrong[] = {
		{ no_size, "" }, /* it has not even a log: stderr */
		{ other_version, "host.api_version is 2, this plugin's is 1" },
		{ no_regions, "no guest RAM: host.regions has 0 elements of 24 bytes" },
		{ no_region_array, "no guest RAM: host.regions has 0 elements" },
		{ no_region_size, "no guest RAM: host.regions has 1 elements of 0 bytes" },
		{ no_mapping, "guest RAM at 0x0: regions[0].host is NULL" },
		{ odd_region, "guest RAM at 0x123: " },
		{ overlap, "guest RAM at 0x80000: " },
		{ no_vcpus, "no vCPUs: host.vcpus has 0 elements of 16 bytes" },
		{ no_vcpu_size, "no vCPUs: host.vcpus has 1 elements of 8 bytes" },
		{ no_run, "vCPU 0: vcpus[0].run is NULL" },
		{ no_fd, "vCPU 0: vcpus[0].fd is -1" },
		{ no_vm, "host.vm_fd is -1" },
		{ pause_only, "one of pause_devices and resume_devices is NULL" },
		{ bad_setting, "no such setting: trigger; " },
		{ bad_folder, "no folder for reports: /nonexistent: " },
	};

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct scxray_plugin plugin = { .struct_size = sizeof(plugin) };
		struct scxray_plugin_host host;

		setup();
		host = good_host();
		wrong[i].spoil(&host);
		ck_assert_int_eq(scxray_plugin_init(&host, &plugin), -1);
		ck_assert_ptr_null(plugin.self);
		ck_assert_uint_eq(nr_lines, *wrong[i].says ? 1 : 0);
		ck_assert_msg(strstr(line, wrong[i].says) != NULL, "%zu: %s", i, line);
		settings[1] = "triggers=none";
		teardown();
	}
}
END_TEST

START_TEST(no_room_for_the_plugin)
{
	struct scxray_plugin plugin = { .struct_size = 16 };
	struct scxray_plugin_host host;

	setup();
	host = good_host();
	ck_assert_int_eq(scxray_plugin_init(&host, &plugin), -1);
	ck_assert_msg(strstr(line, "plugin.struct_size is 16: too small") != NULL, "%s", line);
	ck_assert_ptr_null(plugin.version);
	ck_assert_int_eq(scxray_plugin_init(&host, NULL), -1);
	teardown();
}
END_TEST

static const unit_test tests[] = {
	&a_host_as_it_should_be,      &without_a_host_it_describes_settings,
	&an_older_host_has_less_room, &an_older_host_gives_less,
	&a_newer_host_gives_more,     &wrong_hosts,
	&no_room_for_the_plugin,
};
UNIT_MAIN("plugin abi", tests)
