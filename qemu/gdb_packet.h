/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gdb_packet.h - packets of gdb's remote protocol, as QEMU's gdbstub speaks it
 */
#ifndef QEMU_GDB_PACKET_H
#define QEMU_GDB_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GDB_MAX_PACKET 8192 /* QEMU's own bound is 4096 bytes of data, which are 8192 in hex */

struct gdb_packet {
	char data[GDB_MAX_PACKET + 1]; /* NUL-terminated, without $ and checksum */
	size_t nr;
};

/*
 * Reads the next packet of the bytes; acknowledgements before it are taken along.  1: *packet;
 * 0: none is complete; -1: what came is none (a wrong checksum, or too long).  *used bytes are
 * taken in each case.
 */
int gdb_packet_read(const char *bytes, size_t nr, size_t *used, struct gdb_packet *packet);

/* `data` as a packet, into `size` bytes: its length, or 0 where there is no room. */
size_t gdb_packet_write(const char *data, char *bytes, size_t size);

/* Why the guest has stopped, as packets S and T say it. */
struct gdb_stop {
	bool valid;
	uint32_t signal;    /* 2: it was asked to, or somebody else paused it; 5: a trap */
	uint64_t thread;    /* from 1; 0: not said */
	bool watch;	    /* a data watchpoint ... */
	uint64_t watch_kva; /* ... at this address */
};

void gdb_stop_parse(const char *data, struct gdb_stop *stop);

#endif
