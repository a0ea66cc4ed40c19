// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the kernel says of the whole system and of each task, a moment before an image: oracle.txt's
 * section [system]. What moves fastest comes last.
 */
#include <bpf/bpf.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest.h"

#define MAX_DEPTH 8
#define MODULE "/pktgen.ko"

/* Files of each task, and the words that lines of them begin with; NULL for all lines. */
static const struct {
	const char *file;
	const char *const *keys;
} task_files[] = {
	{ "stat", NULL },
	{ "cgroup", NULL },
	{ "stack", NULL },
	{ "status", (const char *const[]){ "Tgid:", "Threads:", "Cpus_allowed_list:",
					   "voluntary_ctxt_switches:",
					   "nonvoluntary_ctxt_switches:", NULL } },
	{ "sched", (const char *const[]){ "policy", "prio", "nr_switches", "nr_voluntary_switches",
					  "nr_involuntary_switches", "dl.runtime", "dl.deadline",
					  "ext.enabled", NULL } },
};

static bool begins(const char *line, const char *const *keys)
{
	for (; keys && *keys; keys++) {
		if (!strncmp(line, *keys, strlen(*keys)))
			return true;
	}
	return !keys;
}

static void put_lines(FILE *out, const char *path, const char *const *keys)
{
	static char text[65536];
	char *save = NULL;

	if (text_read(path, text, sizeof(text)) < 0)
		return;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (begins(line, keys))
			fprintf(out, "%s: %s\n", path, line);
	}
}

static void put_tasks(FILE *out)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	char path[300];

	if (!proc)
		die("/proc is unreadable");
	while ((entry = readdir(proc))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		for (size_t i = 0; i < ARRAY_SIZE(task_files); i++) {
			snprintf(path, sizeof(path), "/proc/%s/%s", entry->d_name,
				 task_files[i].file);
			put_lines(out, path, task_files[i].keys);
		}
	}
	closedir(proc);
}

static void put_pressure(FILE *out, const char *cgroup, unsigned int depth)
{
	static const char *const files[] = { "cpu", "memory", "io", "irq" };
	DIR *folder = opendir(cgroup);
	struct dirent *entry;
	char path[512];

	if (!folder)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "%s/%s.pressure", cgroup, files[i]);
		text_copy(out, path);
	}
	while (depth < MAX_DEPTH && (entry = readdir(folder))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", cgroup, entry->d_name);
		put_pressure(out, path, depth + 1);
	}
	closedir(folder);
}

static void put_numa(FILE *out)
{
	char path[80];

	for (unsigned int node = 0; node < 8; node++) {
		snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/numastat", node);
		text_copy(out, path);
	}
}

/* What bpf() says of each program: a running one has counted on by the time of the image. */
static void put_programs(FILE *out)
{
	__u32 id = 0;

	while (!bpf_prog_get_next_id(id, &id)) {
		struct bpf_prog_info info = { 0 };
		__u32 size = sizeof(info);
		int fd = bpf_prog_get_fd_by_id(id);

		if (fd < 0)
			continue;
		if (!bpf_prog_get_info_by_fd(fd, &info, &size))
			fprintf(out,
				"prog id=%u type=%u run_cnt=%llu run_time_ns=%llu misses=%llu name=%s\n",
				id, info.type, info.run_cnt, info.run_time_ns,
				info.recursion_misses, info.name);
		close(fd);
	}
}

void system_send(const struct options *options)
{
	FILE *out;

	if (options->alone) /* a UART is slow, and the clock runs */
		return;
	out = file_begin();
	text_copy(out, "/proc/sys/kernel/bpf_stats_enabled");
	text_copy(out, "/proc/modules");
	put_tasks(out);
	put_numa(out);
	put_programs(out);
	put_pressure(out, CGROUPS, 0);
	text_copy(out, "/proc/pressure/cpu");
	text_copy(out, "/proc/pressure/memory");
	text_copy(out, "/proc/pressure/io");
	text_copy(out, "/proc/pressure/irq");
	text_copy(out, "/proc/stat");
	fprintf(out, "now_ns=%llu\n", (unsigned long long)now_ns());
	file_send(out, "oracle-system.txt");
}

/* A module whose threads sleep in its own code; images of releases without it do without. */
static void load_module(void)
{
	FILE *file = fopen(MODULE, "re");

	if (!file)
		return;
	if (syscall(SYS_finit_module, fileno(file), "", 0))
		die(MODULE ": %s", strerror(errno));
	fclose(file);
}

void system_enrich(void)
{
	if (!text_write("/proc/sys/kernel/bpf_stats_enabled", "1"))
		die("bpf_stats_enabled can't be set");
	load_module();
}
