/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kick.h - makes a vCPU return from KVM_RUN
 */
#ifndef VMM_PLUGIN_KICK_H
#define VMM_PLUGIN_KICK_H

#include <stdint.h>

struct vm;
struct vcpu;

/*
 * Takes a real-time signal whose action is still the default, from SIGRTMAX down (hosts that take
 * some themselves begin at SIGRTMIN), and gives it a handler that counts.  Returns its number, or
 * -1: none is free.
 */
int kick_signal_take(void);
/* Gives it back, unless someone else has taken it since. */
void kick_signal_release(int sig);

/*
 * Asks the vCPU for `want`, and makes KVM_RUN return.  Any thread.  0, or -ESRCH where its
 * thread is gone; no thread at all is no error.
 */
int kick_vcpu(struct vm *vm, struct vcpu *vcpu, uint32_t want);

/*
 * Says in the log that a signal of ours has become someone else's, where kick_vcpu() has found that.
 * Not under a freeze.
 */
void kick_say_lost(struct vm *vm);

/* On the vCPU's thread: the kick has arrived, KVM_RUN may go on. */
void kick_clear(struct vcpu *vcpu);
/* On the vCPU's thread: KVM_RUN shall return once more, at once. */
void kick_self(struct vcpu *vcpu);

#endif
