/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vcpu.h - a vCPU and its thread
 */
#ifndef VMM_VCPU_H
#define VMM_VCPU_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <scxray/error.h>

/* APIC ids are one byte in the MADT and the SRAT, and 255 is all of them. */
#define MAX_VCPUS 254

struct kvm_run;
struct machine;

struct vcpu {
	struct machine *machine;
	unsigned index;
	int fd;
	struct kvm_run *run;
	pthread_t thread;
	bool started;	   /* the thread is there: the main thread's */
	atomic_int tid;	   /* gettid() of its thread; 0 before and after */
	atomic_bool ended; /* its thread calls KVM_RUN no more */
};

/*
 * Creates vCPUs 0 to count - 1; their APIC ids follow from topology.c.  vCPU 0 is runnable,
 * at its reset vector, the others wait for a start-up IPI.
 */
int vcpus_create(struct machine *machine, unsigned count, struct scxray_error *err);

/* Sets one model-specific register: 0, or -1 where KVM refuses it. */
int vcpu_set_msr(const struct vcpu *vcpu, uint32_t index, uint64_t value);

/* Starts their threads. */
int vcpus_start(struct machine *machine, struct scxray_error *err);

/* Ends and joins their threads. */
void vcpus_stop(struct machine *machine);

/* The signal that makes KVM_RUN return; it has a handler that does nothing. */
static inline int vcpu_kick_signal(void)
{
	return SIGRTMIN;
}

#endif
