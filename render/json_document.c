/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * json_document.c - the frame of the JSON output: single and dual
 */
#include <scxray/render.h>

#include <errno.h>

#include "diagnosis.h"
#include "diff.h"
#include "json_report.h"

#ifndef SCXRAY_VERSION
#define SCXRAY_VERSION "unknown"
#endif

/* Raised when a key changes its meaning or goes; new keys don't raise it. */
#define SCHEMA_VERSION 1

static void json_report(struct json *j, const struct scxray_report *r)
{
	json_guest(j, &r->guest);
	json_maps(j, r);
	json_vcpus(j, r);
	json_sdts(j, r);
	json_progs(j, r);
	json_times(j, r);
	json_tasks(j, r);
	json_rqs(j, r);
	json_dsqs(j, r);
	json_scheds(j, r);
	json_log(j, r);
}

static void json_nested(struct json *j, const char *key, const struct scxray_report *r)
{
	json_key(j, key);
	json_object(j);
	json_key(j, "schema");
	json_string(j, "single");
	json_report(j, r);
	json_object_end(j);
}

static void json_dual(struct json *j, const struct scxray_document *doc, const struct diff *diff)
{
	if (doc->early && (doc->early_max_age_jiffies || doc->early_threshold_jiffies)) {
		json_key(j, "early_max_age_jiffies");
		json_u64(j, doc->early_max_age_jiffies);
	}
	if (doc->early_threshold_jiffies) {
		json_key(j, "early_threshold_jiffies");
		json_u64(j, doc->early_threshold_jiffies);
	}
	if (doc->late_max_age_jiffies) {
		json_key(j, "late_max_age_jiffies");
		json_u64(j, doc->late_max_age_jiffies);
	}
	if (!doc->early)
		json_opt_string(j, "early_skipped_reason", doc->early_skipped_reason);
	json_diff(j, diff);
	json_guest(j, &doc->late->guest);
	if (doc->early)
		json_nested(j, "early", doc->early);
	json_nested(j, "late", doc->late);
}

int scxray_render_json(const struct scxray_document *doc, FILE *out)
{
	struct diagnosis diagnosis;
	struct diff diff;
	struct json j;
	int ret;

	diff_make(&diff, doc);
	diagnosis_make(&diagnosis, doc, &diff);
	/* each group on its own line, and each of its entries: diff and grep have something to hold */
	json_init(&j, out, doc->dual ? 3 : 2);
	json_object(&j);
	json_key(&j, "schema");
	json_string(&j, doc->dual ? "dual" : "single");
	json_key(&j, "schema_version");
	json_u64(&j, SCHEMA_VERSION);
	json_key(&j, "generator");
	json_string(&j, "scxray " SCXRAY_VERSION);
	json_opt_string(&j, "trigger", doc->trigger);
	json_diagnosis(&j, &diagnosis);
	if (doc->dual)
		json_dual(&j, doc, &diff);
	else
		json_report(&j, doc->late);
	json_object_end(&j);
	strbuf_putc(&j.out, '\n');
	if (diff.error || diagnosis.error)
		j.out.error = ENOMEM;
	ret = json_finish(&j);
	diagnosis_deinit(&diagnosis);
	diff_deinit(&diff);
	return ret;
}
