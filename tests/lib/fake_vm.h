/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_vm.h - vmm-plugin/freeze.h without KVM, for tests of what is above it
 *
 * The Makefile says which test programs have it in place of the freeze coordinator: its vCPUs are
 * registers and nothing else, and the test says which of them park.  One VM at a time.
 */
#ifndef TESTS_FAKE_VM_H
#define TESTS_FAKE_VM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "vmm-plugin/freeze.h"

#define FAKE_VM_MAX_VCPUS 16

struct fake_vm {
	/* Held while a freeze is on: a thread that holds it may change the guest as a whole. */
	pthread_mutex_t ram;

	/* what the test sets, under `ram` */
	struct scxray_live_vcpu vcpus[FAKE_VM_MAX_VCPUS];
	uint32_t nr_silent; /* so many of the last vCPUs do not park */
	bool endless;	    /* and it takes until vm_abort() to find that out */
	bool no_regs;	    /* no registers while the guest runs */

	/* what the test reads */
	atomic_uint nr_freezes;
	atomic_bool frozen;
	atomic_uint nr_vcpus;
	atomic_ullong watch_kva; /* of the watchpoint */
	atomic_uint nr_watch_sets;
};

extern struct fake_vm fake_vm;

/* Everything as if no test had run. */
void fake_vm_reset(void);

/* vCPU `index` hits the watchpoint: it stops there until fake_vm_held() says that it is held no more. */
void fake_vm_hit(uint32_t index);
bool fake_vm_held(void);

#endif
