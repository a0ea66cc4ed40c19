/* SPDX-License-Identifier: BSD-2-Clause */
/* diagnosis.c - the diagnosis as JSON */
#include "render/json/diagnosis.h"

#include "render/diagnosis/finding.h"
#include "render/out/json.h"

void json_diagnosis(struct json *j, const struct diagnosis *dg)
{
	if (!dg->nr || dg->error)
		return;
	json_key(j, "diagnosis");
	json_array(j);
	for (size_t i = 0; i < dg->nr; i++) {
		const struct finding *f = &dg->findings[i];
		const char *path = dg->paths.data + f->evidence;

		json_object(j);
		json_key(j, "severity");
		json_string(j, severity_name(f->severity));
		json_key(j, "kind");
		json_string(j, f->kind);
		json_key(j, "text");
		json_string(j, dg->texts.data + f->text);
		json_key(j, "evidence");
		json_array(j);
		for (size_t e = 0; e < f->nr_evidence; e++, path += strlen(path) + 1)
			json_string(j, path);
		json_array_end(j);
		json_object_end(j);
	}
	json_array_end(j);
}
