/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * restore.h - a guest out of an image file instead of a kernel (`--restore`)
 */
#ifndef VMM_RESTORE_H
#define VMM_RESTORE_H

#include "cpuid.h"
#include "machine.h"

/*
 * Fills a machine that machine_create() has just made, without RAM or vCPUs, from the image
 * at `path`: calls memory_add() for each region of RAM, vcpus_create() for the number of
 * vCPUs that the image has, cpuid_set() with `model`, and sets registers.  The threads
 * start afterwards (vcpus_start()).  0, or -1 and *err, one line that names the file.
 */
int vm_restore(struct machine *machine, const char *path, enum cpu_model model,
	       struct scxray_error *err);

#endif
