/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host.h - what the host knows, as bytes
 *
 * One form for all: a source keeps the bytes, a core stores them, a capture reads them into
 * its report.  They are records { tag, size, contents }: a reader skips tags that it does not
 * know, and members whose tag is missing stay 0, so cores of older and later versions load.
 */
#ifndef CAPTURE_HOST_H
#define CAPTURE_HOST_H

#include "capture/base/pool.h"
#include "capture/image/source.h"

#define HOST_MAX_STRING 4096
#define HOST_MAX_SAMPLES 65536
#define HOST_MAX_SERIES 256

struct host_record {
	uint16_t tag;
	uint16_t reserved;
	uint32_t size; /* of what follows */
};

/* Tags are for ever: a new member gets a new one. */
enum host_tag {
	HOST_TRIGGER = 1,
	HOST_WATCHPOINT,
	HOST_MOMENT,
	HOST_EARLY_SKIPPED,
	HOST_MAX_AGE,
	HOST_THRESHOLD,
	HOST_PERF_UNAVAILABLE,
	HOST_TIMELINE_UNAVAILABLE,
	HOST_HAS_TIMING,
	HOST_PARK_US,
	HOST_CAPTURE_US,
	HOST_THAW_US,
	HOST_FROZEN_US,
	HOST_GUEST_CLOCK_US,
	HOST_CLOCK,
	HOST_DEVICES,
	HOST_BYTES_COPIED,
	HOST_CUT_BY_DEADLINE,
	HOST_CUT_BY_BUDGET,
	HOST_RESOLVE_US,
	HOST_TIMELINE_TAKEN,
	HOST_TIMELINE_PERIOD,
	HOST_IS_DEGRADED,
	HOST_REASON,
	HOST_ELAPSED_MS,
	HOST_NR_PARKED,
	HOST_NR_VCPUS,
	HOST_WATCHPOINT_HIT,
	HOST_LATCH,
	HOST_HAS_EXIT_KIND,
	HOST_EXIT_KIND,
	HOST_AFTER_THAW_US,
	HOST_AFTER_THAW_BYTES,
	HOST_STACKS_LOST,
	HOST_METHOD,
	HOST_METHOD_REASON,
	HOST_PROTECT_US,
	HOST_SAVED_BYTES,

	HOST_PERF = 100,    /* one of each vCPU, in their order: records HOST_PERF_... */
	HOST_SAMPLES = 101, /* u64 elapsed_ms each, never descending; before any series */
	HOST_SERIES = 102,  /* records HOST_SERIES_... */

	HOST_PERF_WHY = 1, /* inside HOST_PERF */
	HOST_PERF_CYCLES,
	HOST_PERF_INSTRUCTIONS,
	HOST_PERF_CACHE_MISSES,
	HOST_PERF_BRANCH_MISSES,
	HOST_PERF_ENABLED,
	HOST_PERF_RUNNING,

	HOST_SERIES_NAME = 1, /* inside HOST_SERIES */
	HOST_SERIES_EVENT,    /* bool; all that are come first */
	HOST_SERIES_VALUES,   /* u64 each, as many as samples */
};

enum host_kind {
	HOST_STRING, /* const char *; absent: NULL */
	HOST_U64,    /* any 64-bit integer */
	HOST_U32,
	HOST_BOOL,
};

/* A member of a struct and its record. */
struct host_member {
	uint16_t tag;
	enum host_kind kind;
	size_t offset;
};

/* One struct's members that have records of their own. */
struct host_table {
	const struct host_member *members;
	size_t nr;
};

/* A series while it is read. */
struct host_series {
	const char *name;
	bool is_event;
	const uint8_t *values; /* where the bytes are: at any alignment */
	size_t nr_values;
};

extern const struct host_table host_table;	  /* of struct scxray_host */
extern const struct host_table host_perf_table;	  /* of struct scxray_perf */
extern const struct host_table host_series_table; /* of struct host_series */

/* 0, or -1 with *err: the bytes are not what scxray_source_set_host() makes. */
int host_check(const uint8_t *bytes, size_t size, struct scxray_error *err);

/*
 * Puts into the report what the source's host knows, or why it knows nothing.  All
 * memory is the pool's; where the pool has none left, the groups say so.
 */
void host_report(const struct scxray_source *source, struct pool *pool, struct scxray_report *r);

#endif
