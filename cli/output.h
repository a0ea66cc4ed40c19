/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * output.h - where output goes
 *
 *	if (output_open(&out, path))		path NULL: standard output
 *		return CLI_FAILED;
 *	fprintf(out.stream, ...);
 *	return output_commit(&out);		or output_abandon(&out)
 *
 * A regular file appears complete or not at all: it is written beside its place
 * under another name and renamed when every byte is on disk.  Pipes, terminals
 * and devices are written as they are.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>

#include <scxray/file.h>

struct output {
	FILE *stream;
	char *path;		 /* final name; NULL for standard output */
	struct scxray_file file; /* its stream is NULL where it is written in place */
	bool held;
	sigset_t signals;	/* mask to go back to when the temporary file is gone */
	void (*too_large)(int); /* what SIGXFSZ did before */
	const char *pager;	/* for `text`, which then is what goes to standard output */
	char *text;
	size_t text_size;
};

/* Both print what is wrong, and return CLI_OK or CLI_FAILED. */
int output_open(struct output *out, const char *path);
/* The same of a file that only its owner may read: it holds a guest's memory. */
int output_open_private(struct output *out, const char *path);
/* The same; on a terminal, text that is longer than it goes through the user's pager (pager.h). */
int output_open_paged(struct output *out, const char *path);
int output_commit(struct output *out);

/* Closes the stream and removes what was written. */
void output_abandon(struct output *out);

/*
 * Says, once, why a write to `stream` has failed, and returns CLI_FAILED.  A
 * reader that has gone away (EPIPE) needs no message.
 */
int output_failed(const char *path, int error);

/* Flushes standard output at a command's end, and looks whether all went well. */
int output_flush_stdout(void);

/* Whether two names are of one existing file. */
bool output_same_file(const char *a, const char *b);

enum output_color {
	OUTPUT_COLOR_AUTO,
	OUTPUT_COLOR_ALWAYS,
	OUTPUT_COLOR_NEVER
};

/* Whether standard output wants colour; `path` as for output_open(). */
bool output_wants_color(enum output_color choice, const char *path);

/* The columns that tables may use there. */
unsigned output_width(const char *path);

#endif
