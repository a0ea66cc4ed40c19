/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reports.c - from moments to files: which belong together, and what becomes of them
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <scxray/render.h>

#include "now.h"
#include "reports.h"

struct reports {
	const struct settings *settings;
	const struct log *log;
	struct artifacts *artifacts;
	struct moment *early; /* waits for its late one */
	unsigned count[ARTIFACT_NR_KINDS];
	bool degraded;
	enum scxray_plugin_status worst;
	char message[320];
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
	reports->artifacts = artifacts_create(settings, err);
	if (!reports->artifacts) {
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
	artifacts_destroy(reports->artifacts);
	free(reports);
}

/* The first thing that went wrong is what finish() tells; the log has them all. */
static void failed(struct reports *reports, enum scxray_plugin_status status, const char *text)
{
	log_say(reports->log, SCXRAY_LOG_ERROR, "%s", text);
	if (reports->worst < 0)
		return;
	reports->worst = status;
	snprintf(reports->message, sizeof(reports->message), "%s", text);
}

/* ---- one set of files -------------------------------------------------------- */

/* A moment, and what was made of it. */
struct half {
	struct moment *moment;
	struct scxray_source *source; /* the moment's */
	struct scxray_report *report;
	uint64_t decode_us;
	struct scxray_report bare; /* in place of it, where no kernel was found */
	char why_bare[256];
};

static const struct scxray_report *half_report(const struct half *half)
{
	return half->report ? half->report : &half->bare;
}

/* 0, or -1: there is nothing to write. */
static int half_init(struct half *half, struct moment *moment, struct reports *reports)
{
	struct scxray_error err = { 0 };
	uint64_t start = now_ns();

	*half = (struct half){ .moment = moment, .source = moment_source(moment, &err) };
	if (half->source)
		half->report = scxray_capture(half->source, &reports->settings->capture, &err);
	half->decode_us = (now_ns() - start) / NS_PER_US;
	if (half->report)
		return 0;
	snprintf(half->why_bare, sizeof(half->why_bare), "%s", err.text);
	if (err.code == SCXRAY_ERR_NOMEM || moment_bare_init(&half->bare, moment, half->why_bare)) {
		failed(reports, SCXRAY_STATUS_NO_MEMORY,
		       "no report: out of memory; lower the setting max_report_bytes");
		return -1;
	}
	failed(reports, SCXRAY_STATUS_NO_KERNEL, half->why_bare);
	return 0;
}

static void half_deinit(struct half *half)
{
	scxray_report_destroy(half->report);
	if (!half->report)
		moment_bare_deinit(&half->bare);
}

struct rendering {
	const struct scxray_document *doc;
	struct scxray_text_options text;
};

static int stream_failed(struct scxray_error *err)
{
	return scxray_fail(err, SCXRAY_ERR_IO, 0, "%s", strerror(errno ? errno : EIO));
}

static int write_text(void *arg, FILE *out, struct scxray_error *err)
{
	const struct rendering *r = arg;

	errno = 0;
	return scxray_render_text(r->doc, &r->text, out) ? stream_failed(err) : 0;
}

static int write_json(void *arg, FILE *out, struct scxray_error *err)
{
	const struct rendering *r = arg;

	errno = 0;
	return scxray_render_json(r->doc, out) ? stream_failed(err) : 0;
}

static int write_html(void *arg, FILE *out, struct scxray_error *err)
{
	const struct rendering *r = arg;

	errno = 0;
	return scxray_render_html(r->doc, out) ? stream_failed(err) : 0;
}

static int write_core(void *arg, FILE *out, struct scxray_error *err)
{
	return scxray_core_write(arg, out, err);
}

static void write_part(struct reports *reports, enum artifact_kind kind, enum artifact_part part,
		       artifact_writer *writer, void *arg)
{
	struct scxray_error err = { 0 };
	const char *const *paths;
	size_t nr;

	if (artifact_write(reports->artifacts, kind, reports->count[kind], part, writer, arg,
			   &err)) {
		failed(reports, SCXRAY_STATUS_WRITE_FAILED, err.text);
		return;
	}
	paths = artifacts_written(reports->artifacts, &nr);
	log_say(reports->log, SCXRAY_LOG_INFO, "written: %s", paths[nr - 1]);
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

/* What the report says first: from that line a reader of the log knows what it is about. */
static void say_first_finding(struct reports *reports, const struct scxray_document *doc)
{
	char *finding = scxray_document_first_finding(doc);

	if (finding)
		log_say(reports->log, SCXRAY_LOG_INFO, "%s", finding);
	free(finding);
}

/* All files of one document; cores first, since rendering shows nothing of them. */
static void write_set(struct reports *reports, enum artifact_kind kind, struct scxray_document *doc,
		      const struct half *late, const struct half *early)
{
	const struct settings *settings = reports->settings;
	struct rendering rendering = {
		.doc = doc,
		.text = { .width = settings->width, .color = settings->color },
	};
	uint64_t start = now_ns();

	doc->late_decode_us = late->decode_us;
	doc->early_decode_us = early ? early->decode_us : 0;
	if (settings->formats & FORMAT_TEXT) {
		write_part(reports, kind, ARTIFACT_TEXT, write_text, &rendering);
		doc->text_write_us = (now_ns() - start) / NS_PER_US;
	}
	if (settings->formats & FORMAT_JSON)
		write_part(reports, kind, ARTIFACT_JSON, write_json, &rendering);
	if (settings->formats & FORMAT_HTML)
		write_part(reports, kind, ARTIFACT_HTML, write_html, &rendering);
	say_first_finding(reports, doc);
	if (settings->core && late->report)
		write_part(reports, kind, ARTIFACT_CORE, write_core, late->source);
	if (settings->core && early && early->report)
		write_part(reports, kind, ARTIFACT_EARLY_CORE, write_core, early->source);
}

static void write_alone(struct reports *reports, enum artifact_kind kind, struct moment *moment)
{
	struct scxray_document doc;
	struct half half;

	if (!take_number(reports, kind) || half_init(&half, moment, reports))
		return;
	scxray_document_single(&doc, half_report(&half));
	write_set(reports, kind, &doc, &half, NULL);
	half_deinit(&half);
}

static void write_dual(struct reports *reports, struct moment *early, struct moment *late)
{
	struct half halves[2];
	struct scxray_document doc;

	if (!take_number(reports, ARTIFACT_REPORT) || half_init(&halves[1], late, reports))
		return;
	if (half_init(&halves[0], early, reports)) {
		/* out of memory: half a report is better than none */
		scxray_document_dual(&doc, NULL, half_report(&halves[1]),
				     "scan prerequisites unavailable: out of memory");
		write_set(reports, ARTIFACT_REPORT, &doc, &halves[1], NULL);
	} else {
		scxray_document_dual(&doc, half_report(&halves[0]), half_report(&halves[1]), NULL);
		write_set(reports, ARTIFACT_REPORT, &doc, &halves[1], &halves[0]);
		half_deinit(&halves[0]);
	}
	half_deinit(&halves[1]);
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
	path = artifact_path(reports->artifacts, ARTIFACT_EARLY_DEGRADED,
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
	write_alone(reports, moment_degraded(early) ? ARTIFACT_EARLY_DEGRADED : ARTIFACT_EARLY_ONLY,
		    early);
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
		write_dual(reports, reports->early, moment);
		moment_destroy(reports->early);
		reports->early = NULL;
	} else {
		write_alone(reports, ARTIFACT_REPORT, moment);
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
	*paths = artifacts_written(reports->artifacts, nr_paths);
	*message = *reports->message ? reports->message : NULL;
	if (reports->worst < 0)
		return reports->worst;
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
