/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * running_core.h - a core with what a guest that runs has, and its report has no need of
 *
 * For tests that make a guest out of a core again.
 */
#ifndef TESTS_RUNNING_CORE_H
#define TESTS_RUNNING_CORE_H

#include <scxray/capture.h>

/*
 * Writes the core at `path` anew to `out`, with the page of system_state where that is missing:
 * it says that the kernel runs, else it would be taken for one that boots.  And with
 * `nr_vcpus` vCPUs, which have the registers of the core's own in turn; 0: as it has.
 * 0, or -1 and *err.
 */
int running_core_write(const char *path, unsigned nr_vcpus, FILE *out, struct scxray_error *err);

#endif
