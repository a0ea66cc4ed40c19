/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * guest.h - the report model: the guest and its kernel
 */
#ifndef SCXRAY_GUEST_H
#define SCXRAY_GUEST_H

#include <scxray/atoms.h>

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

#endif
