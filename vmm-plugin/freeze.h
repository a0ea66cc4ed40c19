/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * freeze.h - all vCPUs are parked, or it is known which are not
 *
 *	freeze_begin(vm, deadline_ms, &result)	flag, immediate_exit, signal; wait for all
 *	... read memory ...
 *	freeze_end(vm, &result)			clocks back, all go on
 *
 * Each vCPU parks on its own thread inside vcpu_exit(), and reads its registers there.
 * freeze_begin() and freeze_end() are called by one thread (the watcher); no lock is held
 * between them.  A vCPU that is late parks when it arrives, or runs on if the freeze is over.
 */
#ifndef VMM_PLUGIN_FREEZE_H
#define VMM_PLUGIN_FREEZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <scxray/plugin.h>

#include "watch/machine.h"

struct vm; /* the vCPUs and what is needed to stop them; opaque */

/*
 * Copies what it needs of the host's description.  NULL and *err when out of memory, or where it
 * makes no sense.
 */
struct vm *vm_create(const struct scxray_plugin_host *host, struct scxray_error *err);
void vm_destroy(struct vm *vm);

size_t vm_nr_vcpus(const struct vm *vm);

/* The same VM, for the watcher; lives as long as it. */
struct watch_machine *vm_machine(struct vm *vm);

/* The three calls of plugin.h, on vCPU threads. */
void vm_vcpu_start(struct vm *vm, uint32_t index);
int vm_vcpu_exit(struct vm *vm, uint32_t index, int result);
void vm_vcpu_stop(struct vm *vm, uint32_t index);

/*
 * Stops all vCPUs within `deadline_ms`.  result->complete says whether; the vCPUs that have
 * parked stay so until freeze_end() in either case.
 */
void freeze_begin(struct vm *vm, uint32_t deadline_ms, struct freeze_result *result);

/* Registers of all vCPUs as they parked: valid from freeze_begin() to freeze_end(). */
const struct scxray_live_vcpu *freeze_vcpus(const struct vm *vm);

void freeze_end(struct vm *vm, struct freeze_result *result);

/*
 * Ends a wait of freeze_begin() or vm_sample_regs() early, and all later ones at once: the VM
 * ends.  Those that hold at the watchpoint go on.  Any thread.
 */
void vm_abort(struct vm *vm);

/*
 * Registers while the guest runs, for finding its kernel: kicks each vCPU, which leaves a copy
 * and goes on at once.  Waits at most `deadline_ms`; parked is unset where none came.
 */
void vm_sample_regs(struct vm *vm, struct scxray_live_vcpu *vcpus, uint32_t deadline_ms);

/* ---- the watchpoint --------------------------------------------------------- */

enum watchpoint_state {
	WATCHPOINT_OFF,		/* not asked for */
	WATCHPOINT_ARMED,	/* on every vCPU, or on its way to it */
	WATCHPOINT_UNSUPPORTED, /* KVM refuses KVM_SET_GUEST_DEBUG */
	WATCHPOINT_GUEST_USES,	/* the guest uses its debug registers: they are its own */
};

/*
 * Stops the vCPU that writes to one of the words (copied); NULL, or none, takes the
 * watchpoint away.  Each vCPU sets its own registers when it next returns from KVM_RUN; they are
 * kicked for that.  A vCPU that hits it parks inside vcpu_exit() until the next freeze has ended
 * (or until the watchpoint is taken away or set anew, or 10 s have passed), so that nothing moves
 * on.  It stays armed: a later write hits again.  Any thread except a vCPU's.
 */
void watchpoint_set(struct vm *vm, const struct watchpoint_words *words);
enum watchpoint_state watchpoint_state(struct vm *vm);

/*
 * After watchpoint_set(vm, NULL), before vm_destroy(): waits until no vCPU that runs has it in its
 * debug registers any more (abort or not), or else its hits would exit to a host that does not
 * know of them.  False: one did not come within `deadline_ms`.
 */
bool watchpoint_gone(struct vm *vm, uint32_t deadline_ms);

/* Has a vCPU hit it since it was set, and which? */
bool watchpoint_hit(struct vm *vm, uint32_t *vcpu);

#endif
