/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * groups.h - the groups of a document by name, and which of them are asked for
 */
#ifndef RENDER_GROUPS_H
#define RENDER_GROUPS_H

#include <scxray/render.h>

struct scxray_dsq;
struct scxray_map;
struct scxray_task;

enum group {
	GROUP_DIAGNOSIS,
	GROUP_TIMING, /* with the trigger */
	GROUP_GUEST,
	GROUP_DIFF,
	GROUP_MAPS,
	GROUP_VCPUS,
	GROUP_SDT,
	GROUP_PROGS,
	GROUP_TIMES, /* CPU time and NUMA nodes */
	GROUP_PSI,
	GROUP_TASKS,
	GROUP_SCHED,
	GROUP_RQS,
	GROUP_LOCKS,
	GROUP_DSQS,
	GROUP_TIMELINE,
	GROUP_PERF,
	GROUP_LOG,
	GROUP_NR,
};

#define GROUP_BIT(group) (1u << (group))

/* The groups inside a report; the others belong to the document. */
#define GROUPS_OF_REPORT (UINT32_MAX & ~(GROUP_BIT(GROUP_MAPS) - 1))

/* The groups below the line scx_walker. */
#define GROUPS_OF_SCX                                                             \
	(GROUP_BIT(GROUP_SCHED) | GROUP_BIT(GROUP_RQS) | GROUP_BIT(GROUP_LOCKS) | \
	 GROUP_BIT(GROUP_DSQS))

/* True if one of these groups (bits) is asked for. `only` NULL: all are. */
static inline bool groups_wanted(const struct scxray_selection *only, uint32_t groups)
{
	return !only || !only->groups || only->groups & groups;
}

static inline bool group_wanted(const struct scxray_selection *only, enum group group)
{
	return groups_wanted(only, GROUP_BIT(group));
}

bool map_wanted(const struct scxray_selection *only, const struct scxray_map *map);
/* By pid, or by comm. */
bool task_wanted(const struct scxray_selection *only, const struct scxray_task *task);
/* By id, by the id's name, or by its place: "local cpu 1". */
bool dsq_wanted(const struct scxray_selection *only, const struct scxray_dsq *dsq);

#endif
