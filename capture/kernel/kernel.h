/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel.h - the guest's kernel: where it is, its symbols, types and layout
 *
 * All of this stays the same while a kernel runs, so a live host resolves it once
 * and uses it for every freeze.
 */
#ifndef CAPTURE_KERNEL_H
#define CAPTURE_KERNEL_H

#include <scxray/error.h>

#include "capture/memory/guest.h"
#include "capture/kernel/layout.h"
#include "capture/image/source.h"
#include "capture/kernel/symbols.h"
#include "capture/kernel/types.h"

#define KERNEL_MAX_CPUS 4096
#define KERNEL_MAX_IMAGES 8

/* How the kernel was found; stored in cores, so add at the end only. */
enum kernel_route {
	ROUTE_NONE,
	ROUTE_VMCOREINFO_NOTE,
	ROUTE_LSTAR,
	ROUTE_IDT,
	ROUTE_PAGE_TABLES,
	ROUTE_VMCOREINFO_SCAN,
	ROUTE_NR,
};

struct kernel {
	enum kernel_route route;
	uint64_t cr3; /* the page tables through which it was found */
	unsigned levels;
	uint64_t text;	    /* run-time address of _text */
	uint64_t phys_base; /* signed */
	struct kallsyms_where where;
	struct symbols symbols;
	struct types types;
	bool has_types;
	struct scxray_error types_error; /* why there are none */
	struct layout layout;
	bool has_kaslr_offset;
	uint64_t kaslr_offset;
	uint32_t nr_cpus; /* nr_cpu_ids */
	uint64_t *percpu; /* __per_cpu_offset of each CPU */
	uint64_t us_find, us_symbols, us_types;
	/* during the search: where an image was searched and had no symbols */
	uint64_t searched[KERNEL_MAX_IMAGES];
	unsigned nr_searched;
};

const char *kernel_route_text(enum kernel_route route);

/*
 * Finds the kernel of the source's guest and loads its symbols, types and
 * layout; sets g up to read its memory.  Fails only if no kernel (or no
 * symbols) can be found; for a kernel without BTF has_types is unset.
 */
int kernel_load(struct kernel *kernel, struct guest *g, struct scxray_source *source,
		struct scxray_error *err);
void kernel_deinit(struct kernel *kernel);

/* What a core keeps so that its replay needs no search. */
struct boot_hint kernel_hint(const struct kernel *kernel);

#endif
