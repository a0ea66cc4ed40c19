/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * target_options.h - options that watch, attach and run share
 */
#ifndef CLI_TARGET_OPTIONS_H
#define CLI_TARGET_OPTIONS_H

#include "cli/session.h"

enum {
	TARGET_PID = 512,
	TARGET_DOMAIN,
	TARGET_LOG,
	TARGET_CORE,
	TARGET_SET,
	TARGET_JSON_LINES,
	TARGET_FOLDER,
};

/* For getopt_long(): */
#define TARGET_WHICH                                             \
	{ "pid", required_argument, NULL, TARGET_PID },          \
	{                                                        \
		"domain", required_argument, NULL, TARGET_DOMAIN \
	}
#define TARGET_FILES                                                  \
	{ "log", required_argument, NULL, TARGET_LOG },               \
		{ "output", required_argument, NULL, TARGET_FOLDER }, \
		{ "core", no_argument, NULL, TARGET_CORE },           \
	{                                                             \
		"json-lines", no_argument, NULL, TARGET_JSON_LINES    \
	}
#define TARGET_SETTING                                     \
	{                                                  \
		"set", required_argument, NULL, TARGET_SET \
	}

/* The texts that settings were made of. */
struct target_texts {
	char text[8][4096];
	size_t nr;
};

/*
 * All options of a command line, by getopt_long(): what follows them is at `optind`.  `file` gets
 * -o's value; NULL: it is the folder for the reports.  CLI_OK, or CLI_USAGE with a message.
 */
int target_options(struct session_options *options, struct target_texts *texts, int argc,
		   char **argv, const char *letters, const struct option *names, const char **file);

/* The target, where it is named by an argument. */
int target_argument(struct session_options *options, int argc, char **argv, int optind_now);

#endif
