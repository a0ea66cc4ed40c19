/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maker.h - a process of its own that makes reports
 *
 * Types, maps and texts of a guest's memory are an attacker's: what parses them does so in a
 * process that has nothing else (jail.h).  The recordings go to it as sealed memory files, the files to
 * write as descriptors; if it dies, or takes too long, the VMM lives on.
 *
 * It is the scxray program, started with the command MAKER_COMMAND:
 *
 *	scxray make-report VERSION KEY=VALUE...		what differs from the settings' defaults
 *	1			to tell how it went, a line each: "part N", "part N why", "finding TEXT", "failed TEXT", "end"
 *	MAKER_FD_LATE		the late recording, as a core
 *	MAKER_FD_EARLY		the early one; closed if there is none
 *	MAKER_FD_PARTS + N	the file for part N; closed if it is not wanted
 */
#ifndef WATCH_MAKER_H
#define WATCH_MAKER_H

#include <stdbool.h>

#include <scxray/capture.h>

#include "artifact_name.h"
#include "settings.h"

#define MAKER_COMMAND "make-report"
#define MAKER_FD_LATE 3
#define MAKER_FD_EARLY 4
#define MAKER_FD_PARTS 5
#define MAKER_MAX_LINE 1024

/*
 * Where the scxray program is that the setting `isolate` asks for: to be freed.  NULL and *why, static
 * text: there is none, or it is turned off.
 */
char *maker_program(const struct settings *settings, const char **why);

struct maker_job {
	const char *program;
	const struct settings *settings;
	int recordings[2]; /* memory files of the late and the early one; -1: there is none */
	int parts[ARTIFACT_NR_PARTS]; /* files to write; -1: not wanted */
	int stop_fd;		      /* readable: the report is not wanted any more */
};

struct maker_result {
	bool started;
	bool stopped; /* by stop_fd */
	bool whole[ARTIFACT_NR_PARTS];
	struct scxray_error why[ARTIFACT_NR_PARTS]; /* of those that are not */
	char finding[MAKER_MAX_LINE];		    /* the report's first; "": none */
	char failure[MAKER_MAX_LINE];		    /* "": the process did all */
};

/* A sealed memory file with all that was recorded, as a core.  -1 with *err: no memory. */
int maker_recording(struct scxray_source *source, struct scxray_error *err);

/*
 * Runs the process to its end, for settings->report_deadline_ms at most; descriptors stay the caller's.
 * What result tells of it is printable.  0, or -1 with result->failure: it could not be started, it died, was too
 * slow, or could not read the recordings.
 */
int maker_run(const struct maker_job *job, struct maker_result *result);

#endif
