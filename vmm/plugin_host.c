/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plugin_host.c - scxray-plugin.so: loads it, tells it of vCPUs, asks it for snapshots
 *
 * A vCPU's thread looks at machine->plugin after each KVM_RUN; NULL means that there is no
 * plugin (yet).  machine->load_lock decides races between a thread that begins or ends and
 * a plugin that is being loaded: a thread is either in the array that init gets, with
 * its tid, or it calls vcpu_start() itself.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "message.h"
#include "plugin_host.h"

struct plugin_host {
	void *library;
	struct scxray_plugin plugin;
	struct machine *machine;
	/* paths that are on stderr already: of the plugin's thread that writes, until finish() */
	char **told;
	size_t nr_told;
};

static void log_line(void *context, enum scxray_plugin_level level, const char *line)
{
	static const char *const words[] = { "error: ", "warning: ", "", "debug: " };
	const struct plugin_host *host = context;

	if (level >= SCXRAY_LOG_DEBUG && !host->machine->verbose)
		return;
	message_print("plugin: %s%s", level <= SCXRAY_LOG_DEBUG ? words[level] : "", line);
}

static void unload(struct plugin_host *host)
{
	if (!host)
		return;
	if (host->library)
		dlclose(host->library);
	while (host->nr_told)
		free(host->told[--host->nr_told]);
	free(host->told);
	free(host);
}

static void cleanup_host(struct plugin_host **host)
{
	unload(*host);
}

/* LIBDIR/scxray is found from the program's own folder, so that an installation can be moved. */
static char *installed(const char *name)
{
	char self[4096], *slash, *file;
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (length <= 0)
		return NULL;
	self[length] = '\0';
	slash = strrchr(self, '/');
	if (!slash)
		return NULL;
	*slash = '\0';
	if (asprintf(&file, "%s/" SCXRAY_PLUGIN_FOLDER "/%s", self, name) < 0)
		return NULL;
	if (!access(file, F_OK))
		return file;
	free(file);
	return NULL;
}

/* Without a slash dlopen() would look in the system's folders. */
static char *find(const char *name)
{
	char *here, *there;

	if (strchr(name, '/'))
		return strdup(name);
	if (asprintf(&here, "./%s", name) < 0)
		return NULL;
	there = access(here, F_OK) ? installed(name) : NULL;
	if (!there)
		return here;
	free(here);
	return there;
}

static struct plugin_host *open_library(const char *path, scxray_plugin_init_fn **init,
					struct scxray_error *err)
{
	struct plugin_host *host = calloc(1, sizeof(*host));
	_cleanup_free_ char *file = find(path);

	if (!host || !file) {
		free(host);
		scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	if (access(file, R_OK)) {
		scxray_fail(err, SCXRAY_ERR_IO, 0, "--plugin: %s: %s", path, strerror(errno));
		unload(host);
		return NULL;
	}
	host->plugin.struct_size = sizeof(host->plugin);
	host->library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	if (!host->library) {
		scxray_fail(err, SCXRAY_ERR_IO, 0, "--plugin: %s", dlerror());
		unload(host);
		return NULL;
	}
	*(void **)init = dlsym(host->library, SCXRAY_PLUGIN_INIT);
	if (!*init) {
		scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
			    "--plugin: %s: has no %s: not a scxray plugin", path,
			    SCXRAY_PLUGIN_INIT);
		unload(host);
		return NULL;
	}
	return host;
}

static bool has_key(const struct scxray_plugin *plugin, const char *text)
{
	struct scxray_plugin_setting setting = { .struct_size = sizeof(setting) };
	size_t len = strcspn(text, "=");

	for (uint32_t i = 0; !plugin->setting(NULL, i, &setting); i++)
		if (strlen(setting.key) == len && !strncmp(setting.key, text, len))
			return true;
	return false;
}

int plugin_host_check(const struct plugin_options *options, struct scxray_error *err)
{
	_cleanup_(cleanup_host) struct plugin_host *host = NULL;
	scxray_plugin_init_fn *init;

	if (!options->path)
		return 0;
	host = open_library(options->path, &init, err);
	if (!host)
		return -1;
	if (init(NULL, &host->plugin))
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
				   "--plugin: %s: does not describe its settings", options->path);
	for (const char *const *text = options->settings; *text; text++)
		if (!has_key(&host->plugin, *text))
			return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
					   "--plugin-set %s: no such setting; --plugin-settings "
					   "lists them",
					   *text);
	return 0;
}

/* ---- what the plugin tells at once ------------------------------------------------ */

/* A snapshot that the VMM itself demanded says nothing of the scheduler. */
static void on_captured(void *context, const char *why)
{
	struct plugin_host *host = context;

	if (strcmp(why, PLUGIN_ON_DEMAND) != 0 &&
	    strncmp(why, PLUGIN_TIMEOUT, strlen(PLUGIN_TIMEOUT)) != 0)
		atomic_store(&host->machine->scheduler_failed, true);
}

/* Each path once, as soon as its file is complete. */
static void tell_path(struct plugin_host *host, const char *path)
{
	char **told;

	for (size_t i = 0; i < host->nr_told; i++)
		if (!strcmp(host->told[i], path))
			return;
	message_print("report: %s", path);
	told = realloc(host->told, (host->nr_told + 1) * sizeof(*told));
	if (!told)
		return;
	host->told = told;
	told[host->nr_told] = strdup(path);
	host->nr_told += told[host->nr_told] != NULL;
}

static void on_complete(void *context, const struct scxray_plugin_result *report)
{
	for (uint32_t i = 0; i < report->nr_paths; i++)
		tell_path(context, report->paths[i]);
}

static int call_init(struct machine *machine, const struct plugin_options *options,
		     struct plugin_host *host, scxray_plugin_init_fn *init)
{
	_cleanup_free_ struct scxray_plugin_vcpu *vcpus = calloc(machine->nr_vcpus, sizeof(*vcpus));
	struct scxray_plugin_region regions[MAX_REGIONS];
	struct scxray_plugin_host given = {
		.struct_size = sizeof(given),
		.api_version = SCXRAY_PLUGIN_API_VERSION,
		.context = host,
		.vm_fd = machine->vm_fd,
		.kick_signal = vcpu_kick_signal(),
		.regions = regions,
		.nr_regions = machine->nr_regions,
		.region_size = sizeof(regions[0]),
		.vcpus = vcpus,
		.nr_vcpus = machine->nr_vcpus,
		.vcpu_size = sizeof(vcpus[0]),
		.settings = options->settings,
		.log = log_line,
		.failure_captured = on_captured,
		.report_complete = on_complete,
		/* no device writes to RAM: there is none to pause */
	};

	if (!vcpus)
		return -1;
	host->machine = machine;
	for (unsigned i = 0; i < machine->nr_regions; i++) {
		const struct region *r = &machine->regions[i];

		regions[i] = (struct scxray_plugin_region){ r->gpa, r->size, r->host };
	}
	for (unsigned i = 0; i < machine->nr_vcpus; i++) {
		struct vcpu *vcpu = &machine->vcpus[i];

		vcpus[i] =
			(struct scxray_plugin_vcpu){ vcpu->fd, atomic_load(&vcpu->tid), vcpu->run };
	}
	return init(&given, &host->plugin);
}

int plugin_host_load(struct machine *machine, const struct plugin_options *options,
		     struct scxray_error *err)
{
	_cleanup_(cleanup_host) struct plugin_host *host = NULL;
	scxray_plugin_init_fn *init;
	int status;

	host = open_library(options->path, &init, err);
	if (!host)
		return -1;
	pthread_mutex_lock(&machine->load_lock);
	status = call_init(machine, options, host, init);
	if (!status) {
		atomic_store(&machine->plugin, host);
		host = NULL;
	}
	pthread_mutex_unlock(&machine->load_lock);
	if (status)
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
				   "--plugin: %s: did not start: its reason is above",
				   options->path);
	return 0;
}

void plugin_host_vcpu_start(struct vcpu *vcpu)
{
	struct plugin_host *host;

	pthread_mutex_lock(&vcpu->machine->load_lock);
	atomic_store(&vcpu->tid, gettid());
	host = atomic_load(&vcpu->machine->plugin);
	pthread_mutex_unlock(&vcpu->machine->load_lock);
	if (host)
		host->plugin.vcpu_start(host->plugin.self, vcpu->index);
}

void plugin_host_vcpu_stop(struct vcpu *vcpu)
{
	struct plugin_host *host;

	pthread_mutex_lock(&vcpu->machine->load_lock);
	atomic_store(&vcpu->tid, 0);
	host = atomic_load(&vcpu->machine->plugin);
	pthread_mutex_unlock(&vcpu->machine->load_lock);
	if (host)
		host->plugin.vcpu_stop(host->plugin.self, vcpu->index);
}

bool plugin_host_vcpu_exit(struct vcpu *vcpu, int result)
{
	struct plugin_host *host = atomic_load(&vcpu->machine->plugin);

	return host && host->plugin.vcpu_exit(host->plugin.self, vcpu->index, result) ==
			       SCXRAY_VCPU_CONSUMED;
}

void plugin_host_trigger(struct machine *machine, enum scxray_plugin_moment moment, const char *why)
{
	struct plugin_host *host = atomic_load(&machine->plugin);
	const char *which = moment == SCXRAY_MOMENT_EARLY ? "early" : "late";
	int status;

	if (!host)
		return;
	status = host->plugin.trigger(host->plugin.self, moment, why);
	switch (status) {
	case SCXRAY_STATUS_OK:
		break;
	case SCXRAY_STATUS_DEGRADED:
		message_print("plugin: the %s snapshot (%s) is degraded: not all vCPUs parked",
			      which, why);
		break;
	case SCXRAY_STATUS_BUSY:
		message_print("plugin: no %s snapshot (%s): there is one already", which, why);
		break;
	case SCXRAY_STATUS_NO_KERNEL:
		message_print("plugin: no %s snapshot (%s): no kernel was found in guest memory",
			      which, why);
		break;
	default:
		message_print("plugin: no %s snapshot (%s): status %d", which, why, status);
		break;
	}
}

int plugin_host_finish(struct machine *machine)
{
	struct plugin_host *host = atomic_exchange(&machine->plugin, NULL);
	struct scxray_plugin_result result = { .struct_size = sizeof(result) };
	int status;

	if (!host)
		return 0;
	status = host->plugin.finish(host->plugin.self, &result);
	if (result.message)
		message_print("plugin: %s", result.message);
	else if (status < 0)
		message_print("plugin: no report was written: status %d", status);
	for (uint32_t i = 0; i < result.nr_paths; i++)
		tell_path(host, result.paths[i]);
	host->plugin.unload(host->plugin.self);
	unload(host);
	return status < 0 && status != SCXRAY_STATUS_NO_KERNEL ? -1 : 0;
}

void plugin_host_discard(struct machine *machine)
{
	struct plugin_host *host = atomic_exchange(&machine->plugin, NULL);

	if (host)
		host->plugin.unload(host->plugin.self);
	unload(host);
}

int plugin_host_list_settings(const char *path, struct scxray_error *err)
{
	_cleanup_(cleanup_host) struct plugin_host *host = NULL;
	struct scxray_plugin_setting setting = { .struct_size = sizeof(setting) };
	scxray_plugin_init_fn *init;

	host = open_library(path, &init, err);
	if (!host)
		return -1;
	if (init(NULL, &host->plugin))
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
				   "--plugin: %s: does not describe its settings", path);
	for (uint32_t i = 0; !host->plugin.setting(NULL, i, &setting); i++)
		printf("%s=%s\n    %s\n", setting.key, setting.value, setting.help);
	return 0;
}
