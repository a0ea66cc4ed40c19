/* SPDX-License-Identifier: BSD-2-Clause */
/* diagnosis.c - the diagnosis as JSON */
#include <scxray/dsq.h>
#include <scxray/map.h>
#include <scxray/report_struct.h>
#include <scxray/task.h>

#include "render/json/diagnosis.h"

#include "render/diagnosis/finding.h"
#include "render/out/field.h"

static const struct field task_names[] = {
	FIELD(scxray_task, pid, "pid", FIELD_SIGNED),
	FIELD(scxray_task, comm, "comm", FIELD_TEXT),
};

/* Whom and what it is about, as far as it has them. */
static void about(struct json *j, const struct diagnosis *dg, const struct finding *f)
{
	const struct scxray_report *r = f->r;

	if (f->nr_tasks) {
		json_key(j, "tasks");
		json_array(j);
		for (size_t i = 0; i < f->nr_tasks; i++) {
			const struct scxray_task *t = &r->tasks[dg->tasks[f->first_task + i]];

			json_object(j);
			json_fields(j, task_names, 2, t);
			json_object_end(j);
		}
		json_array_end(j);
	}
	if (f->dsq >= 0)
		json_num_field(j, "dsq", &r->dsqs[f->dsq].id, FIELD_ID);
	if (f->cpu >= 0) {
		json_key(j, "cpu");
		json_u64(j, (uint64_t)f->cpu);
	}
	json_text_field(j, "program", &f->program);
	if (f->map >= 0)
		json_text_field(j, "map", &r->maps[f->map].name);
}

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
		json_key(j, "rank");
		json_string(j, finding_rank_name(f->rank));
		json_key(j, "severity");
		json_string(j, finding_severity_name(f->severity));
		json_key(j, "kind");
		json_string(j, f->kind);
		json_key(j, "confidence");
		json_string(j, f->inferred ? "inferred" : "shown");
		json_key(j, "text");
		json_string(j, dg->texts.data + f->text);
		about(j, dg, f);
		json_key(j, "evidence");
		json_array(j);
		for (size_t e = 0; e < f->nr_evidence; e++, path += strlen(path) + 1)
			json_string(j, path);
		json_array_end(j);
		json_object_end(j);
	}
	json_array_end(j);
}
