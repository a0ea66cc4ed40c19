/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maker_main.c - the process that makes reports
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "jail.h"
#include "log.h"
#include "maker.h"
#include "maker_main.h"
#include "now.h"
#include "outputs.h"

/* What a capture takes beside guest pages and its report: symbols and types of a kernel. */
#define KERNEL_BYTES (512ULL << 20)

/* A recording, and what was made of it. */
struct half {
	struct scxray_source *source;
	struct scxray_report *report;
	uint64_t decode_us;
};

/* What the process was given; looked up before it is confined. */
struct given {
	bool early;
	FILE *files[ARTIFACT_NR_PARTS];
};

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void given_find(struct given *given)
{
	given->early = is_open(MAKER_FD_EARLY);
	for (int part = 0; part < ARTIFACT_NR_PARTS; part++)
		given->files[part] = fdopen(MAKER_FD_PARTS + part, "w");
}

static int half_read(struct half *half, int fd, const char *which, const struct settings *settings,
		     struct scxray_error *err)
{
	uint64_t start = now_ns();

	half->source = scxray_source_open_fd(fd, which, err);
	if (half->source)
		half->report = scxray_capture(half->source, &settings->capture, err);
	half->decode_us = (now_ns() - start) / NS_PER_US;
	return half->report ? 0 : -1;
}

static void say(const char *what, const char *text)
{
	char line[MAKER_MAX_LINE];

	snprintf(line, sizeof(line) - 1, "%s%s%s", what, *text ? " " : "", text);
	log_printable(line);
	printf("%s\n", line);
	fflush(stdout);
}

static void write_file(void *context, enum artifact_part part, output_writer *writer, void *arg)
{
	struct scxray_error why = { 0 };
	FILE *out = ((struct given *)context)->files[part];
	char name[32];
	int failed;

	if (!out) /* not to be had when it was opened, which was told */
		return;
	snprintf(name, sizeof(name), "part %u", (unsigned)part);
	failed = writer(arg, out, &why);
	if (fclose(out) && !failed)
		failed = scxray_fail(&why, SCXRAY_ERR_IO, 0, "%m");
	say(name, !failed ? "" : *why.text ? why.text : "out of memory");
}

static void write_all(const struct settings *settings, struct given *given, const struct half *late,
		      const struct half *early)
{
	struct scxray_document doc;
	struct outputs outputs = {
		.settings = settings,
		.doc = &doc,
		.late = late->source,
		.early = early->source,
	};
	char *finding;

	if (early->report)
		scxray_document_dual(&doc, early->report, late->report, NULL);
	else
		scxray_document_single(&doc, late->report);
	doc.late_decode_us = late->decode_us;
	doc.early_decode_us = early->decode_us;
	outputs_write(&outputs, write_file, given);
	finding = scxray_document_first_finding(&doc);
	if (finding)
		say("finding", finding);
	free(finding);
}

static int confine(const struct settings *settings, struct scxray_error *err)
{
	const struct scxray_settings *capture = &settings->capture;
	struct jail_limits limits = {
		.memory_bytes =
			KERNEL_BYTES + 4 * capture->max_report_bytes + 4 * capture->max_copy_bytes,
		.file_bytes = KERNEL_BYTES + capture->max_copy_bytes,
		.processor_sec = settings->report_deadline_ms / 1000 + 1,
	};

	return jail_enter(&limits, err);
}

static int make(char **list, struct scxray_error *err)
{
	struct half late = { 0 }, early = { 0 };
	struct settings settings;
	struct given given;

	given_find(&given);
	if (settings_init(&settings, (const char *const *)list, err) || confine(&settings, err) ||
	    half_read(&late, MAKER_FD_LATE, "the late recording", &settings, err) ||
	    (given.early &&
	     half_read(&early, MAKER_FD_EARLY, "the early recording", &settings, err)))
		return -1;
	write_all(&settings, &given, &late, &early);
	return 0;
}

int maker_main(int nr, char **arguments)
{
	struct scxray_error err = { 0 };

	if (!is_open(MAKER_FD_LATE) || nr < 1)
		scxray_fail(&err, SCXRAY_ERR_INVALID, 0,
			    "it is started by the plugin or by scxray watch, and not by hand");
	else if (strcmp(arguments[0], SCXRAY_VERSION) != 0)
		scxray_fail(&err, SCXRAY_ERR_INVALID, 0,
			    "the scxray program is " SCXRAY_VERSION ", and not %.40s as this is",
			    arguments[0]);
	else
		make(arguments + 1, &err);
	if (*err.text)
		say("failed", err.text);
	say("end", "");
	/* all is written; what a leak detector does is not allowed here */
	_exit(*err.text ? EXIT_FAILURE : EXIT_SUCCESS);
}
