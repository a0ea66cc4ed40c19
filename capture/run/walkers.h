/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * walkers.h - runs all walkers over a guest
 */
#ifndef CAPTURE_RUN_WALKERS_H
#define CAPTURE_RUN_WALKERS_H

#include <stddef.h>

struct walk;

/* Runs all walkers in their order; a walk that records stops when its deadline is crossed. */
void walkers_run(struct walk *w);

/* The name of walker `index`, for measuring; NULL after the last.  Its bit in walk.skip is 1 << index. */
const char *walkers_name(size_t index);

#endif
