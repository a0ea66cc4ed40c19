/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * core.h - the scxray core: what a capture read, in one file
 *
 *	header   "SCXRAYC1" and the version
 *	sections each a zstd frame with its own checksum
 *	index    a zstd frame: struct core_section for each section
 *	trailer  where the index is: the file is written front to back
 *
 * All numbers are little-endian.  A reader skips section types that it does not
 * know; a writer only adds types.
 */
#ifndef CAPTURE_CORE_H
#define CAPTURE_CORE_H

#include <stdint.h>

#define CORE_MAGIC "SCXRAYC1"
#define CORE_VERSION 1
#define CORE_MAX_SECTIONS 8192
#define CORE_MAX_SMALL (16u << 20) /* bytes of a section that holds no pages */
#define CORE_CHUNK_PAGES 256	   /* pages in one section */
#define CORE_MAX_PAGES (1u << 18)
/* The best packing that is believed: a file of 224 kB holds at most 72 MiB of pages, one of 3 MB 800 MiB. */
#define CORE_MAX_RATIO 256
#define CORE_MAX_UNPACKED(size) ((size)*CORE_MAX_RATIO + (16u << 20))
#define CORE_MAX_REGIONS 65536
#define CORE_ZSTD_FAST -1 /* for what is read once and thrown away */
#define CORE_ZSTD_LEVEL 3 /* 12 gives 6 % less and takes five times as long */

struct core_header {
	char magic[8];
	uint32_t version;
	uint32_t reserved;
};

struct core_trailer {
	uint64_t index_offset;
	uint64_t index_size; /* compressed */
	uint64_t index_raw;
	char magic[8]; /* CORE_MAGIC once more: the file is whole */
};

enum core_section_type {
	CORE_META = 1,	  /* "key=value" lines */
	CORE_REGIONS = 2, /* struct core_region each */
	CORE_VCPUS =
		3, /* struct core_vcpus, then nr_vcpus times a struct core_vcpu and nr_regs u64 */
	CORE_VMCOREINFO = 4,   /* text */
	CORE_PAGE_NUMBERS = 5, /* u64 guest physical addresses, ascending */
	CORE_PAGES = 6,	       /* the pages in that order, CORE_CHUNK_PAGES a section */
	CORE_HOST = 7,	       /* what the host knew: host.h; missing in cores of image files */
	CORE_RAN = 8,	       /* u64 gpas, ascending: pages that are READ_RAN; usually missing */
};

struct core_section {
	uint32_t type;
	uint32_t reserved;
	uint64_t offset;
	uint64_t size; /* compressed */
	uint64_t raw;
};

struct core_region {
	uint64_t gpa;
	uint64_t size;
};

struct core_vcpus {
	uint32_t nr_vcpus;
	uint32_t nr_regs;
};

struct core_vcpu {
	uint32_t parked;
	uint32_t prstatus_pid;
	uint64_t known;
};

#endif
