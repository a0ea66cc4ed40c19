/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guard.h - whatever becomes of scxray, the guest goes on
 *
 * A small process, forked while scxray has one thread yet.  It holds the sockets to QEMU as well,
 * and a page in which scxray notes what it does to the guest.  When scxray is gone without having
 * said that all is well, the guard takes the watchpoints away, ends our gdbstub, and lets go a guest
 * that we had stopped, or that is at our watchpoint.  A guest that its user had paused stays so.
 */
#ifndef QEMU_GUARD_H
#define QEMU_GUARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <scxray/error.h>

#define GUARD_MAX_WORDS 8 /* those before and after a change */

/* Noted before it is done, taken back when it is undone. */
struct guard_notes {
	_Atomic bool done;    /* nothing is left to be undone */
	_Atomic bool stopped; /* by us */
	_Atomic bool stub;    /* a gdbstub is opened by us, over the monitor */
	_Atomic bool guest;   /* of QEMU's own gdbstub we are a client */
	struct {
		_Atomic uint64_t kva; /* 0: none */
		_Atomic uint32_t size;
	} word[GUARD_MAX_WORDS];
};

struct guard {
	struct guard_notes *notes;
	pid_t pid;
	int line; /* to the guard: its end is what it waits for */
};

/* The monitor's socket, and whether it is one for people.  0, or -1 with *err. */
int guard_start(struct guard *guard, int monitor_fd, bool people, struct scxray_error *err);

/* The socket to a gdbstub, as soon as there is one. */
int guard_give_gdb(struct guard *guard, int fd, struct scxray_error *err);

/* All is well, or (not `done`) to be put in order: waits until the guard has ended. */
void guard_end(struct guard *guard, bool done);

/* Our names in QEMU. */
#define GUARD_CHARDEV "scxray-gdb"

#endif
