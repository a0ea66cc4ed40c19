/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm.h - struct vm, as the parts of the freeze coordinator see it
 *
 *	freeze.c	the watcher's side: begin, end, sample
 *	vcpu.c		a vCPU thread's side: start, exit, park, stop
 *	kick.c		how a vCPU is made to return from KVM_RUN
 *	clock.c		how the guest's clocks are held back
 *	watchpoint.c	the data watchpoint
 *	regs.c		registers by KVM's ioctls
 *	machine.c	watch/machine.h by these
 *
 * How the two sides agree.  One word, vm->freeze, holds the number of the last freeze and its
 * phase.  The watcher alone moves it, and each vCPU that parks stores
 * the word that it parked under into its own vcpu->park: so an answer to freeze N is never
 * taken for one to N+1.  Whatever is passed on is written before the word that announces it.
 * All atomics are sequentially consistent: "I announce, then look" on both sides needs that.
 */
#ifndef VMM_PLUGIN_VM_H
#define VMM_PLUGIN_VM_H

#include <pthread.h>
#include <stdatomic.h>

#include "vmm-plugin/freeze.h"
#include "watch/log.h"

struct kvm_run;

/* vm->freeze: the number of the freeze above, its phase in the lowest bit */
enum freeze_phase {
	FREEZE_NONE, /* the guest runs */
	FREEZE_PARK, /* park, and stay */
};
#define FREEZE_PHASE(word) ((enum freeze_phase)((word)&1))
#define FREEZE_NUMBER(word) ((word) >> 1)
#define FREEZE_WORD(number, phase) ((number) << 1 | (uint32_t)(phase))

/* vcpu->want: what a vCPU is asked for, when it next returns from KVM_RUN */
#define WANT_PARK (1u << 0)
#define WANT_SAMPLE (1u << 1)
#define WANT_WATCH (1u << 2) /* the watchpoint has changed */
#define WANT_ADOPT (1u << 3) /* no thread is known yet: the one that calls is it */

enum vcpu_thread {
	THREAD_NONE, /* not started: nobody calls KVM_RUN */
	THREAD_RUNS,
	THREAD_STOPPED, /* vcpu_stop(): nobody calls it any more */
};

/* What a vCPU's clocks showed when it parked; in this order. */
struct clock_mark {
	uint64_t ns; /* the host's CLOCK_MONOTONIC, taken first */
	uint64_t tsc;
	uint64_t kvmclock;
	bool have_tsc;
	bool have_kvmclock;
};

struct vcpu {
	/* any thread */
	_Atomic uint32_t want;
	_Atomic bool kicked; /* immediate_exit is of our setting */
	_Atomic int tid;
	_Atomic uint32_t thread; /* enum vcpu_thread */

	/* the vCPU's own thread writes; others read what `park`, `sampled` announce */
	_Atomic uint32_t park;	  /* the word it parked under */
	_Atomic uint32_t seen_in; /* the word under which it was first seen, unannounced */
	_Atomic bool armed;	  /* the watchpoint is in its debug registers */
	_Atomic uint32_t sampled; /* the sample that it has answered */
	struct scxray_live_vcpu park_regs;
	struct scxray_live_vcpu sample_regs;
	struct clock_mark mark;

	/* as it stopped; the lock is taken for a copy, and by no vCPU that runs */
	pthread_mutex_t stop_lock;
	struct scxray_live_vcpu stop_regs;

	/* the watcher while it is parked, its own thread when it starts */
	uint64_t tsc_delta; /* ticks that its TSC was set back in all */

	/* its own thread alone */
	int unblocked; /* the signal of ours that is; 0: none */
	struct watchpoint_words armed_words;
	uint64_t armed_dr7;
	uint32_t armed_seq; /* vm->watchpoint.seq that this was for */
	uint32_t check_in;  /* exits until it looks whether the guest uses its debug registers */
	bool hold;	    /* it has hit the watchpoint, and stays */
	uint32_t hold_until_freeze; /* number of the freeze that lets it go */
	uint64_t hold_until_ns;

	/* the watcher alone */
	bool dead; /* its thread is gone */

	/* never change */
	uint32_t index;
	int fd;
	struct kvm_run *run;
} __attribute__((aligned(64)));

/* Written by the watcher while all vCPUs are parked: clock.c. */
struct clock_state {
	uint32_t method; /* enum tsc_method */
	uint64_t total;	 /* ticks that TSCs were set back, in all freezes */
};

struct watchpoint {
	pthread_mutex_t set_lock; /* between callers of watchpoint_set() only */
	_Atomic uint32_t seq;	  /* odd: being changed */
	_Atomic uint64_t kva[WATCHPOINT_MAX_WORDS];
	_Atomic uint32_t nr; /* 0: none */
	_Atomic uint32_t size;
	_Atomic uint32_t refused;    /* the seq that KVM refused */
	_Atomic uint32_t given_back; /* the seq for which the guest uses its debug registers */
	_Atomic uint64_t hit;	     /* seq << 32 | index, or 0 */
};

struct vm {
	struct watch_machine machine; /* what the watcher sees of it: machine.c */
	_Atomic uint32_t freeze;      /* a futex: what parked vCPUs wait on */
	_Atomic uint32_t acks;	      /* a futex: what the watcher waits on; counts answers */
	_Atomic uint32_t goal;	      /* at this many it wants to be woken */
	_Atomic bool aborted;
	_Atomic uint32_t sample; /* number of the last sample */

	int fd;
	_Atomic int signal;
	bool own_signal;	 /* taken by kick_signal_take() */
	_Atomic int lost_signal; /* one whose handler was replaced; 0: none that is not said yet */
	struct log log;
	void *context;
	int32_t (*pause_devices)(void *context);
	void (*resume_devices)(void *context);
	struct clock_state clock;
	struct watchpoint watchpoint;
	uint64_t begin_ns; /* of this freeze */
	bool paused;	   /* the devices are */
	struct scxray_live_vcpu *frozen;
	uint32_t nr_vcpus;
	struct vcpu *vcpus;
};

/* ack.c: tells the watcher that something has changed; `always` if it may not count it. */
void vm_ack(struct vm *vm, bool always);

#endif
