/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reports.c - from moments to files: which belong together, and what becomes of them
 */
#include <stdlib.h>
#include <string.h>

#include "report_set.h"
#include "reports.h"

struct reports {
	struct report_writer writer;
	const struct settings *settings;
	const struct log *log;
	struct moment *early; /* waits for its late one */
	unsigned count[ARTIFACT_NR_KINDS];
	bool degraded;
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
	if (report_writer_init(&reports->writer, settings, log, err)) {
		free(reports);
		return NULL;
	}
	return reports;
}

void reports_destroy(struct reports *reports)
{
	if (!reports)
		return;
	moment_destroy(reports->early);
	report_writer_deinit(&reports->writer);
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

static void write_set(struct reports *reports, enum artifact_kind kind, struct moment *late,
		      struct moment *early)
{
	if (take_number(reports, kind))
		report_set_write(&reports->writer, kind, reports->count[kind], late, early);
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
	path = artifact_path(reports->writer.artifacts, ARTIFACT_EARLY_DEGRADED,
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
	moment_destroy(early);
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
		moment_destroy(reports->early);
		reports->early = NULL;
	} else {
		write_set(reports, ARTIFACT_REPORT, moment, NULL);
		early_alone(reports);
	}
	moment_destroy(moment);
}

void reports_end(struct reports *reports)
{
	early_alone(reports);
}

enum scxray_plugin_status reports_status(const struct reports *reports, const char **message,
					 const char *const **paths, size_t *nr_paths)
{
	*paths = artifacts_written(reports->writer.artifacts, nr_paths);
	*message = *reports->writer.message ? reports->writer.message : NULL;
	if (reports->writer.status < 0)
		return reports->writer.status;
	if (reports->degraded) {
		*message = "vCPUs did not park: the report is a degraded one";
		return SCXRAY_STATUS_DEGRADED;
	}
	if (!*nr_paths) {
		*message = "no scheduler failed: there is no report";
		return SCXRAY_STATUS_NO_FAILURE;
	}
	return SCXRAY_STATUS_OK;
}
