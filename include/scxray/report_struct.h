/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_struct.h - the report model: a whole report, and look-ups in it
 *
 * What its arrays are made of is in the headers of the parts, dsq.h to vcpu.h; report.h
 * includes them all, and says what holds for each.
 */
#ifndef SCXRAY_REPORT_STRUCT_H
#define SCXRAY_REPORT_STRUCT_H

#include <scxray/atoms.h>
#include <scxray/group.h>
#include <scxray/guest.h>

#ifdef __cplusplus
extern "C" {
#endif

struct scxray_arena;
struct scxray_cgroup_psi;
struct scxray_cpu_time;
struct scxray_dsq;
struct scxray_host;
struct scxray_log_record;
struct scxray_map;
struct scxray_numa_node;
struct scxray_pointee;
struct scxray_prog;
struct scxray_rq;
struct scxray_rqspinlock;
struct scxray_sched;
struct scxray_sdt;
struct scxray_static_range;
struct scxray_task;
struct scxray_vcpu;

struct symbols; /* capture's */
struct modules;

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
 * of the same byte.  Arenas of several schedulers usually have the same user addresses: then
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
