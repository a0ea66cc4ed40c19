/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * task.h - the report model: tasks
 */
#ifndef SCXRAY_TASK_H
#define SCXRAY_TASK_H

#include <scxray/atoms.h>

enum scxray_held_kind {
	SCXRAY_HELD_MAP,
	SCXRAY_HELD_PROG,
	SCXRAY_HELD_LINK,
};

/* An open file of a scheduler: a map or program of its, or the link that attached one of these. */
struct scxray_held_file {
	uint32_t fd;
	enum scxray_held_kind kind;
	uint64_t kva; /* of the bpf_map, bpf_prog or bpf_link */
};

/* What a process has open of the schedulers' files, by fd; its threads share it. */
struct scxray_held_files {
	uint64_t files_kva; /* of the process's files_struct */
	struct scxray_held_file *files;
	size_t nr_files;
};

/*
 * A task.  `scx` holds every member of struct sched_ext_entity; the scx_...
 * numbers below are the same bytes, read once for joins and tables.
 */
struct scxray_task {
	uint64_t kva; /* of the task_struct */
	struct scxray_num pid;
	struct scxray_num tgid;
	struct scxray_text comm;
	struct scxray_num state; /* __state word */
	char state_letter;	 /* as in ps: R S D T t X Z P I; '?' if unreadable */
	struct scxray_num cpu;	 /* task_cpu() */
	struct scxray_num on_cpu;
	struct scxray_num on_rq;
	struct scxray_num flags; /* PF_...: raw word */
	const char *flag_names;	 /* of those that a scheduler may ask for: "KTHREAD|EXITING" */
	struct scxray_num last_arrival; /* when it last came onto a CPU, on that rq's clock, ns */
	struct scxray_num pcount;	/* how often it came onto a CPU */
	struct scxray_num sum_exec_runtime; /* ns, as accounted so far */
	struct scxray_num prio;
	struct scxray_num static_prio;
	struct scxray_num normal_prio;
	struct scxray_num rt_priority;
	struct scxray_num policy;
	const char *sched_class; /* "ext", "fair", "rt", "dl", "idle", "stop"; NULL unknown */
	struct scxray_num nr_cpus_allowed;
	struct scxray_cpumask cpus_allowed;
	struct scxray_num migration_disabled;

	struct scxray_num group_leader_pid;
	struct scxray_num real_parent_pid;
	struct scxray_text real_parent_comm;
	struct scxray_num pgid; /* both in the first pid namespace */
	struct scxray_num sid;
	struct scxray_num nr_threads;
	struct scxray_num core_cookie;
	struct scxray_num nvcsw; /* context switches, voluntary and not */
	struct scxray_num nivcsw;
	struct scxray_num utime; /* ns; as accounted so far */
	struct scxray_num stime;
	/* of the group's threads that have ended */
	struct scxray_num signal_nvcsw;
	struct scxray_num signal_nivcsw;
	struct scxray_num signal_utime;
	struct scxray_num signal_stime;
	const char *cgroup_path; /* in the default hierarchy; NULL unknown */

	struct scxray_value scx; /* struct sched_ext_entity, whole */

	struct scxray_num scx_flags; /* raw word */
	/* "QUEUED|RESET_RUNNABLE_AT|0x40|REENQ_IMMED", without the state */
	const char *scx_flag_names;
	struct scxray_num scx_reenq_reason; /* a number within scx_flags (7.1); NONE before */
	const char *
		scx_reenq_reason_name; /* "NONE", "KFUNC", "IMMED", "PREEMPTED", "CAP"; NULL unknown */
	struct scxray_num scx_task_state;
	const char *scx_task_state_name; /* "ENABLED" */
	struct scxray_num weight;
	struct scxray_num dsq_kva; /* p->scx.dsq, 0 if on none */
	struct scxray_num dsq_id;  /* that DSQ's id; NONE if on none */
	struct scxray_num dsq_flags;
	struct scxray_num dsq_seq;
	struct scxray_num dsq_vtime;
	struct scxray_num slice;     /* ns */
	struct scxray_num ops_state; /* low bits: SCX_OPSS_... */
	const char *ops_state_name;  /* "NONE", "QUEUEING", "QUEUED", "DISPATCHING" */
	struct scxray_num ops_qseq;  /* the rest of the ops_state word */
	struct scxray_num sticky_cpu;
	struct scxray_num holding_cpu;
	struct scxray_num selected_cpu;
	struct scxray_num ddsp_dsq_id;
	struct scxray_num ddsp_enq_flags;
	struct scxray_num runnable_at;		/* jiffies */
	struct scxray_num runnable_age_jiffies; /* signed; only for tasks on a runnable list */
	struct scxray_num runnable_age_ms;	/* signed; needs HZ */
	struct scxray_num sched_kva;		/* its scx_sched (7.1+) */
	const char *sched_name;			/* ops name of that scheduler; NULL where unknown */

	const struct scxray_held_files *held; /* NULL: no file of a scheduler is open */

	/* of a task that runs: its vCPU's backtrace */
	struct scxray_stack_trace kernel_stack;
	/* the lock slow path that it is in, by its stack: "rwsem_down_read_slowpath"; else NULL */
	const char *lock_slowpath_match;

	/* of the deadline class, in ns; NONE in all others */
	struct scxray_num dl_runtime;
	struct scxray_num dl_deadline;
	struct scxray_num dl_period;
	struct scxray_num dl_left;	   /* of dl_runtime; signed */
	struct scxray_num dl_abs_deadline; /* on the rq's clock */
	struct scxray_num dl_throttled;
	struct scxray_num queued_cpu; /* on whose rt or deadline queue it is; else NONE */

	int32_t runnable_cpu; /* CPU on whose runnable_list it is linked, or -1 */
	int32_t curr_cpu;     /* CPU on which it is rq->curr, or -1 */
	uint32_t buffered_by; /* CPU in whose dispatch buffer it is, counted from 1; 0: in none */
	bool on_scx_tasks;    /* linked on scx_tasks */
	int32_t dsq_index;    /* index into dsqs[] of the queue it was found on, or -1 */
	uint32_t dsq_pos;     /* its place there, 0 is the head */
};

/* A reference to a task from a list: tasks[index] where index >= 0. */
struct scxray_task_ref {
	uint64_t kva;
	int32_t index;
};

#endif
