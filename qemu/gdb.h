/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gdb.h - a client of QEMU's gdbstub: stop, go on, write watchpoints
 *
 * While the guest runs the stub takes nothing but gdb_interrupt(); all else needs it to stand.
 * One thread.
 */
#ifndef QEMU_GDB_H
#define QEMU_GDB_H

#include "qemu/chan.h"
#include "qemu/gdb_packet.h"

struct gdb {
	struct chan chan;
	struct gdb_packet packet; /* the last one */
};

/* Takes over the socket; asks a new stub why the guest has stopped.  0, or -1 with *err;
 * deinit in either case. */
int gdb_init(struct gdb *gdb, int fd, uint64_t deadline_ns, struct scxray_error *err);
void gdb_deinit(struct gdb *gdb);

/* A write watchpoint, on or off.  0, or -1 with *err: it is refused. */
int gdb_watch(struct gdb *gdb, bool on, uint64_t kva, uint32_t size, uint64_t deadline_ns,
	      struct scxray_error *err);

/* The guest goes on; a stop is told by gdb_wait_stop(). */
int gdb_continue(struct gdb *gdb, uint64_t deadline_ns, struct scxray_error *err);

/* Asks the guest to stop: if it runs, a stop will be told. */
int gdb_interrupt(struct gdb *gdb, uint64_t deadline_ns, struct scxray_error *err);

/* 1: *stop; 0: not until the deadline (one that has passed: what is there); -1 with *err: closed. */
int gdb_wait_stop(struct gdb *gdb, uint64_t deadline_ns, struct gdb_stop *stop,
		  struct scxray_error *err);

/* All watchpoints go, the guest goes on, and the stub waits for nobody. */
int gdb_detach(struct gdb *gdb, uint64_t deadline_ns, struct scxray_error *err);

#endif
