/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine.h - the VM that is watched, as watch/ needs it, whatever runs it
 *
 * Two implement it: vmm-plugin/ (KVM, from inside the VMM's process) and qemu/ (from another
 * process).  Each embeds `struct watch_machine` in a struct of its own, fills in `ops`, `nr_vcpus` and
 * `fd`, and hands the address to watcher_create(), which borrows it until watcher_destroy().
 *
 * What the maker of a machine does itself, outside this interface:
 *   - guest RAM: it makes the struct scxray_live of its regions (scxray_live_create());
 *   - threads: it calls perf_attach() with the thread id of each vCPU, when it learns of one;
 *   - the end of the VM: it calls watcher_finish(), after that watcher_destroy(), then frees all.
 *
 * Threads: the watcher's thread makes all calls but abort(), which comes from any thread, at any
 * time between watcher_create() and watcher_destroy(), and must not wait.  So a machine needs no
 * lock against its own calls.  `wake` may be called by any thread of the machine's.
 *
 * Order: freeze() and thaw() come in pairs, and nothing but events(), the watchpoint's questions
 * and abort() comes between them.  Between them the watcher allocates nothing, writes nothing,
 * logs nothing.
 *
 * Texts that a machine returns are static, or live as long as the machine.
 */
#ifndef WATCH_MACHINE_H
#define WATCH_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include <scxray/live.h>

/*
 * How a freeze went.  freeze() fills in the first part, thaw() the second; and thaw() takes `complete`
 * back, with a failure, where a vCPU turns out to have run meanwhile.
 */
struct freeze_result {
	uint32_t nr_vcpus;
	uint32_t nr_parked;
	bool complete; /* no vCPU runs: all that have started are parked */
	bool aborted;  /* abort() ended the wait */
	/* why it is not complete, where it is not that a vCPU did not park in time; else NULL */
	const char *failure;
	uint64_t
		park_us; /* from the first request to stop until all had stopped and their registers
			   * were read, or until giving up */
	/* "paused", "not paused: ..."; NULL: nothing is known of devices */
	const char *devices;

	uint64_t thaw_us;	/* thaw(): until the last vCPU was let go */
	uint64_t frozen_us;	/* first request to stop until the last vCPU was let go */
	int64_t guest_clock_us; /* what of that the guest's clock saw; -1: not known */
	const char *clock;	/* how clocks were held back, or why not */
};

#define WATCHPOINT_MAX_WORDS 4 /* debug registers of a CPU */

/* What is watched: `nr` aligned words of `size` bytes (1, 2, 4, 8) each; nr = 0: nothing. */
struct watchpoint_words {
	uint64_t kva[WATCHPOINT_MAX_WORDS];
	uint32_t nr;
	uint32_t size;
};

struct watch_machine;

struct watch_machine_ops {
	/*
	 * Registers while the guest runs, for finding its kernel.  Fills vcpus[0..nr_vcpus-1];
	 * `parked` is false where none could be had.  Blocks for `deadline_ms` at most.
	 */
	void (*sample_regs)(struct watch_machine *machine, struct scxray_live_vcpu *vcpus,
			    uint32_t deadline_ms);

	/*
	 * Stops all vCPUs, within `deadline_ms`, and fills *result and vcpus[0..nr_vcpus-1]
	 * (`parked` is false where registers are not known).  Those that have stopped stay so until
	 * thaw(), whatever the result.  A guest that had stopped before (a hit, its user's pause) is a
	 * complete one.
	 */
	void (*freeze)(struct watch_machine *machine, uint32_t deadline_ms,
		       struct scxray_live_vcpu *vcpus, struct freeze_result *result);

	/*
	 * All go on, also those that wait at the watchpoint since before the freeze; a
	 * guest that its user had paused stays paused.  Must not fail silently: what went wrong
	 * is result->clock's to say.
	 */
	void (*thaw)(struct watch_machine *machine, struct freeze_result *result);

	/*
	 * The VM ends: ends a wait of freeze() or sample_regs() early, and all later ones at once;
	 * vCPUs that wait at the watchpoint go on.
	 */
	void (*abort)(struct watch_machine *machine);

	/*
	 * Stops the vCPU that writes to one of the words (copied) with its machine as it is after
	 * the store, until the next freeze has ended, or the watchpoint is set anew; not for ever
	 * either.  Takes an earlier one's place and forgets its hit.  nr = 0: takes it away.
	 * Returns soon: it may be armed a little later.
	 */
	void (*watchpoint_set)(struct watch_machine *machine, const struct watchpoint_words *words);

	/*
	 * After watchpoint_set() of none: waits until no vCPU has it any more.  False: one has,
	 * after `deadline_ms`.
	 */
	bool (*watchpoint_gone)(struct watch_machine *machine, uint32_t deadline_ms);

	/* NULL: it is armed, or about to be; else why not: "off", "not armed: ...". */
	const char *(*watchpoint_unarmed)(struct watch_machine *machine);

	/* Has a vCPU hit it since it was set, and which?  Never waits. */
	bool (*watchpoint_hit)(struct watch_machine *machine, uint32_t *vcpu);

	/*
	 * `fd` can be read, or has hung up: reads what came (a stop reply, an event), without
	 * waiting for more; sets fd to -1 when nothing can come any more.  May be NULL where fd
	 * is always -1.  The watcher looks at the guest after it.
	 */
	void (*events)(struct watch_machine *machine);
};

struct watch_machine {
	const struct watch_machine_ops *ops;
	uint32_t nr_vcpus; /* never changes */
	int fd;		   /* what the watcher polls (POLLIN) beside its own; -1: nothing */

	/*
	 * Set by watcher_create(): makes the watcher look at once, for one to call when the
	 * watchpoint is hit and no fd says so.  NULL before.
	 */
	void (*wake)(void *arg);
	void *wake_arg;
};

#endif
