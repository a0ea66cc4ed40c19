/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ram.h - the guest's RAM in QEMU's process: where it lies, and its bytes
 *
 * Nothing of it is mapped: RAM that is a shared file (memfd) is read by pread(), which fails where
 * the file ends and allocates no holes; all else by process_vm_readv().  Both copy what memory
 * holds at that moment, page by page.
 */
#ifndef QEMU_RAM_H
#define QEMU_RAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "qemu/monitor.h"

struct ram_piece {
	uint64_t gpa; /* page aligned, as is size */
	uint64_t size;
	uint64_t hva; /* in QEMU */
	int fd;	      /* of the file; -1: by process_vm_readv() */
	uint64_t offset;
};

struct ram {
	pid_t pid;
	struct ram_piece *pieces; /* ascending, not overlapping */
	size_t nr;
	bool shared; /* all pieces are files */
};

/* Asks the monitor.  0, or -1 with *err (which says what to do where access is denied); deinit in
 * either case. */
int ram_init(struct ram *ram, struct monitor *monitor, pid_t pid, struct scxray_error *err);
void ram_deinit(struct ram *ram);

/*
 * `len` bytes at `gpa`, which may cross pieces that adjoin.  False: not all of it is RAM, or QEMU
 * is gone.  No malloc, no lock; any thread.
 */
bool ram_read(const struct ram *ram, uint64_t gpa, void *buf, size_t len);

/* Bytes in all. */
uint64_t ram_size(const struct ram *ram);

#endif
