/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * perf.h - hardware counters of the vCPUs' threads, the guest's part alone
 *
 * perf_event_open(2) on each thread, with exclude_host: what the host's own code does on that
 * thread does not count.  Where the machine or its settings don't allow it, the reason takes
 * the counters' place.
 */
#ifndef WATCH_PERF_H
#define WATCH_PERF_H

#include <stddef.h>
#include <stdint.h>

struct scxray_perf;

struct perf;

/*
 * `off`: why nothing shall be counted, static text; NULL: count.  Counters of the host take some
 * of those that the guest could have.  NULL: out of memory.
 */
struct perf *perf_create(size_t nr_vcpus, const char *off);
void perf_destroy(struct perf *perf);

/* Counts thread `tid` for this vCPU from now on, in place of an earlier thread.  Any thread. */
void perf_attach(struct perf *perf, uint32_t vcpu, int32_t tid);

/*
 * The counters now, one for each vCPU: valid until the next call.  No malloc; a system call for
 * each vCPU.  One thread.
 */
const struct scxray_perf *perf_read(struct perf *perf);

/* One reason that holds for all, or NULL. */
const char *perf_unavailable(const struct scxray_perf *counters, size_t nr);

#endif
