/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * find.h - the parts that find: each looks at the document and adds its findings
 */
#ifndef RENDER_FIND_H
#define RENDER_FIND_H

#include "render/diagnosis/finding.h"

/* vCPUs that did not park, captures that were cut. */
void find_freezes(struct diagnosis *dg);
void find_exits(struct diagnosis *dg);
void find_bypass(struct diagnosis *dg);
void find_stalled_tasks(struct diagnosis *dg);
void find_maps(struct diagnosis *dg);
void find_queues(struct diagnosis *dg);
void find_cpus(struct diagnosis *dg);

#endif
