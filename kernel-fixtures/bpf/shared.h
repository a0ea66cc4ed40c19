/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What the BPF scheduler (bpf/) and the guest's init (guest/) agree on: modes, roles, DSQ ids, and
 * the three variables through which they talk. Each of these is alone in its section, so at offset
 * 0 of its map. Plain C types only: both sides include this.
 */
#ifndef SCXFIX_SHARED_H
#define SCXFIX_SHARED_H

#include <linux/types.h>

/* How the scheduler fails once `stalling` is set. */
enum scxfix_mode {
	MODE_NONE,  /* no scheduler at all */
	MODE_STALL, /* victims sit in DSQ_STALL, which no CPU consumes */
	MODE_HELD,  /* victims are kept in the BPF queue map, on no DSQ */
	MODE_VTIME, /* victims are the tail of DSQ_VTIME and never get to its head */
	MODE_ERROR, /* victims as in stall (even ones) and held (odd ones), then scx_bpf_error() */
	MODE_HOG,   /* a SCHED_FIFO task holds the victims' CPU; they sit in its local DSQ */
	MODE_MAPS,  /* victims as in error, beside a zoo of maps (zoo/) */
	MODE_SPIN,  /* ops.dispatch() of the last CPU runs in circles for seconds; nobody fails */
	MODE_WELL,  /* nothing fails; after a while the scheduler leaves on its own */
	MODE_DLHOG, /* as hog, by a SCHED_DEADLINE task, in a guest with more to see (system.c) */
	MODE_OTHER, /* a scheduler that others wrote, a program of its own in the initramfs */
	MODE_SUB,   /* a tree of schedulers; the one below the root keeps victims as in error */
	MODE_AFFINITY, /* victims of the last CPU sit in DSQ_OTHERS, which all CPUs but the last consume */
	MODE_SLICEINF, /* a task with SCX_SLICE_INF keeps the victims' CPU; they sit in its local DSQ */
	MODE_PARTIAL, /* SCX_OPS_SWITCH_PARTIAL: fair tasks keep the victims' CPU */
	MODE_LOST,    /* victims are on no DSQ and in no map */
	MODE_USERSTOP, /* a process that decides for victims is stopped; they wait in its ring buffer */
	MODE_WATCHDOG,	/* unbound kworkers sit in DSQ_STALL, among them the watchdog's own */
	MODE_KTHREAD,	/* kworkers of the last CPU sit in DSQ_STALL */
	MODE_THROTTLED, /* victims sit in a list in an arena, whose group is throttled */
	/* Here nobody waits: one call ends the scheduler. */
	MODE_BADDSQ,	/* a task is inserted into a DSQ that was never created */
	MODE_BADCPU,	/* a task goes to the local DSQ of a CPU that it may not use */
	MODE_BADSELECT, /* ops.select_cpu() returns a CPU that is not there */
	MODE_NOCTX, /* the scheduler finds no context of a task, and says so by scx_bpf_error() */
	MODE_INITFAIL, /* ops.init_task() of a victim fails, so the scheduler is never enabled */
	MODE_HOTPLUG,  /* a CPU goes offline under a scheduler without ops for that */
	MODE_PANIC,    /* the kernel panics while the scheduler works */
};

enum scxfix_role {
	ROLE_OTHER,   /* kernel threads and all that is not of the crew: DSQ_FIFO */
	ROLE_VICTIM,  /* what will not run */
	ROLE_BUSY,    /* never sleeps; DSQ_VTIME */
	ROLE_SLEEPER, /* sleeps most of the time or forever */
	ROLE_KEEPER,  /* MODE_SLICEINF: gets SCX_SLICE_INF */
};

#define DSQ_FIFO 0x100ULL
#define DSQ_VTIME 0x200ULL
#define DSQ_STALL 0x57a11ULL
#define DSQ_OTHERS 0x300ULL
#define DSQ_NOWHERE 0xdeadULL /* never created */

#define CPU_NOWHERE 4096 /* more than these guests can have */

#define MAX_VICTIMS 16
#define FIRST_RECRUIT 8 /* index of the first victim that is not of the crew */
#define MAX_CREW 64
#define HELD_CAPACITY 64

/* dsq_id of a wait on no DSQ */
#define DSQ_NONE 0ULL

/* How maps name a task. In these modes not by its pid: there no map, or no other, may hold that. */
#define HIDES_PIDS(mode) ((mode) == MODE_LOST || (mode) == MODE_THROTTLED)
#define PID_KEY(mode, pid) (HIDES_PIDS(mode) ? ~(__u32)(pid) : (__u32)(pid))

#define REASON_LEN 128
#define MSG_LEN 1024
#define EXIT_DUMP_LEN (1U << 20)

/* .rodata.settings: fixed before the load */
struct scxfix_settings {
	__u32 mode;
	__s32 last_cpu;
};

/* .data.state: `stalling` and `error_at_ns` are written by init, the rest by the scheduler */
struct scxfix_state {
	__u32 stalling;	    /* from now on the mode's failure is on */
	__u32 no_user_dsqs; /* this kernel's scx_bpf_create_dsq() can't be called */
	__u64 error_at_ns;  /* CLOCK_MONOTONIC time of the one call that ends it, 0 for never */
	__u64 victim_runs;  /* times that victims were put on a CPU */
	__u64 jiffies;	    /* of the last tick of a task of ours */
	__u64 jiffies_ns;   /* CLOCK_MONOTONIC at that tick */
	__u64 spun_ns;	    /* MODE_SPIN: how long ops.dispatch() took last */
	__u64 spinning_since_ns; /* CLOCK_MONOTONIC; 0 while it does not */
	__u64 child;		 /* MODE_SUB: cgroup of the sub-scheduler that came last */
	__u64 crew_runs;	 /* times that the crew was put on a CPU, victims or not */
	__u64 recruits;		 /* kernel threads that became victims */
};

/*
 * .bss: the record that the schedulers of the scx project keep of their end, by the name and
 * with the members that tools look for (their user_exit_info.h)
 */
struct user_exit_info {
	__s32 kind;
	__s64 exit_code;
	char reason[REASON_LEN];
	char msg[MSG_LEN];
};

/* .data.exit_record: what ops.exit() was given; `done` is set last */
struct scxfix_exit {
	__u32 done;
	__s32 kind;
	__s64 exit_code;
	char reason[REASON_LEN];
	char msg[MSG_LEN];
	char dump[EXIT_DUMP_LEN];
};

/* map crew: PID_KEY() -> what it is here for */
struct scxfix_member {
	__u32 role;
	__u32 index;
};

/* map waits: victim's index -> its wait for a CPU; key 0 while it is not waiting */
struct scxfix_wait {
	__u32 key; /* PID_KEY() */
	__u32 cpu;
	__u64 dsq_id;
	__u64 vtime;
	__u64 slice; /* that it was inserted with; in the queue map: that it has left */
	__u64 enq_flags;
	__u64 since_ns; /* CLOCK_MONOTONIC */
	__u64 since_jiffies;
};

/* ring buffer asks, MODE_USERSTOP: tasks that wait to be let run; map answers has the pids of those that may */
struct scxfix_ask {
	__u32 pid;
	__u32 cpu;
	__u64 vtime;
};

/* map counters, one of each per CPU */
struct scxfix_counters {
	__u64 selected;
	__u64 enqueued;
	__u64 dispatched;
	__u64 ran;
};

#endif
