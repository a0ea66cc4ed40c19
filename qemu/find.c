/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * find.c - which QEMU is meant, and where its monitors are
 */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qemu/find.h"

#define HOW "start it with -qmp unix:PATH,server=on,wait=off, or by scxray run -- COMMAND"

static void take(const struct cmdline *cmdline, pid_t pid, struct found *found)
{
	found->pid = pid;
	found->nr_monitors = cmdline->nr_monitors;
	memcpy(found->monitor, cmdline->monitor, sizeof(found->monitor));
}

static int by_pid(pid_t pid, struct found *found, struct scxray_error *err)
{
	struct cmdline cmdline;

	if (!cmdline_read(pid, &cmdline))
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0, "no process %d", pid);
	if (!cmdline.is_qemu)
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0, "process %d is no QEMU", pid);
	if (!cmdline.nr_monitors)
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
				   "QEMU %d has no monitor socket; " HOW, pid);
	take(&cmdline, pid, found);
	return 0;
}

/* libvirt holds the monitor that it made itself; another one may be in <qemu:commandline>. */
static int by_domain(const char *domain, struct found *found, struct scxray_error *err)
{
	char path[300];
	size_t kept = 0;
	int pid = 0;
	FILE *file;

	if (strchr(domain, '/') || strlen(domain) > 200)
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0, "%.100s: no name of a domain",
				   domain);
	snprintf(path, sizeof(path), "/run/libvirt/qemu/%s.pid", domain);
	file = fopen(path, "re");
	if (file && fscanf(file, "%d", &pid) != 1)
		pid = 0;
	if (file)
		fclose(file);
	if (pid <= 0)
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
				   "libvirt runs no domain %.100s (%.150s can't be read); is it "
				   "started, and are you root?",
				   domain, path);
	if (by_pid(pid, found, err))
		return -1;
	for (size_t i = 0; i < found->nr_monitors; i++)
		if (!strstr(found->monitor[i], "/libvirt/"))
			memmove(found->monitor[kept++], found->monitor[i],
				sizeof(found->monitor[i]));
	found->nr_monitors = kept;
	return kept ? 0
		    : scxray_fail(err, SCXRAY_ERR_INVALID, 0,
				  "libvirt holds the only monitor of %.100s: give it one more by "
				  "<qemu:commandline> (docs/qemu.md)",
				  domain);
}

static int by_user(struct found *found, struct scxray_error *err)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	struct cmdline cmdline;
	pid_t first = 0, second = 0;
	unsigned without = 0;
	char path[300];
	struct stat st;

	while (dir && (entry = readdir(dir))) {
		pid_t pid = atoi(entry->d_name);

		snprintf(path, sizeof(path), "/proc/%s", entry->d_name);
		if (!isdigit((unsigned char)entry->d_name[0]) || stat(path, &st) ||
		    st.st_uid != getuid() || !cmdline_read(pid, &cmdline) || !cmdline.is_qemu)
			continue;
		if (!cmdline.nr_monitors) {
			without++;
		} else if (!first) {
			first = pid;
			take(&cmdline, pid, found);
		} else {
			second = pid;
		}
	}
	if (dir)
		closedir(dir);
	if (second)
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
				   "there are several: QEMU %d (%.80s), %d and so on; name a "
				   "socket, or one by --pid",
				   first, found->monitor[0], second);
	if (!first)
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0, "%s; " HOW,
				   without ? "no QEMU of this user has a monitor socket"
					   : "no QEMU of this user runs");
	return 0;
}

int find_target(const struct target *target, struct found *found, struct scxray_error *err)
{
	*found = (struct found){ 0 };
	if (target->domain)
		return by_domain(target->domain, found, err);
	if (target->pid)
		return by_pid(target->pid, found, err);
	if (!target->address)
		return by_user(found, err);
	if (strlen(target->address) >= sizeof(found->monitor[0]))
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0, "%.100s...: too long for a socket",
				   target->address);
	strcpy(found->monitor[0], target->address);
	found->nr_monitors = 1;
	return 0;
}
