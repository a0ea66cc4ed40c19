/* SPDX-License-Identifier: BSD-2-Clause */
/* first.c - findings without a report around them: the first one for a line of a log, and all */
#include <errno.h>
#include <stdlib.h>

#include "render/diagnosis/diagnosis.h"
#include "render/diff/diff.h"

int scxray_document_findings(const struct scxray_document *doc,
			     int (*each)(void *arg, const struct scxray_told *finding), void *arg)
{
	struct scxray_selection only = { 0 };
	struct scxray_document copy = *doc;
	struct scxray_error err;
	struct diagnosis dg;
	struct diff diff;
	int ret = 0;

	/* maps are not compared for it */
	if (scxray_selection_add(&only, "diagnosis", &err))
		return -1;
	copy.only = &only;
	diff_make(&diff, &copy);
	diagnosis_make(&dg, &copy, &diff);
	for (size_t i = 0; i < dg.nr && !ret && !diff.error && !dg.error; i++) {
		const struct finding *f = &dg.findings[i];

		ret = each(arg, &(struct scxray_told){ finding_rank_name(f->rank),
						       finding_severity_name(f->severity), f->kind,
						       dg.texts.data + f->text });
	}
	if (diff.error || dg.error) {
		errno = ENOMEM;
		ret = -1;
	}
	diagnosis_deinit(&dg);
	diff_deinit(&diff);
	return ret;
}

static int take_first(void *arg, const struct scxray_told *finding)
{
	char **text = arg;

	if (!strcmp(finding->rank, finding_rank_name(RANK_CAVEAT)))
		return 0;
	if (asprintf(text, "%s: %s", finding->rank, finding->text) < 0)
		*text = NULL;
	return 1;
}

char *scxray_document_first_finding(const struct scxray_document *doc)
{
	char *text = NULL;

	scxray_document_findings(doc, take_first, &text);
	return text;
}
