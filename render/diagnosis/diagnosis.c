/* SPDX-License-Identifier: BSD-2-Clause */
/* diagnosis.c - all findings of a document, in their order */
#include "render/diagnosis/diagnosis.h"

#include <errno.h>
#include <stdlib.h>

#include "render/diagnosis/find.h"
#include "render/out/join.h"

/* Errors, then warnings, then the rest; within each as they were found. */
static void sort_by_severity(struct diagnosis *dg)
{
	for (size_t i = 1; i < dg->nr; i++) {
		struct finding f = dg->findings[i];
		size_t at = i;

		for (; at && dg->findings[at - 1].severity > f.severity; at--)
			dg->findings[at] = dg->findings[at - 1];
		dg->findings[at] = f;
	}
}

void diagnosis_make(struct diagnosis *dg, const struct scxray_document *doc,
		    const struct diff *diff)
{
	memset(dg, 0, sizeof(*dg));
	dg->doc = doc;
	dg->diff = diff;
	strbuf_init(&dg->texts, NULL);
	strbuf_init(&dg->paths, NULL);
	find_freezes(dg);
	dg->racy = is_racy(doc->late);
	find_exits(dg);
	find_stalled_tasks(dg);
	find_maps(dg);
	find_queues(dg);
	find_cpus(dg);
	find_bypass(dg);
	strbuf_putc(&dg->texts, '\0');
	if (dg->texts.error || dg->paths.error)
		dg->error = ENOMEM;
	sort_by_severity(dg);
}

void diagnosis_deinit(struct diagnosis *dg)
{
	free(dg->findings);
	strbuf_deinit(&dg->texts);
	strbuf_deinit(&dg->paths);
}
