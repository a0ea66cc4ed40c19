/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * recording_plugin.c - a plugin for tests of the host: writes down which calls come
 *
 * Built by test_vmm_plugin.py.  Settings: record=FILE gets a line for each call (of
 * vcpu_exit() only the first of each vCPU); swallow=C: exits that write the byte C to
 * COM1 are consumed; finish=N: the status of finish(); trigger=N: that of trigger(); refuse=1: init fails;
 * fail=WHY: at finish() the host is told of a failure that WHY fired, and of its report.
 */
#include <linux/kvm.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <scxray/plugin.h>

#define MAX 256
#define COM1 0x3f8

static struct {
	FILE *record;
	int swallow, finish, trigger, refuse;
	struct kvm_run *runs[MAX];
	atomic_int exits[MAX];
	const char *paths[2];
	char *fail;
	struct scxray_plugin_host host;
} state;

static void record(const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	fprintf(state.record, "%s\n", line);
	fflush(state.record);
}

static void vcpu_start(void *self, uint32_t index)
{
	(void)self;
	record("start %u tid %d", index, gettid() != getpid());
}

static int32_t vcpu_exit(void *self, uint32_t index, int32_t result)
{
	const struct kvm_run *run = state.runs[index];
	const char *data = (const char *)run + run->io.data_offset;

	(void)self;
	if (!atomic_fetch_add(&state.exits[index], 1))
		record("exit %u", index);
	if (!result && state.swallow && run->exit_reason == KVM_EXIT_IO && run->io.port == COM1 &&
	    run->io.direction == KVM_EXIT_IO_OUT && *data == state.swallow)
		return SCXRAY_VCPU_CONSUMED;
	return SCXRAY_VCPU_HANDLE;
}

static void vcpu_stop(void *self, uint32_t index)
{
	(void)self;
	record("stop %u", index);
}

static int32_t trigger(void *self, enum scxray_plugin_moment moment, const char *why)
{
	(void)self;
	record("trigger %d %s", moment, why);
	return state.trigger;
}

static int32_t finish(void *self, struct scxray_plugin_result *result)
{
	(void)self;
	record("finish");
	result->status = state.finish;
	result->message = state.finish < 0 ? "report.txt: No space left on device" : NULL;
	state.paths[0] = "somewhere/report.txt";
	result->paths = state.paths;
	result->nr_paths = state.finish < 0 ? 0 : 1;
	if (state.fail) {
		state.host.failure_captured(state.host.context, state.fail);
		state.host.report_complete(state.host.context, result);
	}
	return state.finish;
}

static void unload(void *self)
{
	(void)self;
	record("unload");
	fclose(state.record);
	free(state.fail);
	state.fail = NULL;
}

static int32_t setting(void *self, uint32_t index, struct scxray_plugin_setting *setting)
{
	static const char *const keys[] = { "record",  "swallow", "finish",
					    "trigger", "refuse",  "fail" };

	(void)self;
	if (index >= sizeof(keys) / sizeof(keys[0]))
		return -1;
	setting->key = keys[index];
	setting->value = "none";
	setting->help = index ? "" : "where to write calls";
	return 0;
}

static void take_setting(const char *text)
{
	if (!strncmp(text, "record=", 7))
		state.record = fopen(text + 7, "w");
	else if (!strncmp(text, "swallow=", 8))
		state.swallow = text[8];
	else if (!strncmp(text, "finish=", 7))
		state.finish = atoi(text + 7);
	else if (!strncmp(text, "trigger=", 8))
		state.trigger = atoi(text + 8);
	else if (!strncmp(text, "refuse=", 7))
		state.refuse = atoi(text + 7);
	else if (!strncmp(text, "fail=", 5))
		state.fail = strdup(text + 5);
}

static void record_host(const struct scxray_plugin_host *host)
{
	record("init api %u sizes %d %d vm %d kick %d context %d pause %d", host->api_version,
	       host->struct_size == sizeof(*host),
	       host->region_size == sizeof(*host->regions) &&
		       host->vcpu_size == sizeof(*host->vcpus),
	       host->vm_fd > 2, host->kick_signal > 0, host->context != NULL,
	       host->pause_devices != NULL);
	for (uint32_t i = 0; i < host->nr_regions; i++)
		record("region %#llx %#llx %d", (unsigned long long)host->regions[i].gpa,
		       (unsigned long long)host->regions[i].size,
		       ((unsigned long)host->regions[i].host & 4095) == 0);
	for (uint32_t i = 0; i < host->nr_vcpus && i < MAX; i++) {
		state.runs[i] = host->vcpus[i].run;
		record("vcpu %u fd %d tid %d", i, host->vcpus[i].fd > 2, host->vcpus[i].tid > 0);
	}
	host->log(host->context, SCXRAY_LOG_WARNING, "a word of the plugin");
	host->log(host->context, SCXRAY_LOG_DEBUG, "more of it");
}

int32_t scxray_plugin_init(const struct scxray_plugin_host *host, struct scxray_plugin *plugin)
{
	plugin->api_version = SCXRAY_PLUGIN_API_VERSION;
	plugin->version = "test";
	plugin->self = host ? &state : NULL;
	plugin->vcpu_start = vcpu_start;
	plugin->vcpu_exit = vcpu_exit;
	plugin->vcpu_stop = vcpu_stop;
	plugin->trigger = trigger;
	plugin->finish = finish;
	plugin->unload = unload;
	plugin->setting = setting;
	if (!host)
		return 0;
	state.host = *host;
	for (const char *const *s = host->settings; s && *s; s++)
		take_setting(*s);
	if (!state.record || state.refuse) {
		host->log(host->context, SCXRAY_LOG_ERROR, "the plugin does not want to");
		return -1;
	}
	record_host(host);
	return 0;
}
