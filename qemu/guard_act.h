/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guard_act.h - what the guard does when scxray is gone
 */
#ifndef QEMU_GUARD_ACT_H
#define QEMU_GUARD_ACT_H

#include "qemu/guard.h"

/*
 * Puts the guest in order, within some seconds if QEMU answers, by the sockets of scxray as they
 * were left: with answers on the way, or half read.  gdb_fd may be -1.
 */
void guard_act(const struct guard_notes *notes, int monitor_fd, bool people, int gdb_fd);

#endif
