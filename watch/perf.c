/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * perf.c - hardware counters of the vCPUs' threads, the guest's part alone
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <scxray/host.h>

#include "perf.h"

enum {
	CYCLES, /* leads the group */
	INSTRUCTIONS,
	CACHE_MISSES,
	BRANCH_MISSES,
	NR_COUNTERS,
};

static const uint64_t configs[NR_COUNTERS] = {
	[CYCLES] = PERF_COUNT_HW_CPU_CYCLES,
	[INSTRUCTIONS] = PERF_COUNT_HW_INSTRUCTIONS,
	[CACHE_MISSES] = PERF_COUNT_HW_CACHE_MISSES,
	[BRANCH_MISSES] = PERF_COUNT_HW_BRANCH_MISSES,
};

/* What read(2) gives of a group with both times. */
struct group_values {
	uint64_t nr;
	uint64_t time_enabled;
	uint64_t time_running;
	uint64_t value[NR_COUNTERS];
};

struct counters {
	int fd[NR_COUNTERS];
	const char *unavailable; /* NULL: they are open */
};

struct perf {
	pthread_mutex_t lock; /* of `counters`; a vCPU's thread takes it once, as it starts */
	const char *off;      /* why nothing is counted; or NULL */
	size_t nr;
	struct counters *counters;
	struct scxray_perf *out;
};

static void close_all(struct counters *c)
{
	for (size_t i = 0; i < NR_COUNTERS; i++) {
		if (c->fd[i] >= 0)
			close(c->fd[i]);
		c->fd[i] = -1;
	}
}

struct perf *perf_create(size_t nr_vcpus, const char *off)
{
	struct perf *perf = calloc(1, sizeof(*perf));

	if (!perf)
		return NULL;
	perf->off = off;
	perf->nr = nr_vcpus;
	perf->counters = calloc(nr_vcpus, sizeof(*perf->counters));
	perf->out = calloc(nr_vcpus, sizeof(*perf->out));
	if (!perf->counters || !perf->out) {
		free(perf->counters);
		free(perf->out);
		free(perf);
		return NULL;
	}
	pthread_mutex_init(&perf->lock, NULL);
	for (size_t i = 0; i < nr_vcpus; i++) {
		memset(perf->counters[i].fd, -1, sizeof(perf->counters[i].fd));
		perf->counters[i].unavailable = off ? off : "this vCPU's thread has not started";
	}
	return perf;
}

void perf_destroy(struct perf *perf)
{
	if (!perf)
		return;
	for (size_t i = 0; i < perf->nr; i++)
		close_all(&perf->counters[i]);
	pthread_mutex_destroy(&perf->lock);
	free(perf->counters);
	free(perf->out);
	free(perf);
}

static const char *reason(int error)
{
	switch (error) {
	case ENOENT:
	case ENODEV:
	case EOPNOTSUPP:
		return "this host has no hardware counters for guests (perf_event_open)";
	case EACCES:
	case EPERM:
		return "perf_event_open is not allowed: lower kernel.perf_event_paranoid to 1, or "
		       "give CAP_PERFMON";
	case ENOSYS:
		return "this host's kernel has no perf_event_open";
	case EMFILE:
	case ENFILE:
		return "too many open files for perf_event_open";
	case EINVAL:
		return "this host can't count the guest's part alone (exclude_host)";
	case ESRCH:
		return "the vCPU's thread has gone (perf_event_open)";
	default:
		return "perf_event_open failed";
	}
}

static int open_counter(uint64_t config, int32_t tid, int group)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attr),
		.config = config,
		.exclude_host = 1,
		.read_format = PERF_FORMAT_GROUP | PERF_FORMAT_TOTAL_TIME_ENABLED |
			       PERF_FORMAT_TOTAL_TIME_RUNNING,
	};

	return (int)syscall(SYS_perf_event_open, &attr, tid, -1, group, PERF_FLAG_FD_CLOEXEC);
}

/* All or none: half of them make no ratio. */
void perf_attach(struct perf *perf, uint32_t vcpu, int32_t tid)
{
	struct counters *c;

	if (vcpu >= perf->nr || perf->off)
		return;
	pthread_mutex_lock(&perf->lock);
	c = &perf->counters[vcpu];
	close_all(c);
	c->unavailable = NULL;
	for (size_t i = 0; i < NR_COUNTERS && !c->unavailable; i++) {
		c->fd[i] = open_counter(configs[i], tid, i ? c->fd[CYCLES] : -1);
		if (c->fd[i] < 0) {
			c->unavailable = reason(errno);
			close_all(c);
		}
	}
	pthread_mutex_unlock(&perf->lock);
}

static void read_one(const struct counters *c, struct scxray_perf *out)
{
	struct group_values group;

	*out = (struct scxray_perf){ .unavailable = c->unavailable };
	if (c->unavailable)
		return;
	if (read(c->fd[CYCLES], &group, sizeof(group)) != sizeof(group) ||
	    group.nr != NR_COUNTERS) {
		out->unavailable = "the counters could not be read";
		return;
	}
	if (!group.time_running) {
		out->unavailable =
			"the counters never ran: others have the machine's, or this vCPU "
			"ran no guest code";
		return;
	}
	*out = (struct scxray_perf){
		.cycles = group.value[CYCLES],
		.instructions = group.value[INSTRUCTIONS],
		.cache_misses = group.value[CACHE_MISSES],
		.branch_misses = group.value[BRANCH_MISSES],
		.time_enabled_ns = group.time_enabled,
		.time_running_ns = group.time_running,
	};
}

const struct scxray_perf *perf_read(struct perf *perf)
{
	pthread_mutex_lock(&perf->lock);
	for (size_t i = 0; i < perf->nr; i++)
		read_one(&perf->counters[i], &perf->out[i]);
	pthread_mutex_unlock(&perf->lock);
	return perf->out;
}

const char *perf_unavailable(const struct scxray_perf *counters, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (!counters[i].unavailable ||
		    strcmp(counters[i].unavailable, counters[0].unavailable))
			return NULL;
	return nr ? counters[0].unavailable : "the VM has no vCPU";
}
