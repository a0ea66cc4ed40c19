/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reports.c - from moments to files: which belong together, and what becomes of them
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report_set.h"
#include "reports.h"
#include "writer.h"

struct reports {
	struct report_writer set; /* the writer's, as long as it writes */
	struct writer *writer;
	const struct settings *settings;
	const struct log *log;
	struct moment *early; /* waits for its late one */
	unsigned count[ARTIFACT_NR_KINDS];
	bool degraded;
	enum scxray_plugin_status lost; /* 0: all moments were taken */
	char why_lost[320];
	char reason[480];
};

struct reports *reports_create(const struct settings *settings, const struct log *log,
			       struct scxray_error *err)
{
	struct reports *reports = calloc(1, sizeof(*reports));

	if (!reports) {
		scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
		return NULL;
	}
	reports->settings = settings;
	reports->log = log;
	if (report_writer_init(&reports->set, settings, log, err)) {
		free(reports);
		return NULL;
	}
	reports->writer = writer_create(&reports->set);
	if (reports->writer)
		return reports;
	scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	reports_destroy(reports);
	return NULL;
}

void reports_set_hooks(struct reports *reports, const struct watch_hooks *hooks)
{
	reports->set.hooks = hooks;
}

void reports_destroy(struct reports *reports)
{
	if (!reports)
		return;
	moment_destroy(reports->early);
	writer_destroy(reports->writer);
	report_writer_deinit(&reports->set);
	free(reports);
}

/* Gives out the next number of this kind.  False: there are enough. */
static bool take_number(struct reports *reports, enum artifact_kind kind)
{
	if (reports->count[kind] >= reports->settings->max_reports) {
		log_say(reports->log, SCXRAY_LOG_WARNING,
			"%u reports are written: another is left out; see the setting max_reports",
			reports->count[kind]);
		return false;
	}
	reports->count[kind]++;
	return true;
}

/* Takes the moments. */
static void write_set(struct reports *reports, enum artifact_kind kind, struct moment *late,
		      struct moment *early)
{
	if (take_number(reports, kind)) {
		writer_put(reports->writer, kind, reports->count[kind], late, early);
		return;
	}
	moment_destroy(late);
	moment_destroy(early);
}

/* ---- what belongs together ---------------------------------------------------- */

bool reports_has_early(const struct reports *reports, uint64_t instance)
{
	return reports->early && moment_instance(reports->early) == instance;
}

bool reports_full(const struct reports *reports)
{
	return reports->count[ARTIFACT_REPORT] >= reports->settings->max_reports;
}

const char *reports_skipped_reason(struct reports *reports, uint64_t instance)
{
	uint32_t formats = reports->settings->formats;
	enum artifact_part part = formats & FORMAT_TEXT	  ? ARTIFACT_TEXT
				  : formats & FORMAT_JSON ? ARTIFACT_JSON
							  : ARTIFACT_HTML;
	char *path;

	if (!reports_has_early(reports, instance) || !moment_degraded(reports->early))
		return NULL;
	path = artifact_path(reports->set.artifacts, ARTIFACT_EARLY_DEGRADED,
			     reports->count[ARTIFACT_EARLY_DEGRADED] + 1, part);
	snprintf(reports->reason, sizeof(reports->reason), "early capture degraded (%s); see %s",
		 moment_degraded(reports->early), path ? strrchr(path, '/') + 1 : "its own file");
	free(path);
	return reports->reason;
}

/* The early moment's late one is not coming. */
static void early_alone(struct reports *reports)
{
	struct moment *early = reports->early;

	if (!early)
		return;
	reports->early = NULL;
	if (moment_degraded(early) && !reports->count[ARTIFACT_REPORT])
		reports->degraded = true; /* it is all that there is */
	write_set(reports, moment_degraded(early) ? ARTIFACT_EARLY_DEGRADED : ARTIFACT_EARLY_ONLY,
		  early, NULL);
}

void reports_early(struct reports *reports, struct moment *moment)
{
	early_alone(reports);
	reports->early = moment;
}

void reports_late(struct reports *reports, struct moment *moment)
{
	bool pair = reports_has_early(reports, moment_instance(moment)) &&
		    !moment_degraded(reports->early) && !moment_degraded(moment);

	if (moment_degraded(moment))
		reports->degraded = true;
	if (pair) {
		write_set(reports, ARTIFACT_REPORT, moment, reports->early);
		reports->early = NULL;
	} else {
		write_set(reports, ARTIFACT_REPORT, moment, NULL);
		early_alone(reports);
	}
}

void reports_lost(struct reports *reports, enum scxray_plugin_status status, const char *text)
{
	log_say(reports->log, SCXRAY_LOG_ERROR, "%s", text);
	reports->lost = status;
	snprintf(reports->why_lost, sizeof(reports->why_lost), "%.300s", text);
}

void reports_stop(struct reports *reports)
{
	writer_stop(reports->writer);
}

void reports_end(struct reports *reports)
{
	early_alone(reports);
	writer_drain(reports->writer);
}

void reports_status(const struct reports *reports, struct scxray_plugin_result *result)
{
	const struct report_writer *set = &reports->set;
	size_t nr;

	*result = (struct scxray_plugin_result){
		.struct_size = sizeof(*result),
		.status = set->status,
		.message = *set->message ? set->message : NULL,
		.paths = artifacts_written(set->artifacts, &nr),
		.first_finding = set->finding,
	};
	result->nr_paths = (uint32_t)nr;
	if (set->status < 0)
		return;
	if (reports->lost) {
		result->status = reports->lost;
		result->message = reports->why_lost;
	} else if (reports->degraded) {
		result->status = SCXRAY_STATUS_DEGRADED;
		result->message = REPORT_DEGRADED_TEXT;
	} else if (!nr) {
		result->status = SCXRAY_STATUS_NO_FAILURE;
		result->message = "no scheduler failed: there is no report";
	}
}
