/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chan.h - one socket to QEMU: bytes out and in, each with a time limit
 *
 * What comes in is kept until the reader of its protocol takes it, up to a bound.  No call waits
 * beyond its deadline, a time of now_ns().  One thread.
 */
#ifndef QEMU_CHAN_H
#define QEMU_CHAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <scxray/error.h>

struct chan {
	int fd;	   /* owned; -1: closed */
	char *buf; /* bytes [0, nr) have come and are not taken */
	size_t nr;
	size_t size;
	bool ended;  /* the other side has closed it */
	int stop_fd; /* when it can be read no call waits any more; borrowed; -1: none */
};

enum chan_got {
	CHAN_BYTES, /* at least one more */
	CHAN_LATE,  /* none until the deadline */
	CHAN_ENDED, /* none, and there will be none */
	CHAN_FULL,  /* `size` bytes are there that no reader takes */
};

/* Takes over `fd`, in success and failure; keeps at most `size` bytes.  0, or -1: out of memory. */
int chan_init(struct chan *chan, int fd, size_t size, struct scxray_error *err);
void chan_deinit(struct chan *chan);

/* Waits for more bytes; with a deadline that has passed it takes what is there. */
enum chan_got chan_wait(struct chan *chan, uint64_t deadline_ns);

/* The first `nr` bytes have been read. */
void chan_take(struct chan *chan, size_t nr);

/*
 * Sends all; with `fd` other than -1 passes that descriptor (SCM_RIGHTS) with the first byte.
 * 0, or -1 with *err: closed, or not taken until the deadline.
 */
int chan_send(struct chan *chan, const void *bytes, size_t nr, int fd, uint64_t deadline_ns,
	      struct scxray_error *err);

#endif
