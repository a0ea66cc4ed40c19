/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * modules.h - loadable modules: the list of them, and the symbols of those that are needed
 */
#ifndef CAPTURE_READ_MODULES_H
#define CAPTURE_READ_MODULES_H

#include <stdint.h>

struct walk;

/* Sets w->modules; it stays NULL if the kernel has none. */
void walk_modules(struct walk *w);

/* Reads the symbols of the module whose code holds `addr`, if there is one; each module's only once. */
void modules_need(struct walk *w, uint64_t addr);

#endif
