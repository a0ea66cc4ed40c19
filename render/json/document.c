/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * document.c - the frame of the JSON output: single, dual, degraded
 */
#include <base/array.h>
#include <scxray/host.h>
#include <scxray/render.h>
#include <scxray/report_struct.h>

#include <errno.h>

#include "render/diagnosis/diagnosis.h"
#include "render/json/diagnosis.h"
#include "render/diff/diff.h"
#include "render/json/diff.h"
#include "render/out/groups.h"
#include "render/out/join.h"
#include "render/out/pair.h"
#include "render/json/host.h"
#include "render/json/report.h"

#ifndef SCXRAY_VERSION
#define SCXRAY_VERSION "unknown"
#endif

/* Raised when a key changes its meaning or is removed; new keys don't raise it. */
#define SCHEMA_VERSION 2

/* The groups of a report in their order; the timeline needs the whole document. */
static const struct {
	enum group group;
	void (*put)(struct json *j, const struct scxray_report *r);
	/* of the group what is asked for by name */
	void (*put_named)(struct json *j, const struct scxray_report *r,
			  const struct scxray_selection *only);
} groups[] = {
	{ GROUP_MAPS, NULL, json_maps },    { GROUP_VCPUS, json_vcpus, NULL },
	{ GROUP_SDT, json_sdts, NULL },	    { GROUP_PROGS, json_progs, NULL },
	{ GROUP_TIMES, json_times, NULL },  { GROUP_PSI, json_psi, NULL },
	{ GROUP_TASKS, NULL, json_tasks },  { GROUP_LOCKS, json_locks, NULL },
	{ GROUP_RQS, json_rqs, NULL },	    { GROUP_DSQS, NULL, json_dsqs },
	{ GROUP_SCHED, json_scheds, NULL }, { GROUP_TIMELINE, NULL, NULL },
	{ GROUP_PERF, json_perf, NULL },    { GROUP_LOG, json_log, NULL },
};

static void json_names(struct json *j, const char *key, const struct scxray_names *names)
{
	if (!names->nr)
		return;
	json_key(j, key);
	json_array(j);
	for (size_t i = 0; i < names->nr; i++)
		json_string(j, names->pattern[i]);
	json_array_end(j);
}

/* What was asked for, if not all: else an absent group would have no reason. */
static void json_only(struct json *j, const struct scxray_selection *only)
{
	if (!only || !only->groups)
		return;
	json_key(j, "only");
	json_array(j);
	for (size_t i = 0; i < GROUP_NR; i++)
		if (group_wanted(only, (enum group)i))
			json_string(j, scxray_selection_name(i));
	json_array_end(j);
	json_names(j, "only_maps", &only->maps);
	json_names(j, "only_tasks", &only->tasks);
	json_names(j, "only_dsqs", &only->dsqs);
}

static void json_report(struct json *j, const struct scxray_document *doc,
			const struct scxray_report *r)
{
	json_guest(j, &r->guest);
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		if (!group_wanted(doc->only, groups[i].group))
			continue;
		if (groups[i].put)
			groups[i].put(j, r);
		else if (groups[i].put_named)
			groups[i].put_named(j, r, doc->only);
		else
			json_timeline(j, doc, r);
	}
	json_truncated(j, r);
}

/* One half; of every document `late` is the main one. */
static void json_half(struct json *j, const char *key, const struct scxray_document *doc,
		      const struct scxray_report *r)
{
	json_key(j, key);
	json_object(j);
	json_racy_reason(j, "racy_reason", r);
	json_report(j, doc, r);
	json_object_end(j);
}

static void json_u64_field(struct json *j, const char *key, uint64_t v)
{
	json_key(j, key);
	json_u64(j, v);
}

/* What two halves are to each other. */
static void json_pair(struct json *j, const struct scxray_document *doc, const struct diff *diff)
{
	if (doc->early && (doc->early_max_age_jiffies || doc->early_threshold_jiffies))
		json_u64_field(j, "early_max_age_jiffies", doc->early_max_age_jiffies);
	if (doc->early_threshold_jiffies)
		json_u64_field(j, "early_threshold_jiffies", doc->early_threshold_jiffies);
	if (doc->late_max_age_jiffies)
		json_u64_field(j, "late_max_age_jiffies", doc->late_max_age_jiffies);
	if (!doc->early)
		json_opt_string(j, "early_skipped_reason", doc->early_skipped_reason);
	if (group_wanted(doc->only, GROUP_DIFF) && diff->early)
		json_diff(j, diff);
	else if (group_wanted(doc->only, GROUP_DIFF))
		json_opt_string(j, "diff_unavailable", pair_not_compared(doc));
}

static const char *shape(const struct scxray_document *doc)
{
	return doc->dual ? "dual" : is_degraded(doc) ? "degraded" : "single";
}

int scxray_render_json(const struct scxray_document *doc, FILE *out)
{
	struct diagnosis diagnosis;
	struct diff diff;
	struct json j;
	int ret;

	diff_make(&diff, doc);
	diagnosis_make(&diagnosis, doc, &diff);
	/* each finding, and each entry of a half's groups on its own line, for diff and grep */
	json_init(&j, out, 2);
	j.form = doc->json_form;
	json_object(&j);
	json_key(&j, "schema");
	json_string(&j, shape(doc));
	json_key(&j, "schema_version");
	json_u64(&j, SCHEMA_VERSION);
	json_key(&j, "generator");
	json_string(&j, "scxray " SCXRAY_VERSION);
	json_only(&j, doc->only);
	if (group_wanted(doc->only, GROUP_TIMING))
		json_timing(&j, doc);
	if (group_wanted(doc->only, GROUP_DIAGNOSIS))
		json_diagnosis(&j, &diagnosis);
	j.line_depth = 3;
	if (doc->dual)
		json_pair(&j, doc, &diff);
	else if (is_degraded(doc))
		json_degraded(&j, doc->late);
	if (doc->early)
		json_half(&j, "early", doc, doc->early);
	if (!is_degraded(doc) || !report_is_empty(doc->late))
		json_half(&j, "late", doc, doc->late);
	json_object_end(&j);
	strbuf_putc(&j.out, '\n');
	if (diff.error || diagnosis.error)
		j.out.error = ENOMEM;
	ret = json_finish(&j);
	diagnosis_deinit(&diagnosis);
	diff_deinit(&diff);
	return ret;
}
