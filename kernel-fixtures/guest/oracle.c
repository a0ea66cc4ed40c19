// SPDX-License-Identifier: BSD-2-Clause
/*
 * What the kernel and the scheduler's own maps say, as text that a test can compare with. README.md
 * has the form of each line. All of it comes from system calls, proc and sysfs: nothing here reads
 * kernel memory.
 */
#include <ctype.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "guest.h"

#define SCX_SYSFS "/sys/kernel/sched_ext/"
#define MAX_DEPTH 8

static const char *const scx_files[] = {
	SCX_SYSFS "state",	 SCX_SYSFS "switch_all", SCX_SYSFS "nr_rejected",
	SCX_SYSFS "hotplug_seq", SCX_SYSFS "enable_seq",
};

static const char *const cpu_files[] = {
	"/sys/devices/system/cpu/possible",	  "/sys/devices/system/cpu/online",
	"/sys/devices/system/node/online",	  "/sys/devices/system/node/node0/cpulist",
	"/sys/devices/system/node/node1/cpulist",
};

void oracle_send_guest(const struct options *options)
{
	FILE *out = file_begin();
	struct utsname name;

	uname(&name);
	fprintf(out, "release=%s\nversion=%s\nmachine=%s\n", name.release, name.version,
		name.machine);
	fprintf(out, "mode=%s\ntimeout_ms=%u\n", mode_of(options->mode)->name, options->timeout_ms);
	fprintf(out, "nr_cpus=%u\nclk_tck=%ld\npage_size=%ld\nmem_pages=%ld\n", machine_cpus(),
		sysconf(_SC_CLK_TCK), sysconf(_SC_PAGESIZE), sysconf(_SC_PHYS_PAGES));
	text_copy(out, "/proc/cmdline");
	text_copy(out, "/proc/version");
	for (size_t i = 0; i < ARRAY_SIZE(cpu_files); i++)
		text_copy(out, cpu_files[i]);
	text_copy(out, "/proc/iomem");
	file_send(out, "oracle-guest.txt");
}

/* The value of a line "KEY:\tvalue" of a status file. */
static const char *status_value(const char *status, const char *key, char *value, size_t size)
{
	const char *at = strstr(status, key);

	value[0] = '\0';
	if (at)
		sscanf(at + strlen(key), " %255[^\n]", value);
	value[size - 1] = '\0';
	return value[0] ? value : "-";
}

/*
 * The task's sched file has its bare comm ("COMM (PID, #threads: N)"), where stat and status adorn
 * those of kworkers, and whether it is in the ext class ("ext.enabled : 1"; -1 where the kernel
 * does not say).
 */
static int sched_values(int pid, char *comm, size_t size)
{
	static char text[16384];
	char path[64], end[32];
	const char *at;

	snprintf(path, sizeof(path), "/proc/%d/sched", pid);
	if (text_read(path, text, sizeof(text)) < 0)
		return -1;
	snprintf(end, sizeof(end), " (%d, #threads:", pid);
	at = strstr(text, end);
	if (at)
		snprintf(comm, size, "%.*s", (int)(at - text), text);
	at = strstr(text, "ext.enabled");
	at = at ? strchr(at, ':') : NULL;
	return at ? atoi(at + 1) : -1;
}

static void put_task(FILE *out, int pid)
{
	static char stat[4096], status[8192];
	char path[64], cpus[256], comm[64] = "";
	const char *open, *close;
	unsigned int rt_priority, policy;
	int nice, cpu, ppid, ext;
	unsigned long flags;
	char state;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (text_read(path, stat, sizeof(stat)) < 0)
		return; /* gone since the listing */
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if (text_read(path, status, sizeof(status)) < 0)
		return;
	/* The comm may hold spaces and brackets: it ends at the last one. */
	open = strchr(stat, '(');
	close = strrchr(stat, ')');
	if (!open || !close)
		die("/proc/%d/stat has no comm", pid);
	snprintf(comm, sizeof(comm), "%.*s", (int)(close - open - 1), open + 1);
	/* state 3, ppid 4, flags 9, nice 19, processor 39, rt_priority 40, policy 41 (proc(5)) */
	if (sscanf(close + 2,
		   "%c %d %*d %*d %*d %*d %lu %*u %*u %*u %*u %*u %*u %*d %*d %*d %d %*d %*d %*u %*u %*d %*u %*u %*u %*u "
		   "%*u %*u %*u %*u %*u %*u %*u %*u %*u %*d %d %u %u",
		   &state, &ppid, &flags, &nice, &cpu, &rt_priority, &policy) != 7)
		die("/proc/%d/stat has another form than proc(5) says", pid);
	ext = sched_values(pid, comm, sizeof(comm));
	fprintf(out,
		"task pid=%d ppid=%d state=%c nice=%d policy=%u rt_priority=%u cpu=%d cpus=%s flags=%#lx ext=%d comm=%s\n",
		pid, ppid, state, nice, policy, rt_priority, cpu,
		status_value(status, "Cpus_allowed_list:", cpus, sizeof(cpus)), flags, ext, comm);
}

static void put_tasks(FILE *out)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	if (!proc)
		die("/proc is unreadable");
	while ((entry = readdir(proc))) {
		if (isdigit((unsigned char)entry->d_name[0]))
			put_task(out, atoi(entry->d_name));
	}
	closedir(proc);
}

/*
 * The tick rate, of those that a kernel can have, from how far jiffies came since the first victim
 * began to wait: seconds have passed, so a few ticks that were late do not matter.
 */
static void put_hz(FILE *out)
{
	static const unsigned int rates[] = { 1000, 300, 250, 100 };
	const volatile struct scxfix_state *state = scheduler_state();
	struct scxfix_wait wait;
	double seconds, ticks;
	size_t i = 0;

	if (!scheduler_first_wait(&wait) || state->jiffies_ns < wait.since_ns + NSEC_PER_SEC)
		return;
	seconds = (double)(state->jiffies_ns - wait.since_ns) / NSEC_PER_SEC;
	ticks = (double)(state->jiffies - wait.since_jiffies);
	/* 275 is half-way between 250 and 300: ten times as far as late ticks get. */
	while (i < ARRAY_SIZE(rates) - 1 && ticks / seconds < (rates[i] + rates[i + 1]) / 2.0)
		i++;
	fprintf(out, "hz=%u\n", rates[i]);
}

static void put_scheduler(FILE *out)
{
	const volatile struct scxfix_state *state = scheduler_state();
	struct scxfix_wait wait;

	put_hz(out);

	fprintf(out,
		"state stalling=%u no_user_dsqs=%u error_at_ns=%llu victim_runs=%llu jiffies=%llu jiffies_ns=%llu\n",
		state->stalling, state->no_user_dsqs, state->error_at_ns, state->victim_runs,
		state->jiffies, state->jiffies_ns);
	for (unsigned int i = 0; i < MAX_VICTIMS; i++) {
		if (scheduler_wait_of(i, &wait))
			fprintf(out,
				"wait index=%u pid=%u cpu=%u dsq_id=%#llx vtime=%llu slice=%llu enq_flags=%#llx since_ns=%llu since_jiffies=%llu\n",
				i, scheduler_pid_of(&wait), wait.cpu, wait.dsq_id, wait.vtime,
				wait.slice, wait.enq_flags, wait.since_ns, wait.since_jiffies);
	}
}

static void put_crew(FILE *out)
{
	static const char *const roles[] = { "other", "victim", "busy", "sleeper", "keeper" };
	size_t count;
	const struct crew_member *members = crew_members(&count);

	for (size_t i = 0; i < count; i++)
		fprintf(out, "crew pid=%d role=%s index=%u comm=%s\n", members[i].pid,
			roles[members[i].role], members[i].index, members[i].comm);
}

/* A scheduler's files, and those of all below it: folders "sub/sub-CGROUP" from 7.1 on. */
static void put_sysfs(FILE *out, const char *folder, unsigned int depth)
{
	char path[512];
	DIR *subs;
	struct dirent *entry;

	snprintf(path, sizeof(path), "%s/ops", folder);
	text_copy(out, path);
	snprintf(path, sizeof(path), "%s/events", folder);
	text_copy(out, path);
	snprintf(path, sizeof(path), "%s/sub", folder);
	subs = depth < MAX_DEPTH ? opendir(path) : NULL;
	while (subs && (entry = readdir(subs))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/sub/%.100s", folder, entry->d_name);
		put_sysfs(out, path, depth + 1);
	}
	if (subs)
		closedir(subs);
}

void oracle_send_moment(const struct options *options, const char *moment, bool scheduler)
{
	FILE *out = file_begin();
	char name[64];

	fprintf(out, "now_ns=%llu\n", (unsigned long long)now_ns());
	for (size_t i = 0; i < ARRAY_SIZE(scx_files); i++)
		text_copy(out, scx_files[i]);
	put_sysfs(out, SCX_SYSFS "root", 0);
	put_crew(out);
	if (scheduler) {
		scheduler_describe(out);
		put_scheduler(out);
	}
	/* Of a guest that is alone only what goes fast: a UART is slow, and the clock runs. */
	if (!options->alone)
		put_tasks(out);
	snprintf(name, sizeof(name), "oracle-%s.txt", moment);
	file_send(out, name);
}

void oracle_send_exit(void)
{
	const volatile struct scxfix_exit *record = scheduler_exit_record();
	FILE *out = file_begin();

	fprintf(out, "kind=%d\nexit_code=%lld\nreason=%s\nmsg=%s\n", record->kind,
		(long long)record->exit_code, (const char *)record->reason,
		(const char *)record->msg);
	file_send(out, "oracle-exit.txt");
	out = file_begin();
	fputs((const char *)record->dump, out);
	file_send(out, "dump.txt");
}
