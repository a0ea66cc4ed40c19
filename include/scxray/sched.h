/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sched.h - the report model: schedulers, their operations, events and exit
 */
#ifndef SCXRAY_SCHED_H
#define SCXRAY_SCHED_H

#include <scxray/atoms.h>

struct scxray_op {
	const char *name; /* member of sched_ext_ops: "enqueue" */
	struct scxray_address func;
	const char *program; /* name of the BPF program that it calls, NULL if not known */
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
	struct scxray_num struct_ops_map_kva; /* that it was loaded from; NONE: not found */
	struct scxray_op *ops;		      /* those that are set */
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

#endif
