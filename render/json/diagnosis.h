/* SPDX-License-Identifier: BSD-2-Clause */
/* diagnosis.h - the diagnosis as JSON */
#ifndef RENDER_JSON_DIAGNOSIS_H
#define RENDER_JSON_DIAGNOSIS_H

struct diagnosis;
struct json;

void json_diagnosis(struct json *j, const struct diagnosis *dg);

#endif
