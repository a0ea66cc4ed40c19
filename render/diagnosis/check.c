/* SPDX-License-Identifier: BSD-2-Clause */
/* check.c - is there a finding: for callers that want only a status */
#include <errno.h>

#include <base/array.h>

#include <scxray/group.h>
#include <scxray/report_struct.h>

#include "render/diagnosis/diagnosis.h"
#include "render/diff/diff.h"
#include "render/out/reasons.h"

static bool is_as_bad(const struct finding *f, enum scxray_severity severity)
{
	static const enum severity least[] = {
		[SCXRAY_SEVERITY_ERROR] = SEVERITY_ERROR,
		[SCXRAY_SEVERITY_WARNING] = SEVERITY_WARNING,
		[SCXRAY_SEVERITY_INFO] = SEVERITY_INFO,
	};

	return f->rank != RANK_CAVEAT && f->severity <= least[severity];
}

/* Why it does not follow from no finding that nothing is wrong; 0 where it does. */
static int doubt(const struct diagnosis *dg, struct scxray_error *err)
{
	static const enum scxray_group needed[] = { SCXRAY_GROUP_SCHEDS, SCXRAY_GROUP_TASKS,
						    SCXRAY_GROUP_RQS, SCXRAY_GROUP_DSQS };
	const struct scxray_report *r = dg->doc->late;

	for (size_t i = 0; i < dg->nr; i++)
		if (dg->findings[i].rank == RANK_CAVEAT)
			return scxray_fail(err, SCXRAY_ERR_GUEST, 0, "%s",
					   dg->texts.data + dg->findings[i].text);
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		const char *why =
			r->unavailable[needed[i]] ? r->unavailable[needed[i]] : r->cut[needed[i]];

		if (why)
			return scxray_fail(err, SCXRAY_ERR_GUEST, 0, "%s: %s",
					   group_names[needed[i]].text, why);
	}
	return 0;
}

int scxray_document_check(const struct scxray_document *doc, enum scxray_severity severity,
			  struct scxray_error *err)
{
	struct diagnosis dg;
	struct diff diff;
	int ret = 0;

	diff_make(&diff, doc);
	diagnosis_make(&dg, doc, &diff);
	for (size_t i = 0; i < dg.nr && !ret; i++)
		ret = is_as_bad(&dg.findings[i], severity);
	if (diff.error || dg.error)
		ret = scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	else if (!ret)
		ret = doubt(&dg, err);
	diagnosis_deinit(&dg);
	diff_deinit(&diff);
	return ret;
}
