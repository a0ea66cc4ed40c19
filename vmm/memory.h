/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * memory.h - guest RAM and its KVM slots
 */
#ifndef VMM_MEMORY_H
#define VMM_MEMORY_H

#include <stdint.h>

#include <scxray/error.h>

#define PAGE UINT64_C(4096)
#define GIB (UINT64_C(1) << 30)
#define MIB (UINT64_C(1) << 20)

/* A machine that boots has two: below 3 GiB and above 4 GiB.  An image may have more. */
#define MAX_REGIONS 32

struct machine;

/* A range of guest RAM: one KVM slot. */
struct region {
	uint64_t gpa, size; /* page aligned */
	uint8_t *host;
};

/* Adds zeroed RAM at [gpa, gpa + size), page aligned, ascending, and its slot. */
int memory_add(struct machine *machine, uint64_t gpa, uint64_t size, struct scxray_error *err);

/* RAM of a machine that boots: up to 3 GiB from 0, the rest from 4 GiB. */
int memory_add_bytes(struct machine *machine, uint64_t bytes, struct scxray_error *err);

/* Where the host has [gpa, gpa + size); NULL where not all of it is one region of RAM. */
void *memory_at(const struct machine *machine, uint64_t gpa, uint64_t size);

void memory_remove_all(struct machine *machine);

#endif
