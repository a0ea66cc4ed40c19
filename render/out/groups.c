/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * groups.c - the names of the groups, and the selection that a user asked for
 */
#include "render/out/groups.h"

#include <fnmatch.h>
#include <string.h>

static const char *const names[GROUP_NR] = {
	[GROUP_DIAGNOSIS] = "diagnosis",
	[GROUP_TIMING] = "timing",
	[GROUP_GUEST] = "guest",
	[GROUP_DIFF] = "diff",
	[GROUP_MAPS] = "maps",
	[GROUP_VCPUS] = "vcpus",
	[GROUP_SDT] = "sdt",
	[GROUP_PROGS] = "progs",
	[GROUP_TIMES] = "times",
	[GROUP_PSI] = "psi",
	[GROUP_TASKS] = "tasks",
	[GROUP_SCHED] = "sched",
	[GROUP_RQS] = "rqs",
	[GROUP_LOCKS] = "locks",
	[GROUP_DSQS] = "dsqs",
	[GROUP_TIMELINE] = "timeline",
	[GROUP_PERF] = "perf",
	[GROUP_LOG] = "log",
};

const char *scxray_selection_name(size_t index)
{
	return index < GROUP_NR ? names[index] : NULL;
}

static int unknown(const char *name, size_t len, struct scxray_error *err)
{
	char list[200] = "";

	for (size_t i = 0; i < GROUP_NR; i++) {
		strcat(list, i ? ", " : "");
		strcat(list, names[i]);
	}
	return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
			   "no such group: %.*s; there are %s, maps=NAME",
			   (int)(len < 20 ? len : 20), name, list);
}

static int add_map(struct scxray_selection *s, const char *name, size_t len,
		   struct scxray_error *err)
{
	if (!len || len >= sizeof(s->maps[0]))
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0, "maps=%.*s: not a map's name",
				   (int)(len < 64 ? len : 64), name);
	if (s->nr_maps == SCXRAY_MAX_SELECTED_MAPS)
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0,
				   "more than %d maps asked for by name", SCXRAY_MAX_SELECTED_MAPS);
	memcpy(s->maps[s->nr_maps], name, len);
	s->maps[s->nr_maps++][len] = '\0';
	s->groups |= GROUP_BIT(GROUP_MAPS);
	return 0;
}

static int add(struct scxray_selection *s, const char *name, size_t len, struct scxray_error *err)
{
	if (len >= 5 && !strncmp(name, "maps=", 5))
		return add_map(s, name + 5, len - 5, err);
	for (size_t i = 0; i < GROUP_NR; i++) {
		if (strlen(names[i]) == len && !strncmp(names[i], name, len)) {
			s->groups |= GROUP_BIT(i);
			return 0;
		}
	}
	return unknown(name, len, err);
}

int scxray_selection_add(struct scxray_selection *selection, const char *list,
			 struct scxray_error *err)
{
	for (;;) {
		size_t len = strcspn(list, ",");

		if (add(selection, list, len, err))
			return -1;
		if (!list[len])
			return 0;
		list += len + 1;
	}
}

bool map_wanted(const struct scxray_selection *only, const struct scxray_map *map)
{
	if (!only || !only->nr_maps)
		return true;
	for (size_t i = 0; map->name.state == SCXRAY_PRESENT && i < only->nr_maps; i++)
		if (!fnmatch(only->maps[i], map->name.bytes, 0))
			return true;
	return false;
}
