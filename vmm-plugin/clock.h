/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * clock.h - the guest's clocks stand still while it is frozen
 *
 * For those that check this on a true KVM (the software KVM has a TSC that does not move):
 *   - In the guest, a task notes CLOCK_MONOTONIC (and jiffies) in a loop.  Freeze for 2 s.  The
 *     greatest step must be below 50 ms, result.clock "TSC and kvmclock set back", and
 *     result.guest_clock_us less than 50000 and near the step that the guest saw.
 *   - The same with clocksource=kvm-clock and with clocksource=tsc on the command line, and with
 *     notsc or a KVM older than 5.16 (no KVM_VCPU_TSC_CTRL): result.clock says what held.
 *   - Pin a task to each CPU, let them pass rdtsc() values around: no CPU may ever see less than
 *     what another had seen before, across a hundred freezes.
 *   - /sys/kernel/debug/kvm or the trace event kvm_track_tsc: the master clock is still in use
 *     afterwards (KVM_GET_CLOCK's flags have KVM_CLOCK_TSC_STABLE as before the freeze).
 *   - The guest's log: no "clocksource: ... unstable", no "soft lockup", no "rcu stall".
 *   - An early freeze of 2 s at half the watchdog's timeout moves the error exit by 2 s of the
 *     host's time, and by nothing in the guest's.
 */
#ifndef VMM_PLUGIN_CLOCK_H
#define VMM_PLUGIN_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct vm;
struct vcpu;
struct freeze_result;

/* On the vCPU's thread, first thing when it parks. */
void clock_park(struct vm *vm, struct vcpu *vcpu);

/*
 * The watcher, when all vCPUs that run are parked, before the first goes on: sets the clocks back
 * and fills result->clock and guest_clock_us.
 */
void clock_thaw(struct vm *vm, struct freeze_result *result);

/* On the vCPU's thread, just before it goes on: tells a kvmclock guest that it was stopped. */
void clock_go_on(struct vcpu *vcpu);

/*
 * On the vCPU's thread, before its first KVM_RUN, while there is no freeze: sets its TSC back by
 * what freezes did while it did not run.  (Until then KVM counts it as not in step, and does
 * without its master clock.  For the watcher to do this could wait for ever, if the host lied
 * about which task runs.)
 */
void clock_catch_up(struct vm *vm, struct vcpu *vcpu);

#endif
