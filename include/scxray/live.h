/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live.h - a guest that runs: found once, looked at often, recorded under a freeze
 *
 *	live = scxray_live_create(regions, nr, nr_vcpus, &settings, &err);
 *	scxray_live_resolve(live, regs, nr, &err);	while the guest runs; mallocs
 *	scxray_live_look(live, &look);			while it runs, often, no malloc
 *	scxray_live_record(live, snapshot, ...);	frozen: no malloc, no I/O, no lock
 *	scxray_live_record_sleepers(live, snapshot, ...); thawed: stacks that stay as they are
 *	source = scxray_snapshot_source(snapshot);	thawed: as if it were a core
 *	report = scxray_capture(source, &settings, &err);
 *
 * One thread at a time for all calls on a live guest and its snapshots' recording.
 * A recorded snapshot may go to another thread: it shares nothing that changes.
 */
#ifndef SCXRAY_LIVE_H
#define SCXRAY_LIVE_H

#include <scxray/capture.h>
#include <scxray/vcpu.h>

#ifdef __cplusplus
extern "C" {
#endif

struct scxray_live;
struct scxray_snapshot;

/* Guest RAM; what is at `host` is borrowed for the life of the live guest. */
struct scxray_live_region {
	uint64_t gpa;	  /* page aligned */
	uint64_t size;	  /* bytes */
	const void *host; /* where it is mapped; NULL: it is fetched */
};

/*
 * Brings bytes of the guest RAM that is not mapped, for instance by process_vm_readv(2) from
 * another process: all `len` bytes at `gpa`, which are in one region and may span many pages.
 * False: they can't be had.  Called on the thread that calls scxray_live_*(), under a freeze as
 * well: no malloc, no lock that another thread holds for long.  1, 2, 4 or 8 aligned bytes should be
 * read in one access.
 */
typedef bool scxray_live_fetcher(void *context, uint64_t gpa, void *to, size_t len);

/* A vCPU as its thread read it when it parked. */
struct scxray_live_vcpu {
	bool parked; /* false: regs are not known */
	struct scxray_regs regs;
};

/*
 * `settings` may be NULL for the defaults.  Does not look at memory yet.  NULL and *err:
 * overlapping regions, no memory.
 */
struct scxray_live *scxray_live_create(const struct scxray_live_region *regions, size_t nr_regions,
				       size_t nr_vcpus, const struct scxray_settings *settings,
				       struct scxray_error *err);
void scxray_live_destroy(struct scxray_live *live);

/* How regions without `host` are read; else they are unreadable.  Before the first call below. */
void scxray_live_set_fetcher(struct scxray_live *live, scxray_live_fetcher *fetcher, void *context);

/*
 * Guest RAM comes, or the region that begins at `gpa` goes: after the call it is read no more.  What
 * is known of the kernel is dropped: scxray_live_resolve() follows.  Snapshots keep their own;
 * those that are not recorded yet know only the earlier RAM.  Mallocs; not under a freeze.
 * 0, or -1 with *err, and all is as before: overlapping, no such region, the last one, no memory.
 */
int scxray_live_add_region(struct scxray_live *live, const struct scxray_live_region *region,
			   struct scxray_error *err);
int scxray_live_remove_region(struct scxray_live *live, uint64_t gpa, struct scxray_error *err);

/*
 * Finds the guest's kernel, its symbols, types and layout, and keeps copies of the pages
 * that this took, for cores.  `vcpus` are registers as fresh as can be had (parked unset where
 * there are none); without any, the search for VMCOREINFO in RAM remains.  Again after
 * a reboot: what was found before is forgotten first (snapshots keep theirs).
 * Mallocs; takes tens of milliseconds; never under a freeze.  0, or -1 with *err.
 */
int scxray_live_resolve(struct scxray_live *live, const struct scxray_live_vcpu *vcpus,
			size_t nr_vcpus, struct scxray_error *err);

/* Is the kernel that was resolved still the one in memory?  Reads a few words.  False before. */
bool scxray_live_resolved(struct scxray_live *live);

/*
 * Loads what depends on the scheduler that runs now: the BTF of its maps, the place of its
 * user-exit record.  After each change of look.scx_root, and after some seconds once more.
 * A rehearsal of the recording over the running guest; mallocs; milliseconds.
 * 0, or -1 with *err (a scheduler that came and went: try again later).
 */
int scxray_live_prepare(struct scxray_live *live, struct scxray_error *err);

/*
 * Any thread: a rehearsal or a recording in progress ends within some microseconds, and later ones
 * begin with nothing; a recording says that its deadline was crossed.  For a host that wants to end.
 */
void scxray_live_stop(struct scxray_live *live);

#define SCXRAY_LOOK_MAX_EVENTS 64
#define SCXRAY_LOOK_MAX_SUB_WORDS 3 /* a CPU has four debug registers, and one is for the root */

/*
 * What a glance at the running guest shows.  Racy: each number is one that memory held,
 * though not all at one instant.  NONE where there is no scheduler.
 */
struct scxray_look {
	struct scxray_num jiffies;
	struct scxray_num hz;
	struct scxray_num
		scx_root; /* address of the live struct scx_sched; of scx_ops before 6.16 while enabled */
	struct scxray_num enable_state; /* scx_enable_state_var */
	struct scxray_num exit_kind;	/* 0 while it runs */
	/* exit_info->kind, to which scx_disable_workfn() moves the value of exit_kind at once:
	 * exit_kind then is SCX_EXIT_DONE, so a poll usually finds the kind only here */
	struct scxray_num exit_info_kind;
	struct scxray_num exit_kind_kva; /* where that word is: for a watchpoint */
	struct scxray_num exit_kind_gpa; /* the same, guest physical: for a poll */
	uint32_t exit_kind_size;	 /* bytes: 4 */
	/* of a sub-scheduler that ends while the root goes on, the one with the greatest kind (errors
	 * are the greatest): its kind, and its struct scx_sched; NONE where none ends (7.1 on) */
	struct scxray_num sub_exit_kind;
	struct scxray_num sub_exit_kva;
	/* where the exit kinds are of sub-schedulers that do not end: for watchpoints */
	uint64_t sub_word_kva[SCXRAY_LOOK_MAX_SUB_WORDS];
	uint32_t nr_sub_words;
	/* jiffies; 0: no watchdog.  Where sub-schedulers have other ones, that of the task below */
	struct scxray_num watchdog_timeout;
	struct scxray_num watchdog_age; /* jiffies, signed */
	/* jiffies, signed; NONE: no task is runnable.  With several schedulers: the task
	 * that has used up most of its timeout */
	struct scxray_num max_runnable_age;
	struct scxray_num max_runnable_kva; /* that task */
	uint32_t nr_runnable;		    /* on all runnable lists */
	bool runnable_cut;		    /* a list could not be followed to its end */
	const char
		*runnable_unavailable; /* "task_struct.scx.runnable_at": static text; else NULL */
	const char *latch; /* "triggered", "not_triggered", "out_of_bounds", "not_resolved" */
	/* counters SCX_EV_*, summed over the CPUs; names live as long as the live guest */
	const char *event_name[SCXRAY_LOOK_MAX_EVENTS];
	uint64_t event[SCXRAY_LOOK_MAX_EVENTS];
	uint32_t nr_events;
	uint64_t nr_running; /* rq->scx.nr_running, summed over the CPUs */
	uint64_t dsq_depth;  /* tasks on local and global DSQs, by their nr */
};

/* No malloc, no lock; microseconds per CPU. */
void scxray_live_look(struct scxray_live *live, struct scxray_look *look);

/*
 * The word where a look saw the exit kind, as memory has it now: cheap enough for each millisecond.
 * False where the look saw none, or it can't be read.
 */
bool scxray_live_exit_kind(struct scxray_live *live, const struct scxray_look *look,
			   uint32_t *word);

/* Texts of the guest, NUL terminated, as memory holds them: the code that prints them escapes them. */
struct scxray_live_names {
	char release[65]; /* of the kernel, by its banner; "" where none was found */
	char scheduler
		[129]; /* sched_ext_ops.name of the look's scx_root; "": none, or unreadable */
};

/* Right after a look at the same guest, on the same thread.  Reads one string; no malloc, no lock. */
void scxray_live_read_names(struct scxray_live *live, const struct scxray_look *look,
			    struct scxray_live_names *names);

/*
 * Room for one recording: address space for settings.max_copy_bytes, of which pages cost
 * memory when they are first used.  Mallocs.  NULL when out of memory.
 */
struct scxray_snapshot *scxray_snapshot_create(struct scxray_live *live);
void scxray_snapshot_destroy(struct scxray_snapshot *snapshot);

struct scxray_record_result {
	uint64_t us;	   /* time that the walk took */
	uint64_t pages;	   /* copied */
	bool deadline;	   /* the deadline cut it */
	bool budget;	   /* the budget did */
	bool resolved;	   /* false: no kernel was known; it holds only registers */
	uint32_t sleepers; /* tasks whose stacks are left to scxray_live_record_sleepers() */
	/* of that */
	uint64_t sleepers_us;	 /* time that it took, while the guest ran */
	uint64_t sleepers_pages; /* copied */
	uint32_t ran;		 /* of these had run before they were copied: no stack */
};

/*
 * Under the freeze (or, for a racy one, not): walks the guest and copies each page that
 * the walk touches, once.  Stops copying at `deadline_us` from now (0: none).  No malloc, no
 * I/O, no lock, no formatting.  The vCPUs are copied.
 */
void scxray_live_record(struct scxray_live *live, struct scxray_snapshot *snapshot,
			const struct scxray_live_vcpu *vcpus, size_t nr_vcpus, uint64_t deadline_us,
			struct scxray_record_result *result);

/*
 * Recording while the guest runs, and yet of one instant: under the freeze its RAM is write-protected
 * (userfaultfd(2)), after the thaw the recording is made, and meanwhile a thread of the live guest's
 * saves each page that is about to be written.
 *
 *	scxray_live_allow_cow(live, &why)	once; opens, mallocs, starts the thread
 *	scxray_live_protect(live, ...)		frozen
 *	scxray_live_record(live, ...)		thawed, if that gave NULL; else before the thaw
 *	scxray_live_unprotect(live, &result)	thawed, in both cases
 *
 * Writes of other processes and by DMA are not held back.
 */

/* 0, or -1 and *why (static text): the host, or the kind of memory, does not allow it. */
int scxray_live_allow_cow(struct scxray_live *live, const char **why);

/* What a recording is expected to take in microseconds, by the last one or by the rehearsal; 0: neither was made. */
uint64_t scxray_live_expected_us(const struct scxray_live *live);

/*
 * NULL: RAM is protected, for `deadline_us` at most.  Else why not (static text): it would take longer
 * than `limit_us` (0: no limit), or the host does not allow it.  No malloc, no lock that anyone waits for.
 */
const char *scxray_live_protect(struct scxray_live *live, uint64_t limit_us, uint64_t deadline_us);

struct scxray_cow_result {
	uint64_t protect_us; /* what the protection took, under the freeze */
	uint64_t saved;	     /* pages, before they were written */
	bool full;	     /* no room for more: writers waited until the end */
};

/* Writers wait no longer.  Without a scxray_live_protect() before it there is nothing to do. */
void scxray_live_unprotect(struct scxray_live *live, struct scxray_cow_result *result);

/*
 * As soon as the guest runs again: copies the stacks of the tasks that slept, which stay as they
 * are until those run.  A stack is kept only if its task has not run since the freeze, so that what
 * is kept is what the freeze had; of the others the report says that they ran.  Between the
 * recording and this only looks may be taken at `live`.  No malloc, no I/O, no lock; some
 * tenths of a microsecond a task.  Fills the rest of *result.
 */
void scxray_live_record_sleepers(struct scxray_live *live, struct scxray_snapshot *snapshot,
				 struct scxray_record_result *result);

/*
 * After that: the recording as a source for scxray_capture() and scxray_core_write().
 * Owned by the snapshot; not to be closed.  NULL and *err if nothing was recorded.
 */
struct scxray_source *scxray_snapshot_source(struct scxray_snapshot *snapshot,
					     struct scxray_error *err);

#ifdef __cplusplus
}
#endif
#endif
