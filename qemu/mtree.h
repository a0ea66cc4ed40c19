/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mtree.h - where guest RAM lies, by the answer to the monitor's "info mtree -f"
 */
#ifndef QEMU_MTREE_H
#define QEMU_MTREE_H

#include <stddef.h>
#include <stdint.h>

#include <scxray/error.h>

#define MTREE_MAX_ROWS 1024

struct mtree_row {
	uint64_t gpa;
	uint64_t size;
};

/*
 * The rows of RAM in the address space "memory" (what a vCPU sees outside SMM), ascending; those
 * that are not whole pages are left out.  How many there are (at most `max`), or -1 with *err.
 */
int mtree_parse(const char *text, struct mtree_row *rows, size_t max, struct scxray_error *err);

#endif
