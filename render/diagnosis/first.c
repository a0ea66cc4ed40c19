/* SPDX-License-Identifier: BSD-2-Clause */
/* first.c - the first finding alone, for a line of a log */
#include <errno.h>
#include <stdlib.h>

#include "render/diagnosis/diagnosis.h"
#include "render/diff/diff.h"

char *scxray_document_first_finding(const struct scxray_document *doc)
{
	struct scxray_selection only = { 0 };
	struct scxray_document copy = *doc;
	struct scxray_error err;
	struct diagnosis dg;
	struct diff diff;
	char *text = NULL;

	/* maps are not compared for it */
	if (scxray_selection_add(&only, "diagnosis", &err))
		return NULL;
	copy.only = &only;
	diff_make(&diff, &copy);
	diagnosis_make(&dg, &copy, &diff);
	for (size_t i = 0; i < dg.nr && !text && !diff.error && !dg.error; i++) {
		const struct finding *f = &dg.findings[i];

		if (f->rank != RANK_CAVEAT &&
		    asprintf(&text, "%s: %s", rank_name(f->rank), dg.texts.data + f->text) < 0)
			text = NULL;
	}
	if (diff.error || dg.error)
		errno = ENOMEM;
	diagnosis_deinit(&dg);
	diff_deinit(&diff);
	return text;
}
