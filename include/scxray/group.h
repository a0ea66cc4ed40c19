/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * group.h - the groups of a report: each is complete, cut, or unavailable with a reason
 */
#ifndef SCXRAY_GROUP_H
#define SCXRAY_GROUP_H

enum scxray_group {
	SCXRAY_GROUP_MAPS,
	SCXRAY_GROUP_POINTEES, /* of maps; can be cut, is never unavailable */
	SCXRAY_GROUP_VCPUS,
	SCXRAY_GROUP_SDTS,
	SCXRAY_GROUP_PROGS,
	SCXRAY_GROUP_CPU_TIMES,
	SCXRAY_GROUP_NUMA,
	SCXRAY_GROUP_PSI,
	SCXRAY_GROUP_TASKS,
	SCXRAY_GROUP_HELD_FILES, /* of the schedulers', by processes */
	SCXRAY_GROUP_SCHEDS, /* unavailable: no scheduler, no sched_ext, or what else was missing */
	SCXRAY_GROUP_RQS,
	SCXRAY_GROUP_LOCKS, /* resilient spinlocks */
	SCXRAY_GROUP_DSQS,
	SCXRAY_GROUP_LOG,
	/* from here on: what the host saw, not what guest memory held */
	SCXRAY_GROUP_TIMELINE,
	SCXRAY_GROUP_PERF,
	SCXRAY_NR_GROUPS,
	SCXRAY_NR_GUEST_GROUPS = SCXRAY_GROUP_TIMELINE,
};

#endif
