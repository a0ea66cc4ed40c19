/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * live_lab.h - the RAM of a guest as a VMM has it mapped, out of a scxray core
 *
 * Pages that are missing in the core are 0.  Nothing runs in this guest: a test writes to its
 * memory instead.  A vmcore is taken as well, and only read.
 */
#ifndef TESTS_LIVE_LAB_H
#define TESTS_LIVE_LAB_H

#include <scxray/live.h>

#include "capture/kernel/kernel.h"

#define LIVE_LAB_MAX_REGIONS 64
#define LIVE_LAB_MAX_VCPUS 64

struct live_lab {
	struct scxray_source *core; /* to compare with */
	struct kernel kernel;	    /* and where its structures are */
	struct guest guest;
	struct scxray_live_region regions[LIVE_LAB_MAX_REGIONS];
	size_t nr_regions;
	struct scxray_live_vcpu vcpus[LIVE_LAB_MAX_VCPUS];
	size_t nr_vcpus;
	/* the pages that the report's walk reads and finding the kernel does not, in RAM */
	uint8_t **walk_pages;
	size_t nr_walk_pages;
};

/* 0, or -1 and a line on stderr. */
int live_lab_open(struct live_lab *lab, const char *path);
void live_lab_close(struct live_lab *lab);

/* The byte of RAM at a kernel address; NULL where there is none. */
uint8_t *live_lab_at(struct live_lab *lab, uint64_t kva);

/* The address of any symbol, 0 if there is none. */
uint64_t live_lab_symbol(struct live_lab *lab, const char *name);

/* All RAM reads 0 from now on. */
void live_lab_clear(struct live_lab *lab);

/* Puts the pages of the core back. */
void live_lab_restore(struct live_lab *lab);

/* The same RAM and registers as an image file would have them; scxray_source_close() it. */
struct scxray_source *live_lab_image(struct live_lab *lab);

/* A report as JSON, with what tells a live guest from a core made the same; free() it. */
char *live_lab_json(struct scxray_report *report);

#endif
