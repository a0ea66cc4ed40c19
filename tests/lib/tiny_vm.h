/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tiny_vm.h - a VM of a few pages on /dev/kvm, as a host of the freeze coordinator
 *
 * Each vCPU runs one of the small programs below, on a thread of its own, in the loop that
 * plugin.h describes.  What the programs need works on software KVMs as well: plain integer
 * code.  Each counts in a page of guest memory, and checks what the host answers.
 */
#ifndef TESTS_TINY_VM_H
#define TESTS_TINY_VM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include <linux/kvm.h>

#include "vmm-plugin/freeze.h"

#define TINY_MAX_VCPUS 64

enum tiny_program {
	TINY_RING0,	 /* counts, in ring 0 */
	TINY_RING3,	 /* counts, in ring 3 */
	TINY_HLT,	 /* counts, then HLT; the host waits a little, and enters again */
	TINY_PORTS,	 /* OUT and IN; both sides check that none is lost or doubled */
	TINY_MMIO,	 /* the same by a write and a read of no memory */
	TINY_KERNEL_HLT, /* HLT inside KVM_RUN, woken by interrupts (in-kernel irqchip) */
	TINY_AP,	 /* never started by the guest (in-kernel irqchip) */
};

struct tiny_vm;

struct tiny_vcpu {
	struct tiny_vm *tiny;
	uint32_t index;
	enum tiny_program program;
	int fd;
	struct kvm_run *run;
	pthread_t thread;
	bool has_thread;
	_Atomic int tid;
	_Atomic bool announced; /* vm_vcpu_start() has returned: freezes count it */
	_Atomic bool ended;

	/* what the host saw */
	uint64_t next_out, next_in;
	_Atomic uint64_t io_errors;  /* an OUT that was not the next */
	_Atomic uint64_t unexpected; /* an exit that the program does not make */
	_Atomic uint64_t exits;
	_Atomic uint64_t consumed; /* SCXRAY_VCPU_CONSUMED */

	/* set by a test, acted on by the vCPU's thread */
	_Atomic bool stuck; /* stays in its exit handler */
	_Atomic bool is_stuck;
	_Atomic bool die;      /* its thread ends without a word */
	_Atomic bool leave;    /* vcpu_stop(), then ends */
	_Atomic bool fake_hit; /* the next exit is taken for a hit of the watchpoint */
	_Atomic bool compare;  /* when vcpu_exit() returns, KVM_GET_REGS must say `expected` */
	struct scxray_live_vcpu expected;
	_Atomic uint64_t compared, differed;
};

struct tiny_vm {
	int kvm, fd;
	uint8_t *ram;
	uint32_t nr_vcpus;
	struct tiny_vcpu vcpus[TINY_MAX_VCPUS];
	struct vm *_Atomic vm; /* the coordinator */
	bool irqchip;
	bool announce; /* vCPUs call vcpu_start(); else their tid is given */
	/* set between create and start */
	bool silent;	    /* neither vcpu_start() nor tids: a host that has forgotten both */
	bool naive;	    /* vCPUs look at exit_reason whatever KVM_RUN returned: most hosts */
	bool block_signals; /* vCPU threads block all signals but the host's own */
	int32_t pause_result;
	void (*log)(void *context, enum scxray_plugin_level level, const char *line);
	_Atomic bool stop;
	_Atomic bool go; /* threads may enter */
	pthread_t ticker;
	bool ticking;
	_Atomic int paused, resumed; /* calls of pause_devices(), resume_devices() */
};

/* Makes a VM of `nr` vCPUs with those programs; ends the test where that fails. */
struct tiny_vm *tiny_vm_create(uint32_t nr, const enum tiny_program *programs);

/* The host's description of it, for vm_create(); both arguments are filled. */
void tiny_vm_describe(struct tiny_vm *tiny, struct scxray_plugin_host *host,
		      struct scxray_plugin_vcpu *vcpus);

/*
 * Makes the coordinator and starts all vCPUs.  `announce`: by vcpu_start(); else they run
 * before the coordinator is made, and it is told their tids.  `kick_signal` as in plugin.h.
 */
void tiny_vm_start(struct tiny_vm *tiny, bool announce, int kick_signal);

/* Starts (again) the thread of one vCPU. */
void tiny_vm_start_vcpu(struct tiny_vm *tiny, uint32_t index);

/* Ends all threads and frees all. */
void tiny_vm_destroy(struct tiny_vm *tiny);

/* A signal of the host's own, as for anything else it wants of that thread. */
void tiny_vm_interrupt(struct tiny_vm *tiny, uint32_t index);

/* A signal to one vCPU's thread that makes it stand still (in the handler) until `on` is false. */
void tiny_vm_halt_thread(struct tiny_vm *tiny, uint32_t index, bool on);

uint64_t tiny_vm_counter(const struct tiny_vm *tiny, uint32_t index);
/* What the guest found wrong. */
uint64_t tiny_vm_guest_errors(const struct tiny_vm *tiny, uint32_t index);
/* What guest and host found wrong, of all vCPUs. */
uint64_t tiny_vm_errors(const struct tiny_vm *tiny);

/* Does this program's counter move while the guest runs? */
bool tiny_vm_moves(const struct tiny_vm *tiny, uint32_t index);

/* Waits (10 s) until each counter that moves has moved on from `from`.  False: one has not. */
bool tiny_vm_moved_on(const struct tiny_vm *tiny, const uint64_t *from);
void tiny_vm_counters(const struct tiny_vm *tiny, uint64_t *to);

#endif
