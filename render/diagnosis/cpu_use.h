/* SPDX-License-Identifier: BSD-2-Clause */
/* cpu_use.h - the task that has each CPU, and those that had it between the snapshots; a part of the facts */
#ifndef RENDER_CPU_USE_H
#define RENDER_CPU_USE_H

#include "render/diagnosis/facts.h"

/* Completes facts.cpus, after facts_make(). */
void cpus_make(struct facts *f);

#endif
