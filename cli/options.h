/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.h - the command line of `scxray report`
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>

#include <scxray/capture.h>
#include <scxray/render.h>

#include "output.h"

enum report_format {
	REPORT_TEXT,
	REPORT_JSON,
	REPORT_HTML,
	REPORT_CSV, /* of a command that shows a list */
};

struct report_options {
	const char *image;	     /* the image file; of a pair the late one */
	const char *early;	     /* the half-way image, or NULL: a single report */
	const char *output;	     /* file, or NULL: standard output */
	const char *save_core;	     /* where to save the core of `image`, or NULL */
	const char *save_early_core; /* the same for `early` */
	enum report_format format;
	enum scxray_json_form json_form;
	bool no_pager;
	bool timing;
	bool summary;
	bool full;
	bool force;
	struct scxray_selection only; /* groups of the report; zeroed: all */
	const char *operand;	      /* what a view shows one of, or NULL */
	enum scxray_severity exit_on; /* 0: the status does not tell of findings */
	bool annotate;		      /* the findings as lines for GitHub Actions */
	const char *junit;	      /* where the findings go as JUnit's XML, or NULL */
	enum output_color color;
	unsigned width; /* 0: the terminal's, or CLI_PIPE_WIDTH */
	struct scxray_settings settings;
};

/* A command that shows a part of a report. */
struct report_view {
	const char *groups[2];	      /* of --only; NULL after the last */
	const char *operand;	      /* what is named before FILE, of groups[0]; NULL: nothing */
	enum scxray_severity exit_on; /* 0: only where --exit-on is given */
	bool pair;		      /* two files, the earlier first: no --early */
};

/*
 * CLI_OK; or CLI_USAGE, and the reason is on stderr.  `usual` is the format where neither --format
 * nor the output file's name says one.  `view` NULL: all of a report, as --only says.
 */
int options_parse(struct report_options *options, enum report_format usual,
		  const struct report_view *view, int argc, char **argv);

/* Reads the images and writes the report, as the options say (report.c).  A status of cli.h. */
int report_write(const struct report_options *options);

/*
 * Says on stderr what was asked for by name and is not in the document, and which maps there are.
 * CLI_FAILED where that was a view's operand; a report of --only is written all the same.
 */
int report_find_selected(const struct scxray_document *doc, const struct report_options *options);

/* Writes a document as the options say.  A status of cli.h. */
int report_render(const struct scxray_document *doc, const struct report_options *options);

/* What --annotate and --junit ask for (findings.c). A status of cli.h. */
int report_findings(const struct scxray_document *doc, const struct report_options *options);

/* The status that --exit-on asks for. */
int report_check(const struct report_options *options, const struct scxray_document *doc);

/* report_write() of the `nr` bytes of a report's JSON (reread.c). */
int report_reread(const struct report_options *options, const char *json, size_t nr);

#endif
