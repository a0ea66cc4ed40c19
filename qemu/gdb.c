/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * gdb.c - a client of QEMU's gdbstub: stop, go on, write watchpoints
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "qemu/gdb.h"

#define MAX_PACKETS 1000 /* that come while one waits for an answer */

/* The next packet into gdb->packet.  1, 0 at the deadline, -1 with *err. */
static int next_packet(struct gdb *gdb, uint64_t deadline_ns, struct scxray_error *err)
{
	size_t used;
	int got;

	for (int i = 0; i < MAX_PACKETS; i++) {
		got = gdb_packet_read(gdb->chan.buf, gdb->chan.nr, &used, &gdb->packet);
		chan_take(&gdb->chan, used);
		if (got < 0)
			return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
					   "the gdbstub sent what is no packet");
		if (got)
			return chan_send(&gdb->chan, "+", 1, -1, deadline_ns, err) ? -1 : 1;
		switch (chan_wait(&gdb->chan, deadline_ns)) {
		case CHAN_BYTES:
			break;
		case CHAN_LATE:
			return 0;
		default:
			return scxray_fail(err, SCXRAY_ERR_IO, 0, "QEMU has closed its gdbstub");
		}
	}
	return scxray_fail(err, SCXRAY_ERR_FORMAT, 0, "the gdbstub sends without end");
}

static int post(struct gdb *gdb, const char *data, uint64_t deadline_ns, struct scxray_error *err)
{
	char bytes[128];
	size_t nr = gdb_packet_write(data, bytes, sizeof(bytes));

	return chan_send(&gdb->chan, bytes, nr, -1, deadline_ns, err);
}

/* A command and its answer, into gdb->packet; a stop that comes before it is an old one. */
static int ask(struct gdb *gdb, const char *data, uint64_t deadline_ns, struct scxray_error *err)
{
	int got;

	if (post(gdb, data, deadline_ns, err))
		return -1;
	do {
		struct gdb_stop stop;

		got = next_packet(gdb, deadline_ns, err);
		if (got < 0)
			return -1;
		if (!got)
			return scxray_fail(err, SCXRAY_ERR_IO, 0,
					   "QEMU's gdbstub does not answer %s", data);
		gdb_stop_parse(gdb->packet.data, &stop);
		if (stop.valid && data[0] != '?')
			got = 0;
	} while (!got);
	return 0;
}

static int ask_ok(struct gdb *gdb, const char *data, uint64_t deadline_ns, struct scxray_error *err)
{
	if (ask(gdb, data, deadline_ns, err))
		return -1;
	if (strcmp(gdb->packet.data, "OK") != 0)
		return scxray_fail(err, SCXRAY_ERR_INVALID, 0, "QEMU's gdbstub refuses %s: %.40s",
				   data, *gdb->packet.data ? gdb->packet.data : "unknown to it");
	return 0;
}

int gdb_init(struct gdb *gdb, int fd, uint64_t deadline_ns, struct scxray_error *err)
{
	*gdb = (struct gdb){ .chan.fd = -1 };
	if (chan_init(&gdb->chan, fd, 2 * GDB_MAX_PACKET + 4, err))
		return -1;
	/* it removes what watchpoints an earlier client has left, too */
	if (ask(gdb, "?", deadline_ns, err))
		return -1;
	return 0;
}

void gdb_deinit(struct gdb *gdb)
{
	chan_deinit(&gdb->chan);
}

int gdb_watch(struct gdb *gdb, bool on, uint64_t kva, uint32_t size, uint64_t deadline_ns,
	      struct scxray_error *err)
{
	char data[64];

	snprintf(data, sizeof(data), "%c2,%" PRIx64 ",%x", on ? 'Z' : 'z', kva, size);
	return ask_ok(gdb, data, deadline_ns, err);
}

int gdb_continue(struct gdb *gdb, uint64_t deadline_ns, struct scxray_error *err)
{
	return post(gdb, "c", deadline_ns, err);
}

int gdb_interrupt(struct gdb *gdb, uint64_t deadline_ns, struct scxray_error *err)
{
	return chan_send(&gdb->chan, "\x03", 1, -1, deadline_ns, err);
}

int gdb_wait_stop(struct gdb *gdb, uint64_t deadline_ns, struct gdb_stop *stop,
		  struct scxray_error *err)
{
	int got;

	do {
		got = next_packet(gdb, deadline_ns, err);
		if (got <= 0)
			return got;
		gdb_stop_parse(gdb->packet.data, stop);
	} while (!stop->valid);
	return 1;
}

int gdb_detach(struct gdb *gdb, uint64_t deadline_ns, struct scxray_error *err)
{
	/* a stub that another client had agreed on processes with takes the number only */
	if (!ask_ok(gdb, "D", deadline_ns, err))
		return 0;
	return ask_ok(gdb, "D;1", deadline_ns, err);
}
