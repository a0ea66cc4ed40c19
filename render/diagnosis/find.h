/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * find.h - the parts that find: each looks at the document and adds its findings
 */
#ifndef RENDER_FIND_H
#define RENDER_FIND_H

#include "render/diagnosis/finding.h"

/* vCPUs that did not park, captures that were cut. */
void find_freezes(struct diagnosis *dg);
/* What the scheduler was ended for, where that is no stall. */
void find_exit_causes(struct diagnosis *dg);
/* How it ended. */
void find_exits(struct diagnosis *dg);
/* The kernel itself gave up. */
void find_panic(struct diagnosis *dg);
/* Its watchdogs saw a CPU that does not go on. */
void find_lockup(struct diagnosis *dg);
/* Enabling or disabling that does not end. */
void find_change_of_state(struct diagnosis *dg);
void find_bypass(struct diagnosis *dg);
void find_maps(struct diagnosis *dg);
void find_lists(struct diagnosis *dg);
void find_cpus(struct diagnosis *dg);

#endif
