/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * monitor.h - a QEMU by its monitor, whichever of the two it is: QMP, or the one for people (HMP)
 *
 * Every call waits MONITOR_MS at most, or as its deadline says.  Errors name what was asked.  One
 * thread.
 */
#ifndef QEMU_MONITOR_H
#define QEMU_MONITOR_H

#include <sys/types.h>

#include "qemu/hmp.h"
#include "qemu/qmp.h"

#define MONITOR_GREETING_MS 2000
#define MONITOR_MS 2500

struct monitor {
	bool people; /* HMP alone */
	struct qmp qmp;
	struct hmp hmp;
	/* by its events, QMP only */
	uint32_t stops, resumes, resets;
	bool closed; /* by QEMU */
};

/*
 * Takes over a connected socket, and finds out what greets there; `where` is how errors call it.
 * Waits until the deadline, and MONITOR_GREETING_MS at most.  The struct must not move.  0, or -1 with
 * *err; deinit in either case.
 */
int monitor_init(struct monitor *monitor, int fd, const char *where, uint64_t deadline_ns,
		 struct scxray_error *err);
void monitor_deinit(struct monitor *monitor);
int monitor_fd(const struct monitor *monitor);

/* From then on no call waits while `fd` can be read. */
void monitor_set_stop(struct monitor *monitor, int fd);

/* A command of HMP, by either.  *answer (may be NULL) is to be freed. */
int monitor_command(struct monitor *monitor, const char *command, char **answer,
		    struct scxray_error *err);

/* Gives QEMU a descriptor by a name. */
int monitor_give_fd(struct monitor *monitor, const char *name, int fd, struct scxray_error *err);

enum monitor_status {
	MONITOR_RUNS,
	MONITOR_DEBUG,	/* is at a breakpoint */
	MONITOR_PAUSED, /* somebody has stopped it */
	MONITOR_OVER,	/* shut down, crashed, migrated */
};

int monitor_status(struct monitor *monitor, enum monitor_status *status, struct scxray_error *err);

int monitor_stop(struct monitor *monitor, uint64_t deadline_ns, struct scxray_error *err);
int monitor_go(struct monitor *monitor, struct scxray_error *err);

/* The host's thread of each vCPU, up to `max`: how many there are, or -1. */
int monitor_threads(struct monitor *monitor, int32_t *tids, size_t max, struct scxray_error *err);

/* Takes the events that have come, without waiting. */
void monitor_pump(struct monitor *monitor);

/* Waits until there are more than `resumes` of them (HMP: until the guest runs).  False: not until
 * the deadline. */
bool monitor_wait_resume(struct monitor *monitor, uint32_t resumes, uint64_t deadline_ns);

#endif
