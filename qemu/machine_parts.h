/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine_parts.h - the parts of a QEMU machine, between its files
 */
#ifndef QEMU_MACHINE_PARTS_H
#define QEMU_MACHINE_PARTS_H

#include <stdatomic.h>

#include "qemu/guard.h"
#include "qemu/machine.h"
#include "qemu/monitor.h"
#include "qemu/ram.h"
#include "qemu/regs.h"
#include "qemu/stub.h"

#define MAX_VCPUS 4096

/* Whether the guest runs, as far as is known. */
enum stand {
	STAND_RUNS,
	STAND_HIT,    /* at our watchpoint: it goes on after the next freeze */
	STAND_OURS,   /* we stopped it */
	STAND_OTHERS, /* its user paused it: it stays so */
	STAND_OVER,   /* it will never run again */
};

struct qemu_machine {
	struct watch_machine base; /* its fd is an epoll of all sockets */
	const struct log *log;
	struct monitor monitor;
	struct guard guard;
	struct stub stub;
	struct ram ram;
	struct regs regs;
	pid_t pid;
	bool kvm;
	int stop_fd; /* eventfd: abort() was called */
	int end_fd;  /* pidfd of QEMU, or -1 */
	int32_t *tids;
	char text[160];

	/* the watcher's thread's alone */
	enum stand stand;
	uint32_t seen; /* stops and resumes of the monitor that `stand` knows of */
	bool hit;      /* since the words were set */
	uint32_t hit_vcpu;
	_Atomic bool gone; /* the monitor is closed */
	uint64_t begin_ns; /* of the freeze */
	char failure[256];
};

extern const struct watch_machine_ops qemu_machine_ops;

/* Asks QEMU whether the guest runs.  0, or -1 with *err. */
int machine_ask_state(struct qemu_machine *qemu, struct scxray_error *err);

/* Takes what came on the sockets, without waiting. */
void machine_events(struct qemu_machine *qemu);

/*
 * Stops the guest if it runs; then qemu->stand says why it has stopped.  0, or -1 with *err: it runs, or
 * nothing is known.
 */
int machine_stop(struct qemu_machine *qemu, uint64_t deadline_ns, struct scxray_error *err);

/* Lets it go on, unless its user had paused it.  False: QEMU does not say that it runs. */
bool machine_go(struct qemu_machine *qemu);

/* No watchpoint, no stub, no vCPU that we stopped.  True: QEMU has confirmed all of it. */
bool machine_leave(struct qemu_machine *qemu);

#endif
