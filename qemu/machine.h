/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * machine.h - a guest that a QEMU runs, as watch/ needs it
 *
 *	machine = qemu_machine_create(&target, &log, &err);	connects, finds RAM, forks the guard
 *	watcher_create(..., qemu_machine_base(machine), ...)
 *	... until qemu_machine_ended(machine), or the user has enough ...
 *	watcher_finish(), watcher_destroy(), qemu_machine_destroy(machine)
 */
#ifndef QEMU_MACHINE_H
#define QEMU_MACHINE_H

#include <scxray/live.h>

#include "qemu/find.h"
#include "watch/log.h"
#include "watch/machine.h"

struct qemu_machine;

/*
 * Forks: the process has one thread yet.  `log` is borrowed.  NULL and *err, one line with what to
 * do: no such QEMU, no access, no monitor; within 3 s.
 */
struct qemu_machine *qemu_machine_create(const struct target *target, const struct log *log,
					 struct scxray_error *err);

/* Takes away all that was done to QEMU, after the watcher has ended. */
void qemu_machine_destroy(struct qemu_machine *qemu);

struct watch_machine *qemu_machine_base(struct qemu_machine *qemu);

/* Guest RAM as a live guest of it; to be destroyed before the machine.  NULL and *err. */
struct scxray_live *qemu_machine_live(struct qemu_machine *qemu,
				      const struct scxray_settings *settings,
				      struct scxray_error *err);

/* A descriptor that can be read when QEMU's process has ended (-1: none); borrowed. */
int qemu_machine_end_fd(const struct qemu_machine *qemu);

/* Has QEMU closed its monitor?  Any thread. */
bool qemu_machine_gone(const struct qemu_machine *qemu);

/* The thread of each vCPU, up to `max`: how many. */
size_t qemu_machine_threads(const struct qemu_machine *qemu, int32_t *tids, size_t max);

/* Why QEMU's threads have no counters of the guest; NULL: they have. */
const char *qemu_machine_no_perf(const struct qemu_machine *qemu);

/* One line for people: which QEMU, how much RAM, how it is read. */
const char *qemu_machine_text(const struct qemu_machine *qemu);

#endif
