/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * prog.h - the report model: struct_ops programs and their run-time statistics
 */
#ifndef SCXRAY_PROG_H
#define SCXRAY_PROG_H

#include <scxray/atoms.h>

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

#endif
