/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * source.h - where bytes and registers come from
 *
 * A source is an image file or (in the plugin) a live VM.  It owns the physical
 * memory, the vCPUs' registers and what else travels beside guest memory.
 *
 * The folder's parts: open (by the first bytes), file (reading), others (what is no image), vmcore, notes and segments
 * (ELF), kdump (compressed, by libkdumpfile), flattened (a stream of either), core (scxray's own), host (what a host knew).  They include
 * base/ and memory/ only.
 */
#ifndef CAPTURE_SOURCE_H
#define CAPTURE_SOURCE_H

#include <scxray/capture.h>
#include <scxray/vcpu.h>

#include "capture/image/file.h"
#include "capture/image/segments.h"
#include "capture/memory/phys.h"

#define SOURCE_MAX_VCPUS 4096

/*
 * What a bootstrap found, so that a core can be read again without the search:
 * a search reads tens of megabytes that no report needs.
 */
struct boot_hint {
	bool valid;
	uint64_t cr3; /* of tables that map the kernel */
	uint64_t levels;
	struct kallsyms_where {
		uint64_t num_syms;
		uint64_t names;
		uint64_t token_table;
		uint64_t token_index;
		uint64_t offsets;
		uint64_t relative_base; /* 0: none */
	} kallsyms;
	uint64_t found_by; /* enum kernel_route */
};

struct types;

struct source_vcpu {
	bool parked;
	uint32_t prstatus_pid; /* of the task that ran, where a PRSTATUS note says so; else 0 */
	struct scxray_regs regs;
};

struct scxray_source {
	const char *kind; /* "vmcore" or "vm": what the bytes came from; a core keeps it */
	struct phys phys;
	struct source_vcpu *vcpus;
	size_t nr_vcpus;
	char *vmcoreinfo; /* NUL-terminated text, or NULL */
	uint8_t *host;	  /* what the host knows, as bytes (host.h), or NULL */
	size_t host_size;
	struct boot_hint hint;	    /* from a core: where the kernel was found */
	struct boot_hint used_hint; /* of the last capture: what a core will keep */
	const struct types *
		known_types; /* of an earlier report, to borrow if its bytes are the same; or NULL */
	uint64_t truncated_at_us; /* when a recording's deadline cut it; 0: it did not */
	bool recorded;		  /* pages of a live guest: the recording had the budget */
	bool no_scan;		  /* its RAM is not to be searched for a VMCOREINFO */
	uint64_t open_us;

	/* what backs the memory */
	struct image_file file;
	struct segments segments; /* of an ELF image */
	bool notes_broken;	  /* an ELF image's notes end within one */
	uint8_t page[PAGE_SIZE];  /* scxray_source_page()'s last */
	void *pages;
	size_t pages_size;
};

/* Each fills a zeroed source, the first two from its open `file`.  0 or -1 with *err. */
int vmcore_load(struct scxray_source *source, struct scxray_error *err);
int kdump_load(struct scxray_source *source, struct scxray_error *err);
int core_load(struct scxray_source *source, const uint8_t *file, size_t size,
	      struct scxray_error *err);

/* Puts a flattened image in order: `file` is then a temporary one.  0 or -1 with *err. */
bool flattened_detect(const uint8_t *begin, size_t size);
int flattened_unpack(struct image_file *file, struct scxray_error *err);

/* What a file that begins so is, and what to do with it: never NULL. */
const char *others_name(const uint8_t *begin, size_t size);

/* True if the file begins like a scxray core. */
bool core_detect(const uint8_t *file, size_t size);

#endif
