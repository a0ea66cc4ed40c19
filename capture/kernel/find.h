/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * find.h - the routes that lead to a kernel
 */
#ifndef CAPTURE_FIND_H
#define CAPTURE_FIND_H

#include "capture/kernel/kernel.h"

/*
 * Tries all routes, the surest first.  Sets k->symbols, where, route, cr3 and levels, and sets g to the
 * page tables.  False, and perhaps *err, if no route leads to a kernel.  The search itself is not
 * recorded.
 */
bool kernel_find(struct kernel *k, struct guest *g, struct scxray_source *source,
		 struct scxray_error *err);

#endif
