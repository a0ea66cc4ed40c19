/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_writer.h - what sets of files are written with, and how that went
 *
 * The watcher's thread makes it; the thread that writes alone uses it until that has ended.
 */
#ifndef WATCH_REPORT_WRITER_H
#define WATCH_REPORT_WRITER_H

#include "artifact.h"
#include "hooks.h"
#include "log.h"

/* What sets are written with, and how that went; all borrowed but `program` and `finding`. */
struct report_writer {
	const struct settings *settings;
	const struct log *log;
	struct artifacts *artifacts;
	char *program;			  /* that makes reports; NULL: this process does */
	enum scxray_plugin_status status; /* of the first thing that went wrong; 0: nothing did */
	char message[320];		  /* what it was */
	enum scxray_plugin_status set_status; /* the same of the set that is being written */
	char set_message[320];
	char *finding; /* of the first failure; before there is one, of what was written first */
	const struct watch_hooks *hooks; /* NULL: nobody is told */
	int stop_fd; /* an eventfd: readable when no report is wanted any more */
};

#define REPORT_DEGRADED_TEXT "vCPUs did not park: the report is a degraded one"

/* 0, or -1 with *err: as artifacts_create(). */
int report_writer_init(struct report_writer *writer, const struct settings *settings,
		       const struct log *log, struct scxray_error *err);
void report_writer_deinit(struct report_writer *writer);

/* Something went wrong: it is logged, and the first such thing kept. */
void report_writer_failed(struct report_writer *writer, enum scxray_plugin_status status,
			  const char *text);

#endif
