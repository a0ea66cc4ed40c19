// SPDX-License-Identifier: BSD-2-Clause
/* The machine around the crew: file systems, and the kernel's safety nets taken down. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest.h"

/* Above the hog, below the kernel's own real-time threads. */
#define INIT_PRIORITY 40

static const struct {
	const char *path, *type;
	bool needed;
} mounts[] = {
	{ "/proc", "proc", true },
	{ "/sys", "sysfs", true },
	{ "/dev", "devtmpfs", true },
	{ "/tmp", "tmpfs", true },
	{ "/sys/kernel/debug", "debugfs", false },
	{ "/sys/kernel/tracing", "tracefs", false },
};

static void mount_all(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		mkdir(mounts[i].path, 0755);
		if (mount(mounts[i].type, mounts[i].path, mounts[i].type, 0, NULL) &&
		    errno != EBUSY && mounts[i].needed)
			die("mount %s: %s", mounts[i].path, strerror(errno));
	}
}

/*
 * The kernel saves tasks that a real-time task starves: by throttling (sched_rt_runtime_us) and by
 * the deadline servers, fair_server since 6.12 and ext_server later. A hog is a hog only without
 * them. Where a knob is missing, the net is missing as well.
 */
static void free_the_hog(void)
{
	static const char *const servers[] = { "fair_server", "ext_server" };
	char path[128];

	if (!text_write("/proc/sys/kernel/sched_rt_runtime_us", "-1"))
		die("sched_rt_runtime_us can't be set to -1");
	for (size_t i = 0; i < ARRAY_SIZE(servers); i++) {
		for (unsigned int cpu = 0; cpu < machine_cpus(); cpu++) {
			snprintf(path, sizeof(path), "/sys/kernel/debug/sched/%s/cpu%u/runtime",
				 servers[i], cpu);
			if (!access(path, F_OK) && !text_write(path, "0"))
				die("%s can't be set to 0", path);
		}
	}
}

/* A scheduler that fails must not stop the task that reports on it. */
static void rise_above(void)
{
	struct sched_param param = { .sched_priority = INIT_PRIORITY };
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };

	/* SCHED_RESET_ON_FORK: the crew is born as ordinary tasks. */
	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param))
		die("sched_setscheduler: %s", strerror(errno));
	setrlimit(RLIMIT_MEMLOCK, &unlimited);
}

/* Init must not be what keeps the last CPU, where a mode is about that. */
static void keep_away(void)
{
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	if (sched_setaffinity(0, sizeof(first), &first))
		die("sched_setaffinity: the first CPU can't be had");
}

unsigned int machine_cpus(void)
{
	return (unsigned int)sysconf(_SC_NPROCESSORS_ONLN);
}

void machine_set_up(const struct options *options)
{
	text_write("/proc/sys/kernel/kptr_restrict", "0");
	text_write("/proc/sys/kernel/sysrq", "1");
	rise_above();
	if (mode_of(options->mode)->bound)
		keep_away();
	if (mode_of(options->mode)->no_nets || options->fails)
		free_the_hog();
}

/* Before main() proper: without /proc there are no options and without /dev no line to the host. */
__attribute__((constructor)) static void mount_early(void)
{
	if (getpid() != 1)
		return;
	mount_all();
	/* The kernel gave init a console only if the initramfs has a /dev/console. */
	for (int fd = 0; fd < 3; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/console", O_RDWR) != fd)
			return;
	}
}
