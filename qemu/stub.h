/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stub.h - a gdbstub of our own in a QEMU that has none, for its watchpoints
 *
 * It is opened over the monitor, at one end of a pair of sockets, and ended by it: nobody else can
 * connect, and what is left in QEMU is one idle chardev ("#chrNNN").  A gdbstub that QEMU's user
 * has made is left alone where a debugger is connected, and used while none is.
 */
#ifndef QEMU_STUB_H
#define QEMU_STUB_H

#include "qemu/gdb.h"
#include "qemu/guard.h"
#include "qemu/monitor.h"
#include "watch/machine.h"

struct stub {
	bool open;
	bool client; /* of the user's own stub */
	struct gdb gdb;
	struct guard *guard;
	struct watchpoint_words words; /* that are set */
	const char *unarmed;	       /* why there is none; NULL: nothing was refused */
};

/*
 * Opens it, for QEMU `pid`; the guest has stopped after that.  0, or -1 with *err and stub->unarmed: it
 * can't be had, and the guest is as it was.
 */
int stub_open(struct stub *stub, struct monitor *monitor, struct guard *guard, pid_t pid,
	      struct scxray_error *err);

/* With the guest standing: these words, and no others.  0, or -1 with *err: none is set. */
int stub_set_words(struct stub *stub, const struct watchpoint_words *words, uint64_t deadline_ns,
		   struct scxray_error *err);

/*
 * With the guest standing: no word, no stub.  `go`: the guest goes on.  True: all of that was
 * answered.
 */
bool stub_close(struct stub *stub, struct monitor *monitor, bool go);

/*
 * What the answer to "info chardev" says of the gdbstub: NULL: there is none, or none in use; else
 * the address of the user's, to connect to, into `address`; "" where that is in use.
 */
const char *stub_find_user(const char *chardevs, bool configured, char *address, size_t size);

#endif
