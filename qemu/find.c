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

/* What a search of /proc came upon. */
struct qemus {
	pid_t first, second; /* that have a monitor; 0: none */
	unsigned without;    /* how many have none */
};

/* The QEMUs of the guest with that name, or where there is no name those of this user; *found is the first. */
static struct qemus search(const char *guest, struct found *found)
{
	struct qemus qemus = { 0 };
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	struct cmdline cmdline;
	char path[300];
	struct stat st;

	while (dir && (entry = readdir(dir))) {
		pid_t pid = atoi(entry->d_name);

		snprintf(path, sizeof(path), "/proc/%s", entry->d_name);
		if (!isdigit((unsigned char)entry->d_name[0]) || stat(path, &st) ||
		    !cmdline_read(pid, &cmdline) || !cmdline.is_qemu ||
		    (guest ? strcmp(cmdline.guest, guest) != 0 : st.st_uid != getuid()))
			continue;
		if (!cmdline.nr_monitors) {
			qemus.without++;
		} else if (!qemus.first) {
			qemus.first = pid;
			take(&cmdline, pid, found);
		} else {
			qemus.second = pid;
		}
	}
	if (dir)
		closedir(dir);
	return qemus;
}

static int are_several(const struct qemus *qemus, const struct found *found,
		       struct scxray_error *err)
{
	return scxray_fail(
		err, SCXRAY_ERR_INVALID, 0,
		"there are several: QEMU %d (%.80s), %d and so on; name a socket, or one by "
		"--pid",
		qemus->first, found->monitor[0], qemus->second);
}

/*
 * libvirt names the guest after its domain.  It holds the monitor that it made itself, which is a descriptor that it
 * handed over, or (before 4.3) a socket monitor.sock; another one may be in <qemu:commandline>.
 */
static int by_domain(const char *domain, struct found *found, struct scxray_error *err)
{
	static const char own[] = "/monitor.sock";
	struct qemus qemus = search(domain, found);
	size_t kept = 0;

	if (!qemus.first && !qemus.without)
		return scxray_fail(
			err, SCXRAY_ERR_INVALID, 0,
			"no QEMU runs the domain %.100s; is it started, and may you see its "
			"process?",
			domain);
	if (qemus.second)
		return are_several(&qemus, found, err);
	for (size_t i = 0; i < found->nr_monitors; i++) {
		size_t len = strlen(found->monitor[i]);

		if (len < sizeof(own) ||
		    strcmp(found->monitor[i] + len - (sizeof(own) - 1), own) != 0)
			memmove(found->monitor[kept++], found->monitor[i],
				sizeof(found->monitor[i]));
	}
	found->nr_monitors = kept;
	return kept ? 0
		    : scxray_fail(err, SCXRAY_ERR_INVALID, 0,
				  "libvirt holds the only monitor of %.100s: give it one more by "
				  "<qemu:commandline> (docs/qemu.md)",
				  domain);
}

static int by_user(struct found *found, struct scxray_error *err)
{
	struct qemus qemus = search(NULL, found);

	if (qemus.second)
		return are_several(&qemus, found, err);
	if (!qemus.first)
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0, "%s; " HOW,
				   qemus.without ? "no QEMU of this user has a monitor socket"
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
