/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * watchpoint.h - the data watchpoint, on a vCPU's thread
 *
 * What the watcher calls is in freeze.h.
 */
#ifndef VMM_PLUGIN_WATCHPOINT_H
#define VMM_PLUGIN_WATCHPOINT_H

#include <stdbool.h>
#include <stdint.h>

struct vm;
struct vcpu;

/* Arms or takes away, as vm->watchpoint says now; lets the vCPUs go that wait at a former one. */
void watchpoint_update(struct vm *vm, struct vcpu *vcpu);

/* Has the guest begun to use its debug registers itself?  Then they are given back. */
void watchpoint_check(struct vm *vm, struct vcpu *vcpu);

/* KVM_EXIT_DEBUG while armed.  Returns enum scxray_plugin_vcpu_action; sets vcpu->hold. */
int watchpoint_exit(struct vm *vm, struct vcpu *vcpu);

/* A vCPU that holds: sleeps until it is asked for something, or lets itself go. */
void watchpoint_hold(struct vm *vm, struct vcpu *vcpu);

/* The vCPU runs no more: its debug registers are as the host left them. */
void watchpoint_stop(struct vm *vm, struct vcpu *vcpu);

#endif
