/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rq.h - the report model: a CPU's run queue
 */
#ifndef SCXRAY_RQ_H
#define SCXRAY_RQ_H

#include <scxray/atoms.h>
#include <scxray/task.h>

/* Of struct sched_dl_entity. */
struct scxray_dl_server {
	struct scxray_num active, throttled;
	struct scxray_num runtime;    /* ns left of this period, signed */
	struct scxray_num dl_runtime; /* ns for a period */
};

/* An entry of a CPU's dispatch buffer. */
struct scxray_buffered {
	struct scxray_task_ref task;
	struct scxray_num dsq_id; /* where it is to go */
	const char *dsq_id_name;  /* of a built-in id */
};

struct scxray_rq {
	uint32_t cpu;
	uint64_t kva;		      /* of struct rq */
	struct scxray_num nr_running; /* rq->scx.nr_running */
	struct scxray_num flags;
	const char *flag_names; /* "ONLINE|CAN_STOP_TICK" */
	struct scxray_num cpu_released;
	struct scxray_num ops_qseq;
	struct scxray_num kick_sync; /* pnt_seq before 6.19 */
	struct scxray_num nr_immed;
	struct scxray_num rq_clock; /* rq->scx.clock */
	struct scxray_num clock;    /* rq->clock */
	struct scxray_num curr_kva;
	struct scxray_num curr_pid;
	struct scxray_text curr_comm;
	const char *curr_class;		 /* as in scxray_task */
	int32_t curr_index;		 /* tasks[] or -1 */
	struct scxray_num rq_nr_running; /* rq->nr_running, all classes */
	struct scxray_num nr_switches;
	struct scxray_num cfs_nr_queued; /* rq->cfs.h_nr_queued / h_nr_running */
	struct scxray_num rt_nr_running;
	struct scxray_num dl_nr_running;
	struct scxray_num online;
	struct scxray_cpumask cpus_to_kick;
	struct scxray_cpumask cpus_to_kick_if_idle;
	struct scxray_cpumask cpus_to_preempt;
	struct scxray_cpumask cpus_to_wait;
	struct scxray_cpumask cpus_to_sync;
	struct scxray_task_ref *runnable; /* rq->scx.runnable_list, in its order */
	size_t nr_runnable;
	const char *runnable_cut; /* why the list ends early, NULL if it does not */
	/*
	 * Runnable rt and deadline tasks, the next to be picked first, and where sched_ext has not
	 * taken all of class fair those; the current one is not here.
	 */
	struct scxray_task_ref *higher;
	size_t nr_higher;
	const char *higher_cut;
	/* on their way to another CPU's local DSQ: rq->scx.ddsp_deferred_locals */
	struct scxray_num nr_deferred;
	struct scxray_num cpuperf_target;
	struct scxray_num bypassing; /* this CPU is in bypass mode, of the root scheduler */
	struct scxray_num lock;	     /* the word of rq->__lock, a queued spinlock; 0: free */
	struct scxray_num lock_held;
	struct scxray_num lock_pending;	  /* a CPU spins as the next one */
	struct scxray_num lock_tail_cpu;  /* the last CPU in its queue; NONE: none queues */
	struct scxray_num lock_owner_cpu; /* only where the kernel keeps it (DEBUG_SPINLOCK) */
	struct scxray_num lock_scx_cpu;	  /* runs a sched_ext operation under this lock; or NONE */
	/* deadline servers, which run a class while others starve it; NONE: not in this kernel */
	struct scxray_dl_server fair_server, ext_server;
	/* 7.3: the task that the kernel runs itself, since the scheduler did not; 0: none */
	struct scxray_num rescue_curr;
	struct scxray_num rescue_budget; /* ns, signed */
	/* is this CPU in the mask by which scx_bpf_pick_idle_cpu() finds idle ones? (6.15) */
	struct scxray_num idle;
	/* inserted in ops.dispatch() on this CPU, and not yet on their DSQs */
	struct scxray_buffered *buffered;
	size_t nr_buffered;
	const char *buffered_cut; /* why some are missing; NULL */
};

#endif
