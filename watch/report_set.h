/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_set.h - all files of one report: made in a process of its own, or in this one
 */
#ifndef WATCH_REPORT_SET_H
#define WATCH_REPORT_SET_H

#include "artifact.h"
#include "log.h"
#include "moment.h"

/* What sets are written with, and how that went; all borrowed but `program`. */
struct report_writer {
	const struct settings *settings;
	const struct log *log;
	struct artifacts *artifacts;
	char *program;			  /* that makes reports; NULL: this process does */
	enum scxray_plugin_status status; /* of the first thing that went wrong; 0: nothing did */
	char message[320];		  /* what it was */
	int stop_fd; /* an eventfd: readable when no report is wanted any more */
};

/* 0, or -1 with *err: as artifacts_create(). */
int report_writer_init(struct report_writer *writer, const struct settings *settings,
		       const struct log *log, struct scxray_error *err);
void report_writer_deinit(struct report_writer *writer);

/* Something went wrong: it is logged, and the first such thing kept. */
void report_writer_failed(struct report_writer *writer, enum scxray_plugin_status status,
			  const char *text);

/*
 * Writes all files of a report; `early` NULL: one moment alone.  What can't be written is logged and kept.
 * Blocks for report_deadline_ms at most where it is made in a process of its own.
 */
void report_set_write(struct report_writer *writer, enum artifact_kind kind, unsigned number,
		      struct moment *late, struct moment *early);

#endif
