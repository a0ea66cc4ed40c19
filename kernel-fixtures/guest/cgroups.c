// SPDX-License-Identifier: BSD-2-Clause
/* Cgroups of the crew, in the modes that have any: /crew, and /crew/inner below it. */
#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "guest.h"

static const struct {
	enum scxfix_mode mode;
	const char *comm;
	const char *cgroup;
} plan[] = {
	/* busy tasks two levels deep: they press each other for CPUs */
	{ MODE_DLHOG, "busy0", "/crew/inner" },
	{ MODE_DLHOG, "busy1", "/crew/inner" },
	{ MODE_OTHER, "busy0", "/crew/inner" },
	{ MODE_OTHER, "busy1", "/crew/inner" },
	/* to each scheduler of the tree some that run; to the one that fails the victims */
	{ MODE_SUB, "victim0", "/crew" },
	{ MODE_SUB, "victim1", "/crew" },
	{ MODE_SUB, "victim2", "/crew" },
	{ MODE_SUB, "victim3", "/crew" },
	{ MODE_SUB, "sleeper1", "/crew" },
	{ MODE_SUB, "busy1", "/crew/inner" },
	{ MODE_SUB, "sleeper2", "/crew/inner" },
};

static void move(const char *comm, const char *cgroup)
{
	const struct crew_member *members;
	char path[128], pid[16];
	size_t count;

	members = crew_members(&count);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(members[i].comm, comm))
			continue;
		snprintf(path, sizeof(path), CGROUPS "%s/cgroup.procs", cgroup);
		snprintf(pid, sizeof(pid), "%d", members[i].pid);
		if (!text_write(path, pid))
			die("%s does not go into %s: %s", comm, cgroup, strerror(errno));
	}
}

void cgroups_make(const struct options *options)
{
	bool any = false;

	for (size_t i = 0; i < ARRAY_SIZE(plan); i++)
		any = any || plan[i].mode == options->mode;
	if (!any)
		return;
	mkdir(CGROUPS, 0755);
	if (mount("cgroup2", CGROUPS, "cgroup2", 0, NULL) && errno != EBUSY)
		die("mount cgroup2: %s", strerror(errno));
	if ((mkdir(CGROUPS "/crew", 0755) || mkdir(CGROUPS "/crew/inner", 0755)) && errno != EEXIST)
		die(CGROUPS "/crew: %s", strerror(errno));
	for (size_t i = 0; i < ARRAY_SIZE(plan); i++) {
		if (plan[i].mode == options->mode)
			move(plan[i].comm, plan[i].cgroup);
	}
}

/* Its inode's number, on 64-bit machines. */
uint64_t cgroups_id(const char *cgroup)
{
	char path[128];
	struct stat it;

	snprintf(path, sizeof(path), CGROUPS "%s", cgroup);
	if (stat(path, &it))
		die("%s: %s", path, strerror(errno));
	return it.st_ino;
}
