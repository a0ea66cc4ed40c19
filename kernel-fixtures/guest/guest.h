/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's /init: brings a crew of tasks to life, loads the fixture scheduler, lets it fail, and
 * tells the host what this kernel says of itself at each step. Every function here ends the guest
 * by die() where it cannot do its job; the host sees the reason.
 */
#ifndef SCXFIX_GUEST_H
#define SCXFIX_GUEST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "shared.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define NSEC_PER_SEC 1000000000ULL
#define NSEC_PER_MSEC 1000000ULL

/* How a scheduler ends that the watchdog does not end. */
enum ending {
	ENDS_BY_WATCHDOG,
	ENDS_BY_CALL, /* the scheduler makes it when state.error_at_ns has come */
	ENDS_BY_ACT,  /* init does something, acts.c */
};

/* modes.c: what each mode asks of the guest around its scheduler */
struct mode {
	const char *name;
	bool dsqs;     /* does not work where the scheduler can't create any */
	bool bound;    /* victims may use the last CPU only */
	bool hog;      /* which is kept by tasks that wait for crew_release_hog() */
	bool no_nets;  /* the kernel's nets for starving tasks are taken down */
	bool partial;  /* SCX_OPS_SWITCH_PARTIAL: all of the crew but the hogs asks for SCHED_EXT */
	bool recruits; /* kernel threads are the victims; the crew's go on */
	bool sudden;   /* nobody waits before the end */
	enum ending ends;
	const char *stop_at; /* where the last image is taken, if not in scx_dump_state() */
	/* sixteenths of the timeout */
	unsigned int begin; /* when the failure begins, after the scheduler was loaded */
	unsigned int half;  /* when the first image is taken, after the failure began; 0: 9 */
};

const struct mode *mode_of(enum scxfix_mode mode);
bool mode_find(const char *name, enum scxfix_mode *mode);

struct options {
	enum scxfix_mode mode;
	unsigned int timeout_ms;
	bool all_symbols;
	unsigned int big_hash; /* MODE_MAPS: entries of one more hash */
	unsigned int delay_s;  /* before the scheduler is loaded */
	unsigned int rounds;   /* how often it is loaded and fails */
	bool clock;	       /* clock_watch() */
	const char *program;   /* MODE_OTHER: the program and its arguments, between commas */
	bool fails;	       /* MODE_OTHER: it is made to fail */
	bool alone;	       /* options_alone() */
};

/* options.c: the words scxfix.* of the kernel's command line; README.md has the list */
void options_read(struct options *options);
/*
 * scxfix.alone: nobody takes images and answers. The line is the second UART, the guest goes on
 * without waiting, and turns itself off at the end.
 */
bool options_alone(void);
/* MODE_OTHER: it is this program, whatever its arguments are. */
bool options_program_is(const struct options *options, const char *program);

/*
 * link.c: the line to the host. Marks are lines of text, `files` are blocks of text with a name,
 * which the host writes beside the images. The host answers with single words.
 */
void link_open(bool alone);
void link_drop(void); /* marks of this process go to the console alone */
void mark(const char *format, ...) __attribute__((format(printf, 1, 2)));
void power_off(void) __attribute__((noreturn));
void await_host(const char *word);
FILE *file_begin(void);
void file_send(FILE *file, const char *name);
void die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* clock.c */
uint64_t now_ns(void);
void sleep_until_ns(uint64_t when);

/* wait.c: above the clock and the line, both of which it uses */
/* Polls until ready(arg); dies with `what` after limit_ms. */
void wait_for(bool (*ready)(const void *arg), const void *arg, unsigned int limit_ms,
	      const char *what);
/*
 * Starts a process that writes the marks "clock NS jiffies N gap_us N", four a second: CLOCK_MONOTONIC,
 * jiffies, and the longest time between two looks at the clock, of which there is one every 5 ms.
 */
void clock_watch(void);

/* text.c: small files of proc and sysfs */
ssize_t text_read(const char *path, char *buffer, size_t size);
bool text_write(const char *path, const char *text);
void text_copy(FILE *out, const char *path);

/* machine.c: file systems, limits, the knobs that would get in the failure's way */
void machine_set_up(const struct options *options);
unsigned int machine_cpus(void);

/* symbols.c: what /proc/kallsyms says of the symbols that a reader of the image looks for */
struct stops {
	uint64_t dump_state; /* 0 in a kernel without it */
	uint64_t last;	     /* the mode's stop_at; the same where it has none */
};

struct stops symbols_send(const struct options *options);

/* crew.c: the tasks that the scheduler works on */
struct crew_member {
	pid_t pid;
	enum scxfix_role role;
	unsigned int index;
	char comm[16];
};

void crew_start(const struct options *options);
const struct crew_member *crew_members(size_t *count);
unsigned int crew_victims(void);
/*
 * The hogs, where a mode has any: off the leash, and gone. The second does nothing where there are
 * none.
 */
void crew_release_hog(void);
void crew_end_hog(void);

/* cgroups.c: the crew's, of the modes that have any */
#define CGROUPS "/sys/fs/cgroup"

void cgroups_make(const struct options *options);
uint64_t cgroups_id(const char *cgroup);

/*
 * scheduler.c: the BPF side. MODE_SUB has a tree of schedulers; except for the first three
 * calls and scheduler_detach(), they are about the one that fails.
 */
void scheduler_attach(const struct options *options);
unsigned int scheduler_count(void);
void scheduler_describe(FILE *out);
void scheduler_set_failing(bool on);
void scheduler_detach(void);
void scheduler_set_error_at(uint64_t when);
void scheduler_forget(pid_t pid); /* takes a task's context away */
bool scheduler_leaving(const void *unused);
bool scheduler_exited(const void *unused);
const volatile struct scxfix_state *scheduler_state(void);
const volatile struct scxfix_exit *scheduler_exit_record(void);
bool scheduler_wait_of(unsigned int victim, struct scxfix_wait *wait);
bool scheduler_first_wait(struct scxfix_wait *first);
unsigned int scheduler_pid_of(const struct scxfix_wait *wait);

/*
 * tracing.c: the kernel's own dump by SysRq-D, which leaves by a tracepoint. Start it before
 * anything fails, and send it when all is over: both ends wait for work on every CPU, and a hog
 * would let them wait. A part ends where tracing_part() is called; the first is number 0.
 */
void tracing_start(void);
void tracing_stop(void);
void tracing_part(void);
void tracing_send(const char *name, unsigned int part);

/* agent.c: MODE_USERSTOP's process, which says when victims may run; stopped by SIGSTOP, and gone */
void agent_start(int asks, int answers);
void agent_stop(void);
void agent_end(void);

/* acts.c: what init does in modes that end by an act */
void act(const struct options *options);

/* system.c: what proc, sysfs and bpf() say of the system; and what MODE_DLHOG adds to it */
void system_send(const struct options *options);
void system_enrich(void);

/* other.c: MODE_OTHER, and other_list.c: every map of the guest, into listing.txt */
void other_course(const struct options *options);
void other_list(FILE *out);

/* locks.c: a task that holds a lock for good, and one that waits for it */
bool locks_can(void);
void locks_hold(void);
void locks_wait(void);

/* oracle.c: what the kernel says of itself */
void oracle_send_guest(const struct options *options);
void oracle_send_moment(const struct options *options, const char *moment, bool scheduler);
void oracle_send_exit(void);

#endif
