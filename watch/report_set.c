/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_set.c - all files of one report: made in a process of its own, or in this one
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <scxray/render.h>
#include <scxray/report_struct.h>

#include "maker.h"
#include "now.h"
#include "outputs.h"
#include "report_set.h"

/* ---- one set -------------------------------------------------------------------- */

/* A moment, and what was made of it. */
struct half {
	struct moment *moment;
	struct scxray_source *source; /* the moment's */
	struct scxray_report *report;
	uint64_t decode_us;
	struct scxray_report bare; /* in place of it, where there is none */
	char why_bare[MAKER_MAX_LINE];
};

struct set {
	struct report_writer *writer;
	enum artifact_kind kind;
	unsigned number;
	struct half late, early; /* early.moment NULL: there is none */
	char *finding;		 /* the report's first */
	bool stopped;		 /* no report is wanted any more */
};

static void say_written(struct set *set, int failed, const struct scxray_error *err)
{
	const char *const *paths;
	size_t nr;

	if (failed) {
		report_writer_failed(set->writer, SCXRAY_STATUS_WRITE_FAILED, err->text);
		return;
	}
	paths = artifacts_written(set->writer->artifacts, &nr);
	/* a host that is told of reports names them itself */
	log_say(set->writer->log,
		set->writer->hooks && set->writer->hooks->report_complete ? SCXRAY_LOG_DEBUG
									  : SCXRAY_LOG_INFO,
		"written: %s", paths[nr - 1]);
}

/* From that line a reader of the log knows what the report is about. */
static void say_finding(struct set *set, const char *finding)
{
	struct report_writer *writer = set->writer;
	bool first_failure = set->kind == ARTIFACT_REPORT && set->number == 1;

	if (!finding || !*finding)
		return;
	set->finding = strdup(finding);
	if (!set->finding)
		return;
	log_printable(set->finding);
	log_say(writer->log, SCXRAY_LOG_INFO, "%s", set->finding);
	if (writer->finding && !first_failure)
		return;
	free(writer->finding);
	writer->finding = strdup(set->finding);
}

/* The host of a failure's report; of its paths those from `first` on. */
static void tell(const struct set *set, size_t first)
{
	const struct report_writer *writer = set->writer;
	struct scxray_plugin_result result = {
		.struct_size = sizeof(result),
		.status = writer->set_status,
		.message = *writer->set_message ? writer->set_message : NULL,
		.first_finding = set->finding,
	};
	size_t nr;
	const char *const *paths = artifacts_written(writer->artifacts, &nr);

	if (set->kind != ARTIFACT_REPORT || set->stopped || !writer->hooks ||
	    !writer->hooks->report_complete)
		return;
	result.nr_paths = (uint32_t)(nr - first);
	result.paths = result.nr_paths ? paths + first : NULL;
	if (result.status >= 0 && moment_degraded(set->late.moment)) {
		result.status = SCXRAY_STATUS_DEGRADED;
		result.message = REPORT_DEGRADED_TEXT;
	}
	writer->hooks->report_complete(writer->hooks->context, &result);
}

/* ---- in this process ------------------------------------------------------------- */

static const struct scxray_report *half_report(const struct half *half)
{
	return half->report ? half->report : &half->bare;
}

/* The registers, and the reason why that is all.  0, or -1: out of memory. */
static int half_make_bare(struct half *half, struct report_writer *writer,
			  enum scxray_plugin_status status, const char *why)
{
	snprintf(half->why_bare, sizeof(half->why_bare), "%s", why);
	if (moment_bare_init(&half->bare, half->moment, half->why_bare)) {
		report_writer_failed(writer, SCXRAY_STATUS_NO_MEMORY,
				     "no report: out of memory; lower the setting "
				     "max_report_bytes");
		return -1;
	}
	report_writer_failed(writer, status, half->why_bare);
	return 0;
}

/* 0, or -1: there is nothing to write. */
static int half_read(struct half *half, struct report_writer *writer)
{
	struct scxray_error err = { 0 };
	uint64_t start = now_ns();

	half->source = moment_source(half->moment, &err);
	if (half->source)
		half->report = scxray_capture(half->source, &writer->settings->capture, &err);
	half->decode_us = (now_ns() - start) / NS_PER_US;
	if (half->report)
		return 0;
	if (err.code != SCXRAY_ERR_NOMEM)
		return half_make_bare(half, writer, SCXRAY_STATUS_NO_KERNEL, err.text);
	report_writer_failed(writer, SCXRAY_STATUS_NO_MEMORY,
			     "no report: out of memory; lower the setting max_report_bytes");
	return -1;
}

static void half_deinit(struct half *half)
{
	scxray_report_destroy(half->report);
	if (!half->report)
		moment_bare_deinit(&half->bare);
}

static void write_file(void *context, enum artifact_part part, output_writer *writer, void *arg)
{
	struct set *set = context;
	struct scxray_error err = { 0 };
	int failed = artifact_write(set->writer->artifacts, set->kind, set->number, part, writer,
				    arg, &err);

	say_written(set, failed, &err);
}

static void write_document(struct set *set, struct scxray_document *doc)
{
	struct outputs outputs = {
		.settings = set->writer->settings,
		.doc = doc,
		.late = set->late.report ? set->late.source : NULL,
		.early = set->early.report ? set->early.source : NULL,
	};
	char *finding;

	doc->late_decode_us = set->late.decode_us;
	doc->early_decode_us = set->early.decode_us;
	outputs_write(&outputs, write_file, set);
	finding = scxray_document_first_finding(doc);
	say_finding(set, finding);
	free(finding);
}

/* The halves have been read; `why_no_early`: of a dual report without one. */
static void write_halves(struct set *set, const char *why_no_early)
{
	const struct scxray_report *late = half_report(&set->late);
	struct scxray_document doc;

	if (why_no_early)
		scxray_document_dual(&doc, NULL, late, why_no_early);
	else if (set->early.moment)
		scxray_document_dual(&doc, half_report(&set->early), late, NULL);
	else
		scxray_document_single(&doc, late);
	write_document(set, &doc);
}

static void write_here(struct set *set)
{
	const char *why_no_early = NULL;

	if (half_read(&set->late, set->writer))
		return;
	/* half a report is better than none */
	if (set->early.moment && half_read(&set->early, set->writer))
		why_no_early = "scan prerequisites unavailable: out of memory";
	write_halves(set, why_no_early);
	half_deinit(&set->early);
	half_deinit(&set->late);
}

/* ---- in a process of its own -------------------------------------------------------- */

/* The files of a set that the process writes to. */
struct opened {
	struct scxray_file files[ARTIFACT_NR_PARTS];
};

static bool wanted(const struct set *set, unsigned part)
{
	return outputs_want(set->writer->settings, part, true, set->early.moment);
}

static void open_files(struct set *set, struct maker_job *job, struct opened *opened)
{
	struct scxray_error err = { 0 };

	*opened = (struct opened){ 0 };
	for (unsigned part = 0; part < ARTIFACT_NR_PARTS; part++) {
		job->parts[part] = -1;
		if (!wanted(set, part))
			continue;
		if (artifact_begin(set->writer->artifacts, set->kind, set->number, part,
				   &opened->files[part], &err))
			say_written(set, -1, &err);
		else
			job->parts[part] = fileno(opened->files[part].stream);
	}
}

/* What is whole gets its name, the rest goes. */
static void close_files(struct set *set, const struct maker_job *job,
			const struct maker_result *result, struct opened *opened)
{
	for (unsigned part = 0; part < ARTIFACT_NR_PARTS; part++) {
		struct scxray_error err = { 0 };

		if (job->parts[part] < 0)
			continue;
		if (*result->failure)
			scxray_file_abandon(&opened->files[part]);
		else
			say_written(set,
				    artifact_end(set->writer->artifacts, &opened->files[part],
						 result->whole[part] ? NULL : &result->why[part],
						 &err),
				    &err);
	}
}

static int copy_recording(void *arg, FILE *out, struct scxray_error *err)
{
	off_t at = 0;
	ssize_t n;

	do
		n = sendfile(fileno(out), *(int *)arg, &at, 1 << 30);
	while (n > 0);
	return n ? scxray_fail(err, SCXRAY_ERR_IO, 0, "%s", strerror(errno)) : 0;
}

/*
 * The process could not make it: a report of the registers with the reason, and the recordings as cores,
 * whatever the settings say: nothing else is left of the failure.
 */
static void write_lost(struct set *set, const struct maker_job *job, const char *failure)
{
	static const enum artifact_part cores[2] = { ARTIFACT_CORE, ARTIFACT_EARLY_CORE };
	char why[MAKER_MAX_LINE];

	for (int i = 0; i < 2; i++)
		if (job->recordings[i] >= 0)
			write_file(set, cores[i], copy_recording, (void *)&job->recordings[i]);
	snprintf(why, sizeof(why), "%.400s; what was recorded is kept: scxray report on the core",
		 failure);
	if (!half_make_bare(&set->late, set->writer, SCXRAY_STATUS_LOST, why) &&
	    (!set->early.moment ||
	     !half_make_bare(&set->early, set->writer, SCXRAY_STATUS_LOST, why)))
		write_halves(set, NULL);
	half_deinit(&set->early);
	half_deinit(&set->late);
}

/* False: it has to be done here. */
static bool run_maker(struct set *set, struct maker_job *job)
{
	struct report_writer *writer = set->writer;
	struct maker_result result;
	struct opened opened;

	open_files(set, job, &opened);
	maker_run(job, &result);
	close_files(set, job, &result, &opened);
	if (!*result.failure)
		say_finding(set, result.finding);
	set->stopped = result.stopped;
	if (!*result.failure || result.stopped)
		return true;
	if (!result.started && !strcmp(writer->settings->isolate, "auto")) {
		log_say(writer->log, SCXRAY_LOG_WARNING, "reports are made in this process: %s",
			result.failure);
		free(writer->program);
		writer->program = NULL;
		return false;
	}
	write_lost(set, job, result.failure);
	return true;
}

static bool write_apart(struct set *set)
{
	struct scxray_error err = { 0 };
	struct scxray_source *late = moment_source(set->late.moment, &err), *early = NULL;
	struct maker_job job = {
		.program = set->writer->program,
		.settings = set->writer->settings,
		.recordings = { -1, -1 },
		.stop_fd = set->writer->stop_fd,
	};
	bool done = false;

	if (set->early.moment)
		early = moment_source(set->early.moment, &err);
	/* where no kernel was found there are only registers to print */
	if (!late || (set->early.moment && !early))
		return false;
	job.recordings[0] = maker_recording(late, &err);
	if (early && job.recordings[0] >= 0)
		job.recordings[1] = maker_recording(early, &err);
	if (job.recordings[0] >= 0 && (!early || job.recordings[1] >= 0))
		done = run_maker(set, &job);
	else
		log_say(set->writer->log, SCXRAY_LOG_WARNING,
			"the report is made in this process: %s", err.text);
	for (int i = 0; i < 2; i++)
		if (job.recordings[i] >= 0)
			close(job.recordings[i]);
	return done;
}

void report_set_write(struct report_writer *writer, enum artifact_kind kind, unsigned number,
		      struct moment *late, struct moment *early)
{
	struct set set = {
		.writer = writer,
		.kind = kind,
		.number = number,
		.late.moment = late,
		.early.moment = early,
	};
	size_t first;

	artifacts_written(writer->artifacts, &first);
	writer->set_status = SCXRAY_STATUS_OK;
	writer->set_message[0] = '\0';
	if (!writer->program || !write_apart(&set))
		write_here(&set);
	tell(&set, first);
	free(set.finding);
}
