/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diagnosis.h - why was this task not run?
 *
 * Findings computed from the document and nothing else.  A finding states what
 * the data shows; where it concludes, it begins with "Inferred:".  Where vCPUs ran while memory
 * was read, each begins with "Racy:"; where only the early report can tell, with "Half-way:".
 */
#ifndef RENDER_DIAGNOSIS_H
#define RENDER_DIAGNOSIS_H

#include "render/diagnosis/finding.h"

/* `diff` is the document's and must outlive `dg`.  diagnosis_deinit() always. */
void diagnosis_make(struct diagnosis *dg, const struct scxray_document *doc,
		    const struct diff *diff);
void diagnosis_deinit(struct diagnosis *dg);

#endif
