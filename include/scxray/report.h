/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.h - the report model: what a capture found, as plain data
 *
 * capture/ fills these structs, render/ turns them into text and JSON.  A
 * report owns all its strings, arrays and bytes; they live until
 * scxray_report_destroy().  A report is written by one thread and may be read
 * by any number of threads afterwards.
 *
 * The promise kept throughout: a number is what guest memory held, or it says
 * why there is none (struct scxray_num); a group that could not be had has its
 * reason in `unavailable[group]`; one that was cut has its reason in
 * `cut[group]`, and `total` where the true length is known.
 */
#ifndef SCXRAY_REPORT_H
#define SCXRAY_REPORT_H

#include <scxray/atoms.h>
#include <scxray/error.h>
#include <scxray/group.h>
#include <scxray/host.h>
#include <scxray/map.h>

#ifdef __cplusplus
extern "C" {
#endif

struct symbols; /* capture's */
struct modules;

/* ---- guest -------------------------------------------------------------- */

struct scxray_guest {
	struct scxray_text banner;  /* "Linux version ..." without its newline */
	struct scxray_text release; /* "6.18.15+deb13-cloud-amd64" */
	struct scxray_num nr_cpus;  /* nr_cpu_ids */
	struct scxray_num nr_nodes; /* nr_node_ids */
	struct scxray_num hz;
	struct scxray_num jiffies;	/* jiffies_64 at the freeze */
	struct scxray_num kaslr_offset; /* of kernel text, bytes */
	struct scxray_num phys_base;	/* signed */
	uint32_t paging_levels;		/* 4 or 5 */
	uint64_t memory_bytes;		/* guest RAM in the source */
	uint32_t nr_symbols;
	uint32_t nr_types;
	const char *found_by; /* how the kernel was found: "vmcoreinfo", "page tables", ... */
	/* members and symbols that are missing in this kernel, e.g. "scx_rq.ops_qseq", sorted */
	const char *const *missing;
	size_t nr_missing;
};

/* ---- vCPUs -------------------------------------------------------------- */

/* General and control registers, in the order in which reports list them. */
enum scxray_reg {
	SCXRAY_REG_RIP,
	SCXRAY_REG_RSP,
	SCXRAY_REG_CR3, /* page_table_root */
	SCXRAY_REG_RFLAGS,
	SCXRAY_REG_RAX,
	SCXRAY_REG_RBX,
	SCXRAY_REG_RCX,
	SCXRAY_REG_RDX,
	SCXRAY_REG_RSI,
	SCXRAY_REG_RDI,
	SCXRAY_REG_RBP,
	SCXRAY_REG_R8,
	SCXRAY_REG_R9,
	SCXRAY_REG_R10,
	SCXRAY_REG_R11,
	SCXRAY_REG_R12,
	SCXRAY_REG_R13,
	SCXRAY_REG_R14,
	SCXRAY_REG_R15,
	SCXRAY_REG_CR0,
	SCXRAY_REG_CR2,
	SCXRAY_REG_CR4,
	SCXRAY_REG_EFER,
	SCXRAY_REG_CS,
	SCXRAY_REG_SS,
	SCXRAY_REG_FS_BASE,
	SCXRAY_REG_GS_BASE,
	SCXRAY_REG_KERNEL_GS_BASE,
	SCXRAY_REG_IDT_BASE,
	SCXRAY_REG_LSTAR,
	SCXRAY_NR_REGS,
};

struct scxray_regs {
	uint64_t value[SCXRAY_NR_REGS];
	uint64_t known; /* bit r: value[r] was in the source; the others are unknown, not 0 */
};

struct scxray_vcpu {
	bool parked; /* false: no registers (report it as null / <unavailable>) */
	struct scxray_regs regs;
	struct scxray_address ip; /* symbol of RIP */
	struct scxray_num cpu;	  /* the guest's CPU number, by per-CPU base */
	bool user_mode;		  /* CPL 3 */
	/* 1: its paging is off, so the guest's kernel has not started it; NONE else, or unknown */
	struct scxray_num never_started;
	struct scxray_num curr_kva; /* task_struct of that CPU's current task */
	struct scxray_num curr_pid;
	struct scxray_text curr_comm;
	struct scxray_stack_trace backtrace;
	const char *lock_slowpath_match; /* as in scxray_task */
};

/* ---- tasks -------------------------------------------------------------- */

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
	struct scxray_num queued_cpu; /* on whose rt or deadline queue it stands; else NONE */

	int32_t runnable_cpu; /* CPU on whose runnable_list it is linked, or -1 */
	int32_t curr_cpu;     /* CPU on which it is rq->curr, or -1 */
	bool on_scx_tasks;    /* linked on scx_tasks */
	int32_t dsq_index;    /* index into dsqs[] of the queue it was found on, or -1 */
	uint32_t dsq_pos;     /* its place there, 0 is the head */
};

/* A reference to a task from a list: tasks[index] where index >= 0. */
struct scxray_task_ref {
	uint64_t kva;
	int32_t index;
};

/* ---- run queues --------------------------------------------------------- */

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
};

/* ---- dispatch queues ---------------------------------------------------- */

enum scxray_dsq_origin {
	SCXRAY_DSQ_LOCAL,
	SCXRAY_DSQ_BYPASS,
	SCXRAY_DSQ_REJECT,
	SCXRAY_DSQ_GLOBAL,
	SCXRAY_DSQ_USER,
};

struct scxray_dsq {
	uint64_t kva;
	enum scxray_dsq_origin origin;
	uint32_t index;		/* CPU of a local, bypass or reject DSQ; node of a global one */
	uint64_t sched_kva;	/* the scheduler it belongs to, 0 where unknown */
	const char *sched_name; /* its ops name, where there are several schedulers */
	struct scxray_num id;
	const char *id_name; /* "SCX_DSQ_LOCAL" for built-in ids, NULL for user DSQs */
	struct scxray_num nr;
	struct scxray_num seq;
	struct scxray_task_ref *tasks; /* in queue order, cursors left out */
	size_t nr_tasks;
	size_t nr_cursors; /* iterator cursors that were skipped */
	const char *cut;   /* why the list ends early, NULL if it does not */
	bool is_vtime;	   /* its tasks stand in the rb-tree as well */
	const char *const *
		conflicts; /* list against nr, list against rb-tree, vtime order: one sentence each */
	size_t nr_conflicts;
};

/* ---- schedulers --------------------------------------------------------- */

struct scxray_op {
	const char *name; /* member of sched_ext_ops: "enqueue" */
	struct scxray_address func;
	const char *program; /* name of the BPF program behind it, NULL if not found out */
};

struct scxray_event {
	const char *name;	    /* "SCX_EV_SELECT_CPU_FALLBACK" */
	struct scxray_num total;    /* signed; summed over the CPUs that could be read */
	struct scxray_num *per_cpu; /* nr_cpus of them */
	size_t nr_cpus;
};

struct scxray_exit_info {
	struct scxray_num kva;
	struct scxray_num kind;
	const char *kind_name;	     /* "SCX_EXIT_ERROR_STALL" */
	struct scxray_num exit_code; /* signed */
	/* "SCX_ECODE_RSN_HOTPLUG|SCX_ECODE_ACT_RESTART|7", the scheduler's own part last; NULL: none */
	const char *exit_code_names;
	struct scxray_num flags;
	struct scxray_num exit_cpu; /* signed */
	struct scxray_text reason;
	struct scxray_text msg;
	struct scxray_text dump; /* the kernel's own dump, if it was written by then */
	struct scxray_address *bt;
	size_t nr_bt;
};

struct scxray_sched {
	struct scxray_num sched_kva; /* NONE before 6.16: there is no struct scx_sched */
	bool is_root;
	struct scxray_num parent_kva; /* NONE for the root */
	struct scxray_num level;
	struct scxray_text cgrp_path;
	struct scxray_num sub_cgroup_id; /* that it was loaded for; NONE before 7.1 */
	struct scxray_num sub_attached;	 /* its parent has taken it in */
	struct scxray_num dead;		 /* ops.exit() is over (7.3) */
	struct scxray_text name;	 /* ops.name */
	struct scxray_num ops_flags;
	const char *ops_flag_names; /* "SWITCH_PARTIAL|..." */
	struct scxray_num timeout_ms;
	struct scxray_num dispatch_max_batch;
	struct scxray_num exit_dump_len;
	struct scxray_op *ops; /* those that are set */
	size_t nr_ops;
	struct scxray_num exit_kind; /* the atomic, 0 while it runs */
	const char *exit_kind_name;
	struct scxray_exit_info exit_info;
	struct scxray_num aborting;
	struct scxray_num bypass_depth;		/* signed */
	struct scxray_num bypass_timestamp;	/* when bypass last began, ns (7.1) */
	struct scxray_num watchdog_timeout;	/* jiffies */
	struct scxray_num watchdog_timestamp;	/* jiffies */
	struct scxray_num watchdog_age_jiffies; /* signed: jiffies - watchdog_timestamp */
	struct scxray_num slice_dfl;		/* ns */
	struct scxray_event *events;
	size_t nr_events;
	const char *events_unavailable;
};

/* ---- BPF programs --------------------------------------------------------- */

/* A struct_ops program and its run-time statistics. */
struct scxray_prog {
	uint32_t id;
	uint64_t kva;		 /* of the struct bpf_prog */
	struct scxray_text name; /* of its function, whole; of one that is not compiled 15 bytes */
	const char *struct_ops;	 /* "sched_ext_ops"; NULL where unknown */
	const char *op;		 /* the member that it implements: "enqueue"; NULL where unknown */
	struct scxray_num sched_kva; /* of several schedulers the one whose it is, else NONE */
	const char *sched_name;
	/* sums over the CPUs; unreadable where one CPU's part is */
	struct scxray_num cnt;
	struct scxray_num nsecs;
	struct scxray_num misses;
	struct scxray_num mean_ns; /* NONE where it was never counted */
};

/* ---- time and memory ------------------------------------------------------ */

/* Where a CPU's time went since boot, as its kernel_cpustat says, in ns. */
struct scxray_cpu_time {
	uint32_t cpu;
	struct scxray_num user;
	struct scxray_num nice;
	struct scxray_num system;
	struct scxray_num softirq;
	struct scxray_num irq;
	struct scxray_num idle;
	struct scxray_num iowait;
	struct scxray_num steal;
	struct scxray_num idle_sleeptime; /* of the tick: idle without one included */
	struct scxray_num iowait_sleeptime;
	struct scxray_num irqs_sum;
	struct scxray_num *softirqs; /* how often, by number */
	size_t nr_softirqs;
	struct scxray_num softirqs_sum;
};

/* A node's NUMA counters: those of its zones, with what CPUs have not yet added. */
struct scxray_numa_node {
	uint32_t node;
	struct scxray_num hit;
	struct scxray_num miss;
	struct scxray_num foreign;
	struct scxray_num interleave_hit;
	struct scxray_num local;
	struct scxray_num other;
};

/* ---- pressure ------------------------------------------------------------- */

/* A line of a .pressure file: when it was last brought up to date (every 2 s while tasks run). */
struct scxray_psi {
	struct scxray_num total_ns;
	/* in hundredths of a percent, cut as the kernel prints them */
	struct scxray_num avg10;
	struct scxray_num avg60;
	struct scxray_num avg300;
};

enum scxray_psi_line {
	SCXRAY_PSI_CPU_SOME,
	SCXRAY_PSI_CPU_FULL, /* means nothing for the whole system: left out there */
	SCXRAY_PSI_MEMORY_SOME,
	SCXRAY_PSI_MEMORY_FULL,
	SCXRAY_PSI_IO_SOME,
	SCXRAY_PSI_IO_FULL,
	SCXRAY_PSI_IRQ_FULL, /* only where IRQ time is accounted */
	SCXRAY_NR_PSI_LINES,
};

/* A cgroup of the default hierarchy; the root's pressure is the system's. */
struct scxray_cgroup_psi {
	uint64_t kva;	  /* of the struct cgroup */
	const char *path; /* NULL: unreadable */
	bool dying;	  /* removed, but not yet gone */
	struct scxray_num enabled;
	struct scxray_psi lines[SCXRAY_NR_PSI_LINES]; /* NONE: this kernel does not keep it */
	const char *unavailable;		      /* why there are no lines; else NULL */
};

/* ---- locks ------------------------------------------------------------------ */

/* A resilient spinlock (BPF's) in a CPU's table of those that it holds or waits for. */
struct scxray_rqspinlock {
	uint32_t cpu;
	uint32_t depth;		    /* its place in the table, 0 is the outermost */
	struct scxray_address lock; /* the last one may be waited for, and not held yet */
	struct scxray_num word;	    /* as scxray_rq.lock */
};

/* ---- the kernel's log ------------------------------------------------------ */

struct scxray_log_record {
	struct scxray_num seq; /* MISSING or NONE of a torn record, as all numbers */
	struct scxray_num ts_ns;
	struct scxray_num level; /* 0 emergency to 7 debug */
	struct scxray_num facility;
	const char *caller;	 /* "T132": task 132; "C1": CPU 1; NULL where not kept */
	const char *state;	 /* "reserved", "committed"; NULL: finalized */
	struct scxray_text text; /* may hold newlines; UNREADABLE of a torn record */
};

/* ---- a report ----------------------------------------------------------- */

struct scxray_phase {
	const char *name; /* "open", "bootstrap", "symbols", "types", "walk", ... */
	uint64_t us;
};

struct scxray_report {
	const char *source; /* "vmcore", "scxray core", "vm" */
	const char *moment; /* what the source says of itself, may be NULL */

	/* why a group is not here, or not all of it; NULL where it is */
	const char *unavailable[SCXRAY_NR_GROUPS];
	const char *cut[SCXRAY_NR_GROUPS];

	const struct scxray_host *host; /* NULL: of an image that no host took */
	uint64_t truncated_at_us;	/* of the walk, when a deadline cut it; 0: it did not */
	uint32_t maps_truncated;	/* whose contents were not reached by then */

	struct scxray_guest guest;

	struct scxray_vcpu *vcpus;
	size_t nr_vcpus;

	struct scxray_map *maps;
	size_t nr_maps;
	struct scxray_pointee *pointees; /* by address, ascending */
	size_t nr_pointees;
	struct scxray_sdt *sdts;
	size_t nr_sdts;
	struct scxray_static_range *static_ranges;
	size_t nr_static_ranges;
	uint32_t static_skipped;     /* instances that make no sense */
	const char *active_obj_name; /* "scxfix" of "scxfix.bss"; NULL where unknown */

	struct scxray_prog *progs; /* of type struct_ops, by id */
	size_t nr_progs;
	struct scxray_num bpf_stats_enabled; /* 0: the kernel counts misses only */

	struct scxray_cpu_time *cpu_times;
	size_t nr_cpu_times;
	struct scxray_numa_node *numa_nodes;
	size_t nr_numa_nodes;

	/* by depth first, parents before children */
	struct scxray_cgroup_psi *cgroup_psi;
	size_t nr_cgroup_psi;

	struct scxray_rqspinlock *rqspinlocks;
	size_t nr_rqspinlocks;

	struct scxray_task *tasks;
	size_t nr_tasks;

	struct scxray_rq *rqs;
	size_t nr_rqs;

	struct scxray_dsq *dsqs;
	size_t nr_dsqs;

	/* [0] is the root; sub-schedulers follow, parents before children */
	struct scxray_sched *scheds;
	size_t nr_scheds;
	struct scxray_num enable_state; /* scx_enable_state_var */
	const char *enable_state_name;	/* "SCX_ENABLED" */
	struct scxray_num switching_all;

	struct scxray_log_record *log; /* oldest first */
	size_t nr_log;
	struct scxray_num log_total; /* descriptors in use, captured or not */

	struct scxray_phase *phases; /* how long the capture took; never part of text or JSON */
	size_t nr_phases;
	uint64_t bytes_copied; /* guest bytes that the walk touched (pages * 4096) */

	/* for the look-ups below; either may be NULL */
	const struct symbols *symbols;
	const struct modules *modules;
	const uint32_t *task_slots; /* hash of task addresses: index into tasks + 1, 0 empty */
	uint32_t task_mask;
};

/* Frees the report and all that it points to.  NULL is fine. */
void scxray_report_destroy(struct scxray_report *report);

/*
 * The symbol that covers guest address `addr`, as in struct scxray_address, or
 * NULL.  Kernel text and data from kallsyms; BPF programs by name.  `buf` (of
 * `size` bytes) receives the text and is returned.  Any thread.
 */
const char *scxray_report_symbol(const struct scxray_report *report, uint64_t addr, char *buf,
				 size_t size);

/*
 * The task whose task_struct is at `kva`, or NULL: for joins.  Any thread.
 */
const struct scxray_task *scxray_report_task(const struct scxray_report *report, uint64_t kva);

/* What is known of the object at `addr`, or NULL.  Any thread. */
const struct scxray_pointee *scxray_report_pointee(const struct scxray_report *report,
						   uint64_t addr);

/*
 * The arena that `addr` is in, a user address as programs store it, or the kernel's address
 * of the same byte.  Arenas of several schedulers mostly have the same user addresses: then
 * it is the one that programs with this BTF use.  NULL, with the reason where it is not just
 * that no arena has the address.
 */
const struct scxray_arena *scxray_report_arena(const struct scxray_report *report,
					       const struct btf *btf, uint64_t addr,
					       const char **reason);

/*
 * Copies bytes of the arena from such an address on.  Returns how many of the `size` bytes
 * there are, up to the first page that is not there.
 */
size_t scxray_arena_read(const struct scxray_arena *arena, uint64_t addr, uint8_t *buf,
			 size_t size);

#ifdef __cplusplus
}
#endif
#endif
