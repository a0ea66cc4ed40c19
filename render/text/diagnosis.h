/* SPDX-License-Identifier: BSD-2-Clause */
/* diagnosis.h - the diagnosis as text */
#ifndef RENDER_TEXT_DIAGNOSIS_H
#define RENDER_TEXT_DIAGNOSIS_H

struct diagnosis;
struct text;

void text_diagnosis(struct text *t, const struct diagnosis *dg);

#endif
