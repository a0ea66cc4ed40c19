/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tiny_vcpu.h - a thread of a tiny VM, for tiny_vm.c
 */
#ifndef TESTS_TINY_VCPU_H
#define TESTS_TINY_VCPU_H

#include "tests/lib/tiny_vm.h"

/* While it is set, a thread that has the signal of tiny_vcpu_on_halt() stays in that handler. */
extern _Atomic bool tiny_vcpu_halted;

void tiny_vcpu_on_halt(int sig);
void tiny_vcpu_on_usr1(int sig); /* nothing: KVM_RUN returns */

/* The thread of a struct tiny_vcpu. */
void *tiny_vcpu_main(void *arg);

#endif
