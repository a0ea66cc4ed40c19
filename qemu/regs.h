/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * regs.h - registers of all vCPUs: the notes of a dump of one page
 *
 * QEMU writes the dump into a memory file of ours.  A guest that runs is stopped by QEMU for that,
 * a millisecond or two, and goes on; one that has stopped stays so.
 */
#ifndef QEMU_REGS_H
#define QEMU_REGS_H

#include <scxray/live.h>

#include "qemu/monitor.h"

struct regs {
	int fd;	    /* the memory file that QEMU writes; -1: none */
	int copy;   /* what is read: QEMU can't change it meanwhile */
	bool given; /* QEMU has the first under our name */
	/*
	 * No dump, but the text of "info registers -a": of a QEMU of libvirt's, whose daemon (9.0) ends with SIGSEGV
	 * at the event that a dump which it did not ask for is complete.
	 */
	bool text;
};

int regs_init(struct regs *regs, struct scxray_error *err);
void regs_deinit(struct regs *regs);

/* Before a freeze: gives QEMU the file for the next dump. */
int regs_prepare(struct regs *regs, struct monitor *monitor, struct scxray_error *err);

/* Fills vcpus[0..nr-1]; parked is false where the dump has no registers.  0, or -1 with *err. */
int regs_read(struct regs *regs, struct monitor *monitor, uint64_t deadline_ns,
	      struct scxray_live_vcpu *vcpus, size_t nr, struct scxray_error *err);

#endif
