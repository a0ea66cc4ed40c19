/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * system.h - the report model: where each CPU's time went, memory by node, pressure
 */
#ifndef SCXRAY_SYSTEM_H
#define SCXRAY_SYSTEM_H

#include <scxray/atoms.h>

/* ---- time and memory ------------------------------------------------------- */

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

/* ---- pressure -------------------------------------------------------------- */

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
	bool dying;	  /* removed, and not yet freed */
	struct scxray_num enabled;
	struct scxray_psi lines[SCXRAY_NR_PSI_LINES]; /* NONE: this kernel does not keep it */
	const char *unavailable;		      /* why there are no lines; else NULL */
};

#endif
