/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * decide.h - what a look at the guest asks for: nothing, an early freeze, a late one
 *
 * A state machine over a sequence of looks.  It does nothing itself, reads no clock and no
 * memory: tests feed it looks.
 *
 * A scheduler is followed from the look that first shows its scx_root to the one that shows it
 * gone; each gets at most one early and one late.  A new one may be at the old one's
 * address: it differs by an exit kind that is 0 again.
 */
#ifndef WATCH_DECIDE_H
#define WATCH_DECIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <scxray/live.h>

/* enum scx_exit_kind: from here on it is an error (kernel/sched/ext_internal.h) */
#define SCX_EXIT_NONE 0
#define SCX_EXIT_DONE 1
#define SCX_EXIT_ERROR 1024
#define SCX_EXIT_ERROR_STALL 1026

struct decide_config {
	bool early;	      /* look out for half-way */
	bool poll;	      /* take an exit kind that a look shows, without a watchpoint's hit */
	uint32_t watchdog_ms; /* timeout in place of the guest's; 0: the guest's */
};

struct decide {
	struct decide_config config;
	uint64_t instance; /* schedulers seen so far: the number of the current or last one */
	uint64_t root;	   /* its address while it is there; else 0 */
	uint64_t looks;	   /* at it */
	bool ended;	   /* its exit was seen */
	uint64_t sub;	   /* the sub-scheduler that is seen ending by an error; 0: none */
	bool latch_clear;  /* its user-exit record was seen empty: it is not a former scheduler's */
	bool early_done;   /* asked for, or taken on the host's demand */
	bool late_done;
	bool watchdog_ran;   /* its timestamp was seen young: it is not a former scheduler's */
	unsigned over;	     /* looks in a row beyond the threshold */
	bool has_threshold;  /* the timeout is known */
	uint64_t threshold;  /* jiffies: timeout / 2 */
	uint64_t max_age;    /* jiffies, at the last look */
	uint64_t peak;	     /* greatest max_age of this scheduler at any look while it ran */
	uint64_t exit_kind;  /* as last seen; of one that has ended the kind that ended it */
	const char *missing; /* what an early trigger needs and this guest has not; or NULL */
};

/* What came with a look. */
struct decide_witness {
	bool hit;	    /* the watchpoint stopped a vCPU ... */
	uint32_t vcpu;	    /* ... this one */
	bool has_last_word; /* the exit kind's word, read where it was at the look before: */
	uint32_t last_word; /* what remains of a scheduler that went between two looks */
};

struct decision {
	bool attached;	/* a scheduler that was not there: prepare for it, set the watchpoint */
	bool left;	/* it has ended, or gone: the watchpoint goes, too */
	bool false_hit; /* the watchpoint was hit without an exit: let the vCPU go on */
	bool early;
	bool late;
	char why[128]; /* with early or late: what fired */
};

void decide_init(struct decide *d, const struct decide_config *config);
void decide_look(struct decide *d, const struct scxray_look *look,
		 const struct decide_witness *witness, struct decision *decision);

/* The guest's kernel has gone (a reboot): so has its scheduler.  Its number is not used again. */
void decide_forget(struct decide *d);

/* Why the current scheduler's report has no early half, as report.md words it. */
void decide_skipped_reason(const struct decide *d, char *buf, size_t size);

#endif
