/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timing.h - what `--timing` prints
 */
#ifndef CLI_TIMING_H
#define CLI_TIMING_H

#include <stdint.h>

#include <scxray/atoms.h>

struct scxray_report;

uint64_t timing_now_us(void);

/* The phases of one capture; `which` is "early" or "late" or "image". */
void timing_print_report(const char *which, const struct scxray_report *report);

void timing_print_phase(const char *which, const char *phase, uint64_t us);

/*
 * Peak resident memory beyond the mapped image files, which must still be
 * mapped: their pages are the page cache's, and not this program's doing.
 */
void timing_print_memory(const char *image, const char *early);

#endif
