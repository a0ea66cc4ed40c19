/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plugin.c - scxray-plugin.so: the one exported symbol, and the calls that it hands out
 *
 * What comes from the host is read no further than its size says, and what it did not know of is
 * 0; what goes to the host is written no further than it has room for.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmm-plugin/freeze.h"
#include "watch/state.h"
#include "watch/watcher.h"

struct plugin {
	struct log log;
	struct settings settings;
	struct vm *vm;
	struct scxray_live *live;
	struct perf *perf;
	struct watcher *watcher;
};

/* ---- structs of other sizes ---------------------------------------------------- */

/* `to`, of our size, gets what `from`, of its own, has of it. */
static void take_struct(void *to, size_t to_size, const void *from, size_t from_size)
{
	memset(to, 0, to_size);
	memcpy(to, from, from_size < to_size ? from_size : to_size);
}

/* The same for each element.  NULL: out of memory. */
static void *take_array(size_t size, const void *from, uint32_t nr, uint32_t stride)
{
	char *to = calloc(nr ? nr : 1, size);

	for (uint32_t i = 0; to && i < nr; i++)
		take_struct(to + i * size, size, (const char *)from + (size_t)i * stride, stride);
	return to;
}

/* ---- what the host gives ------------------------------------------------------- */

#define BEHIND(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))

/* More than any machine has; a host that says so has left its struct uninitialised. */
#define MAX_REGIONS 65536
#define MAX_VCPUS 65536

static int check_host(const struct scxray_plugin_host *host, struct scxray_error *err)
{
	if (host->struct_size < BEHIND(struct scxray_plugin_host, vcpu_size))
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
				   "host.struct_size is %u: too small; set it to "
				   "sizeof(struct scxray_plugin_host)",
				   host->struct_size);
	if (host->api_version != SCXRAY_PLUGIN_API_VERSION)
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
				   "host.api_version is %u, this plugin's is %u: take a plugin of "
				   "the host's version",
				   host->api_version, SCXRAY_PLUGIN_API_VERSION);
	if (!host->regions || !host->nr_regions || host->nr_regions > MAX_REGIONS ||
	    host->region_size < BEHIND(struct scxray_plugin_region, host))
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
				   "no guest RAM: host.regions has %u elements of %u bytes",
				   host->regions ? host->nr_regions : 0, host->region_size);
	if (!host->vcpus || !host->nr_vcpus || host->nr_vcpus > MAX_VCPUS ||
	    host->vcpu_size < BEHIND(struct scxray_plugin_vcpu, run))
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
				   "no vCPUs: host.vcpus has %u elements of %u bytes",
				   host->vcpus ? host->nr_vcpus : 0, host->vcpu_size);
	return 0;
}

static int check_regions(const struct scxray_plugin_host *host, struct scxray_error *err)
{
	for (uint32_t i = 0; i < host->nr_regions; i++)
		if (!host->regions[i].host)
			return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
					   "guest RAM at 0x%llx: regions[%u].host is NULL",
					   (unsigned long long)host->regions[i].gpa, i);
	return 0;
}

static int check_vcpus(const struct scxray_plugin_host *host, struct scxray_error *err)
{
	for (uint32_t i = 0; i < host->nr_vcpus; i++) {
		if (!host->vcpus[i].run)
			return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
					   "vCPU %u: vcpus[%u].run is NULL; give its mmap'd struct "
					   "kvm_run",
					   i, i);
		if (host->vcpus[i].fd < 0)
			return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
					   "vCPU %u: vcpus[%u].fd is %d", i, i, host->vcpus[i].fd);
	}
	if (host->vm_fd < 0)
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0, "host.vm_fd is %d", host->vm_fd);
	if (!host->pause_devices != !host->resume_devices)
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
				   "one of pause_devices and resume_devices is NULL: give both or "
				   "none");
	return 0;
}

static struct scxray_live *create_live(const struct scxray_plugin_host *host,
				       const struct scxray_settings *settings,
				       struct scxray_error *err)
{
	struct scxray_live_region *regions = calloc(host->nr_regions, sizeof(*regions));
	struct scxray_live *live;

	if (!regions) {
		scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	for (uint32_t i = 0; i < host->nr_regions; i++) {
		regions[i].gpa = host->regions[i].gpa;
		regions[i].size = host->regions[i].size;
		regions[i].host = host->regions[i].host;
	}
	live = scxray_live_create(regions, host->nr_regions, host->nr_vcpus, settings, err);
	free(regions);
	return live;
}

/* ---- create, destroy -------------------------------------------------------------- */

static void plugin_destroy(struct plugin *plugin)
{
	/* its thread first: it uses all the rest */
	watcher_destroy(plugin->watcher);
	vm_destroy(plugin->vm);
	scxray_live_destroy(plugin->live);
	perf_destroy(plugin->perf);
	settings_deinit(&plugin->settings);
	free(plugin);
}

/* `host` is of our own form. */
static int plugin_init(struct plugin *plugin, const struct scxray_plugin_host *host,
		       struct scxray_error *err)
{
	const struct watch_hooks hooks = {
		.context = host->context,
		.failure_captured = host->failure_captured,
		.report_complete = host->report_complete,
	};

	if (settings_init(&plugin->settings, host->settings, err) || check_regions(host, err) ||
	    check_vcpus(host, err))
		return -1;
	plugin->live = create_live(host, &plugin->settings.capture, err);
	if (!plugin->live)
		return -1;
	plugin->vm = vm_create(host, err);
	if (!plugin->vm)
		return -1;
	plugin->perf =
		perf_create(host->nr_vcpus,
			    plugin->settings.perf ? NULL : "turned off by the setting perf=off");
	if (!plugin->perf)
		return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	for (uint32_t i = 0; i < host->nr_vcpus; i++)
		if (host->vcpus[i].tid)
			perf_attach(plugin->perf, i, host->vcpus[i].tid);
	plugin->watcher = watcher_create(&plugin->settings, &plugin->log, vm_machine(plugin->vm),
					 plugin->live, plugin->perf, err);
	if (!plugin->watcher)
		return -1;
	watcher_set_hooks(plugin->watcher, &hooks);
	return watcher_start(plugin->watcher, err);
}

static int plugin_create(struct plugin **plugin, const struct scxray_plugin_host *given,
			 struct scxray_error *err)
{
	struct scxray_plugin_host host;
	void *regions, *vcpus;
	int failed;

	if (check_host(given, err))
		return -1;
	take_struct(&host, sizeof(host), given, given->struct_size);
	host.struct_size = sizeof(host);
	regions = take_array(sizeof(*host.regions), given->regions, given->nr_regions,
			     given->region_size);
	vcpus = take_array(sizeof(*host.vcpus), given->vcpus, given->nr_vcpus, given->vcpu_size);
	host.regions = regions;
	host.region_size = sizeof(*host.regions);
	host.vcpus = vcpus;
	host.vcpu_size = sizeof(*host.vcpus);
	*plugin = calloc(1, sizeof(**plugin));
	if (regions && vcpus && *plugin) {
		log_init(&(*plugin)->log, host.log, host.context);
		failed = plugin_init(*plugin, &host, err);
	} else {
		failed = scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	}
	free(regions);
	free(vcpus);
	if (failed && *plugin) {
		plugin_destroy(*plugin);
		*plugin = NULL;
	}
	return failed;
}

/* ---- the calls --------------------------------------------------------------------- */

static void call_vcpu_start(void *self, uint32_t index)
{
	struct plugin *plugin = self;

	if (index >= vm_nr_vcpus(plugin->vm))
		return;
	perf_attach(plugin->perf, index, (int32_t)syscall(SYS_gettid));
	vm_vcpu_start(plugin->vm, index);
}

static int32_t call_vcpu_exit(void *self, uint32_t index, int32_t result)
{
	struct plugin *plugin = self;

	if (index >= vm_nr_vcpus(plugin->vm))
		return SCXRAY_VCPU_HANDLE;
	return vm_vcpu_exit(plugin->vm, index, result);
}

static void call_vcpu_stop(void *self, uint32_t index)
{
	struct plugin *plugin = self;

	if (index < vm_nr_vcpus(plugin->vm))
		vm_vcpu_stop(plugin->vm, index);
}

static int32_t call_trigger(void *self, enum scxray_plugin_moment moment, const char *why)
{
	struct plugin *plugin = self;

	return plugin ? watcher_trigger(plugin->watcher, moment, why) : SCXRAY_STATUS_INVALID;
}

static int32_t call_finish(void *self, struct scxray_plugin_result *result)
{
	struct plugin *plugin = self;
	struct scxray_plugin_result full = { .status = SCXRAY_STATUS_INVALID };
	size_t size = result ? result->struct_size : 0;

	if (plugin)
		watcher_finish(plugin->watcher, &full);
	full.struct_size = (uint32_t)size;
	if (result)
		memcpy(result, &full, size < sizeof(full) ? size : sizeof(full));
	return full.status;
}

static int32_t call_add_region(void *self, const struct scxray_plugin_region *given,
			       uint32_t region_size)
{
	struct plugin *plugin = self;
	struct scxray_plugin_region region;
	struct scxray_live_region live;

	if (!plugin || !given || region_size < BEHIND(struct scxray_plugin_region, host))
		return SCXRAY_STATUS_INVALID;
	take_struct(&region, sizeof(region), given, region_size);
	if (!region.host) {
		log_say(&plugin->log, SCXRAY_LOG_ERROR, "guest RAM at 0x%llx: host is NULL",
			(unsigned long long)region.gpa);
		return SCXRAY_STATUS_INVALID;
	}
	live = (struct scxray_live_region){ region.gpa, region.size, region.host };
	return watcher_add_ram(plugin->watcher, &live);
}

static int32_t call_remove_region(void *self, uint64_t gpa)
{
	struct plugin *plugin = self;

	return plugin ? watcher_remove_ram(plugin->watcher, gpa) : SCXRAY_STATUS_INVALID;
}

static void call_unload(void *self)
{
	if (self)
		plugin_destroy(self);
}

static int32_t call_setting(void *self, uint32_t index, struct scxray_plugin_setting *setting)
{
	(void)self;
	return setting ? settings_describe(index, setting) : -1;
}

__attribute__((visibility("default"))) int32_t scxray_plugin_init(
	const struct scxray_plugin_host *host, struct scxray_plugin *plugin)
{
	struct scxray_plugin full = {
		.api_version = SCXRAY_PLUGIN_API_VERSION,
		.version = SCXRAY_VERSION,
		.vcpu_start = call_vcpu_start,
		.vcpu_exit = call_vcpu_exit,
		.vcpu_stop = call_vcpu_stop,
		.trigger = call_trigger,
		.finish = call_finish,
		.unload = call_unload,
		.setting = call_setting,
		.add_region = call_add_region,
		.remove_region = call_remove_region,
	};
	struct scxray_error err = { 0 };
	struct plugin *self = NULL;
	struct log log;
	int failed = 0;

	if (host && host->struct_size >= BEHIND(struct scxray_plugin_host, log))
		log_init(&log, host->log, host->context);
	else
		log_init(&log, NULL, NULL);
	if (!plugin || plugin->struct_size < BEHIND(struct scxray_plugin, unload))
		failed = scxray_fail(&err, SCXRAY_ERR_INVALID, 0,
				     "plugin.struct_size is %u: too small; set it to sizeof(struct "
				     "scxray_plugin) before the call",
				     plugin ? plugin->struct_size : 0);
	else if (host)
		failed = plugin_create(&self, host, &err);
	if (failed) {
		log_say(&log, SCXRAY_LOG_ERROR, "%s", err.text);
		return -1;
	}
	full.struct_size = plugin->struct_size;
	full.self = self;
	memcpy(plugin, &full, full.struct_size < sizeof(full) ? full.struct_size : sizeof(full));
	return 0;
}
