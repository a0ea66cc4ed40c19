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
	/*
	 * Only one of the schedulers in crew.c has these. Each is in a cgroup of its own, so that there is
	 * always another before /crew/inner, whatever the CPUs take at the same time.
	 */
	{ MODE_OTHER, "crowd0", "/crew/crowd0" },
	{ MODE_OTHER, "crowd1", "/crew/crowd1" },
	{ MODE_OTHER, "crowd2", "/crew/crowd2" },
	{ MODE_OTHER, "crowd3", "/crew/crowd3" },
	{ MODE_OTHER, "crowd4", "/crew/crowd4" },
	/* to each scheduler of the tree some that run; to the one that fails the victims */
	{ MODE_SUB, "victim0", "/crew" },
	{ MODE_SUB, "victim1", "/crew" },
	{ MODE_SUB, "victim2", "/crew" },
	{ MODE_SUB, "victim3", "/crew" },
	{ MODE_SUB, "sleeper1", "/crew" },
	{ MODE_SUB, "busy1", "/crew/inner" },
	{ MODE_SUB, "sleeper2", "/crew/inner" },
};

/* What makes a scheduler fail that goes by cgroups' weights. */
static const struct {
	const char *cgroup;
	const char *weight;
} weights[] = {
	{ "/crew/inner", "1" },	     { "/crew/crowd0", "10000" }, { "/crew/crowd1", "10000" },
	{ "/crew/crowd2", "10000" }, { "/crew/crowd3", "10000" }, { "/crew/crowd4", "10000" },
};

static void make(const char *cgroup)
{
	char path[128];

	snprintf(path, sizeof(path), CGROUPS "%s", cgroup);
	if (mkdir(path, 0755) && errno != EEXIST)
		die("%s: %s", path, strerror(errno));
}

static void put(const char *cgroup, const char *file, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), CGROUPS "%s/%s", cgroup, file);
	if (!text_write(path, text))
		die("%s: it does not take %s: %s", path, text, strerror(errno));
}

/* Where the crew has such a task: into its cgroup. */
static void move(const char *comm, const char *cgroup)
{
	const struct crew_member *members;
	char pid[16];
	size_t count;

	members = crew_members(&count);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(members[i].comm, comm))
			continue;
		make(cgroup);
		snprintf(pid, sizeof(pid), "%d", members[i].pid);
		put(cgroup, "cgroup.procs", pid);
	}
}

/* Or else a scheduler of cgroups sees only the root. 6.12, as built here, has no such controller. */
static void control(const struct options *options)
{
	text_write(CGROUPS "/cgroup.subtree_control", "+cpu");
	text_write(CGROUPS "/crew/cgroup.subtree_control", "+cpu");
	if (!options->fails || !options_program_is(options, "scx_flatcg"))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(weights); i++)
		put(weights[i].cgroup, "cpu.weight", weights[i].weight);
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
	make("/crew");
	make("/crew/inner");
	for (size_t i = 0; i < ARRAY_SIZE(plan); i++) {
		if (plan[i].mode == options->mode)
			move(plan[i].comm, plan[i].cgroup);
	}
	if (options->mode == MODE_OTHER)
		control(options);
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
