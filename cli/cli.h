/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cli.h - what the parts of the scxray program share
 *
 *	main.c     the table of commands, --help, --version
 *	report.c   scxray report
 *	reread.c   parts of a report from its JSON
 *	html.c     scxray html
 *	validate.c scxray validate
 *	findings.c --annotate and --junit
 *	trace.c    scxray trace
 *	diff.c     scxray diff
 *	view.c     scxray check, tasks, task, dsqs, dsq, cpus, map, log: parts of a report
 *	apart.c    images that may crash a library: in a process of their own
 *	options.c  its options
 *	completion.c  what shells need to complete command lines
 *	output.c   where output goes: complete files or none, terminals, pipes
 *	timing.c   what --timing prints
 *
 * Status of every command: 0, or 1 where the work failed, or 2 where the command
 * line makes no sense.  With --exit-on it is 0, 1 where there is such a finding, or 2.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <getopt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define CLI_OK 0
#define CLI_FAILED 1
#define CLI_USAGE 2
/* With --exit-on: there is such a finding; or whether there is can't be told. */
#define CLI_FOUND 1
#define CLI_UNKNOWN 2

/* The columns of tables where output does not go to a terminal. */
#define CLI_PIPE_WIDTH 120

struct cli_command {
	const char *name;
	const char *summary; /* one line of `scxray --help` */
	const char *help;    /* all of `scxray help NAME` */
	int (*run)(int argc, char **argv);
	const struct option *options; /* those of getopt_long(), beside --help */
	const char *without;	      /* of these one that it does not take, or NULL */
};

int cli_report(int argc, char **argv);
int cli_html(int argc, char **argv);
int cli_validate(int argc, char **argv);
int cli_trace(int argc, char **argv);
int cli_diff(int argc, char **argv);
int cli_view(int argc, char **argv); /* by the command's name, argv[0] */
int cli_watch(int argc, char **argv);
int cli_attach(int argc, char **argv);
int cli_run(int argc, char **argv);

/* What `scxray help NAME` prints. */
extern const char cli_report_help[], cli_html_help[], cli_validate_help[], cli_trace_help[],
	cli_diff_help[];
extern const char cli_check_help[], cli_tasks_help[], cli_task_help[], cli_dsqs_help[];
extern const char cli_dsq_help[], cli_cpus_help[], cli_map_help[], cli_log_help[];
extern const char cli_watch_help[], cli_attach_help[], cli_run_help[];

extern const struct option cli_report_options[], cli_watch_options[], cli_attach_options[];
extern const struct option cli_run_options[], cli_validate_options[];
extern const struct option cli_trace_options[];

/*
 * What a shell ("bash", "zsh", "fish") needs to complete command lines of these commands, on standard output
 * (completion.c).  A status as above.
 */
int cli_complete(const char *shell, const struct cli_command *commands, size_t nr);

/*
 * One line on stderr: "scxray: " and the message, control characters replaced,
 * for it may quote a file's name or bytes.  Returns CLI_FAILED.
 */
int cli_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The same for a command line that makes no sense; returns CLI_USAGE. */
int cli_usage(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/*
 * The place of a word in a list that ends with NULL: the value of an option.  -1 where it is not
 * one of them; that is on stderr then.
 */
int cli_find_word(const char *option, const char *const *words, const char *word);

#endif
