/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live.h - the parts of a live guest
 *
 *	live.c		 what is kept of it, and walks over it
 *	regions.c	 its RAM, which comes and goes
 *	resolve.c	 finding its kernel
 *	identity.c	 noticing that it has gone
 *	plan.c		 what looks need of it
 *	prepare.c	 rehearsing
 *	record.c	 the walk under the freeze, and snapshots
 *	look.c		 a glance while it runs
 *	subs.c		 sub-schedulers, at such a glance
 *	names.c		 what kernel and scheduler are called
 *	latch.c		 the scheduler's user-exit record
 *	cow.c		 RAM as it was at one instant, while the guest runs on
 *	uffd.c		 userfaultfd(2), which that needs
 */
#ifndef CAPTURE_LIVE_H
#define CAPTURE_LIVE_H

#include <scxray/live.h>
#include <scxray/report_struct.h>

#include "capture/live/cow.h"
#include "capture/map/map.h"
#include "capture/memory/recorder.h"
#include "capture/read/walk.h"

/* What tells one boot of a kernel from another; read once, compared often. */
struct live_identity {
	char banner[256];
	uint8_t tokens[64]; /* the first bytes of kallsyms_token_table */
	uint64_t
		canary_kva; /* init_task.stack_canary, random at each boot; 0: not in this kernel */
	uint64_t canary;
	uint64_t jiffies; /* the latest that were seen: they never go back */
};

/* An event counter in struct scx_event_stats. */
struct live_event {
	const char *name;
	uint32_t offset;
	uint32_t size;
	bool is_signed;
};

#define LIVE_MAX_STATS 2048 /* bytes of struct scx_event_stats */

/* What a look needs that does not change while a kernel runs. */
struct live_plan {
	struct scxray_num hz;
	uint32_t *cpus; /* possible ones */
	size_t nr_cpus;
	uint32_t nr_nodes;
	uint32_t stats_size; /* bytes of the counters that are read */
	struct live_event events[SCXRAY_LOOK_MAX_EVENTS];
	uint32_t nr_events;
	uint64_t disabled; /* of the enable state, before 6.16 */
	bool has_disabled;
	uint64_t queued; /* SCX_TASK_QUEUED */
};

/* Addresses of what no kernel writes to once it runs: kallsyms, BTF, two ORC tables. */
#define LIVE_NR_CONSTANT 4

struct live_range {
	uint64_t start, end;
};

/* A scheduler's user-exit record, where the rehearsal saw it. */
struct live_latch {
	enum {
		LATCH_NOT_RESOLVED,
		LATCH_OUT_OF_BOUNDS,
		LATCH_FOUND
	} state;
	uint64_t kind_kva;
	uint64_t map_kva; /* while this is still map `id`, the record is where it was */
	uint32_t map_id;
};

/* The sub-schedulers that a look found. */
#define LIVE_MAX_SUBS 64

struct live_subs {
	uint32_t nr;
	struct {
		uint64_t kva;
		uint64_t timeout; /* jiffies; 0 where unknown */
	} sub[LIVE_MAX_SUBS];
};

struct scxray_live {
	struct scxray_settings settings;
	struct scxray_source source;  /* RAM; the vCPUs of the walk that goes on */
	scxray_live_fetcher *fetcher; /* of RAM that is not mapped; or NULL */
	void *fetcher_context;
	size_t max_vcpus;
	struct guest g;
	struct kernel kernel;
	atomic_bool stop; /* scxray_live_stop() */
	bool resolved;
	uint64_t root; /* page tables of the kernel */
	unsigned levels;
	struct page_store *base; /* what finding the kernel read; shared with snapshots */
	/* pages of it that the kernel may write to: each recording copies them anew */
	uint64_t *changing;
	size_t nr_changing;
	struct live_range constant[LIVE_NR_CONSTANT];
	struct page_store *scratch; /* of rehearsals */
	uint64_t nr_expected;	    /* pages of a recording, as the last rehearsal had them */
	uint64_t expected_us; /* what a recording takes, as the last one or the rehearsal had it */
	struct cow *cow;      /* NULL: not allowed */
	const char *cow_why;  /* not */
	bool wants_cow;
	bool is_protected;
	struct pool pool;
	struct walk walk;
	struct scxray_report report; /* what the walk makes and nobody reads */
	struct btf_cache *btf_cache;
	struct live_identity identity;
	struct live_plan plan;
	struct live_latch latch;
	char **names; /* of events: they live as long as the live guest */
	size_t nr_names;
};

/* Drops what is known of a kernel: it is found anew, or has gone. */
void live_forget(struct scxray_live *live);

/* Has the guest translate by the kernel's own page tables; forgets earlier translations. */
void live_aim(struct scxray_live *live);

/* Begins a walk that records; the results of the one before are dropped. */
void live_walk_start(struct scxray_live *live, enum walk_mode mode);

/* After a kernel was found: notes what tells this boot from the next one.  0, or -1. */
int live_identify(struct scxray_live *live, struct scxray_error *err);

/* After live_walk_start() and a walk of the guest and its rqs: sets live->plan.  0, or -1. */
int live_plan_look(struct scxray_live *live, struct scxray_error *err);

/* Finds them, and sets the look's sub_exit_*. */
void live_look_subs(struct scxray_live *live, struct scxray_look *look, uint64_t root,
		    struct live_subs *subs);

/* How long the task of a sched_ext_entity may wait: its sub-scheduler's timeout, or `root`. */
uint64_t live_timeout_of(struct walk *w, const struct live_subs *subs, uint64_t entity,
			 uint64_t root);

/* After a rehearsal: finds the scheduler's user-exit record. */
void live_find_latch(struct scxray_live *live);

/* What the record holds now, in the words of scxray_look.latch. */
const char *live_look_latch(struct scxray_live *live);

/*
 * Copies the pages of `base` that may have changed, and the page tables of those that may not,
 * budget or not: without them no report can begin.
 */
void live_record_changing(struct scxray_live *live, struct recorder *rec);

#endif
