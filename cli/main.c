/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * main.c - the scxray program: a table of commands
 */
#include <bpf/libbpf.h>
#include <string.h>

#include <base/array.h>

#include "watch/maker.h"
#include "watch/maker_main.h"

#include "apart.h"
#include "cli.h"
#include "output.h"

static const struct cli_command commands[] = {
	{ "watch", "watch a guest that QEMU runs, and report its failures", cli_watch_help,
	  cli_watch, cli_watch_options, NULL },
	{ "run", "run a command that starts QEMU, and watch its guests", cli_run_help, cli_run,
	  cli_run_options, NULL },
	{ "attach", "report on a guest that QEMU runs, as it is now", cli_attach_help, cli_attach,
	  cli_attach_options, NULL },
	{ "report", "write the report of an image file", cli_report_help, cli_report,
	  cli_report_options, NULL },
	{ "check", "only the diagnosis; the exit status tells whether there is an error",
	  cli_check_help, cli_view, cli_report_options, "only" },
	{ "tasks", "only the tasks", cli_tasks_help, cli_view, cli_report_options, "only" },
	{ "task", "only the tasks with a pid or a name", cli_task_help, cli_view,
	  cli_report_options, "only" },
	{ "dsqs", "only the dispatch queues", cli_dsqs_help, cli_view, cli_report_options, "only" },
	{ "dsq", "only one dispatch queue", cli_dsq_help, cli_view, cli_report_options, "only" },
	{ "cpus", "only the CPUs: their run queues, what they run", cli_cpus_help, cli_view,
	  cli_report_options, "only" },
	{ "map", "only one BPF map", cli_map_help, cli_view, cli_report_options, "only" },
	{ "log", "only the kernel's log", cli_log_help, cli_view, cli_report_options, "only" },
	{ "diff", "what changed between two reports of one boot", cli_diff_help, cli_diff,
	  cli_report_options, "early" },
	{ "html", "write it as a page to look at, with any browser", cli_html_help, cli_html,
	  cli_report_options, NULL },
	{ "trace", "a report's JSON as a trace for Perfetto", cli_trace_help, cli_trace,
	  cli_trace_options, NULL },
	{ "validate", "is a file a report's JSON, by the schema?", cli_validate_help, cli_validate,
	  cli_validate_options, NULL },
};

#define NR_COMMANDS ARRAY_SIZE(commands)

static const struct cli_command *find_command(const char *name)
{
	for (size_t i = 0; i < NR_COMMANDS; i++)
		if (!strcmp(name, commands[i].name))
			return &commands[i];
	return NULL;
}

static int overview(FILE *out)
{
	fputs("scxray: post-mortem reports of sched_ext schedulers from a guest's memory\n\n"
	      "usage: scxray COMMAND [OPTION...] [FILE...]\n"
	      "       scxray help COMMAND | scxray COMMAND --help\n"
	      "       scxray completion bash|zsh|fish\n"
	      "       scxray --version\n\n"
	      "commands:\n",
	      out);
	for (size_t i = 0; i < NR_COMMANDS; i++)
		fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
	fputs("\nexit status: 0 done, 1 the work failed, 2 the command line makes no sense\n", out);
	return output_flush_stdout();
}

/* A tab is the second column of a line. */
static int print_help(const struct cli_command *command)
{
	const char *line = command->help;

	while (*line) {
		size_t length = strcspn(line, "\t\n");

		if (line[length] == '\t')
			printf("%-26.*s", (int)length, line);
		else
			printf("%.*s\n", (int)length, line);
		line += length + !!line[length];
	}
	return output_flush_stdout();
}

static int help(int argc, char **argv)
{
	const struct cli_command *command;

	if (argc < 2)
		return overview(stdout);
	if (argc > 2)
		return cli_usage("too many arguments: %s: help takes one command", argv[2]);
	command = find_command(argv[1]);
	if (!command)
		return cli_usage("no such command: %s", argv[1]);
	return print_help(command);
}

static int version(void)
{
	puts("scxray " SCXRAY_VERSION);
	return output_flush_stdout();
}

/* Is the next argument this option's value? */
static bool takes_next(const struct option *options, const char *arg)
{
	if (!strcmp(arg, "-o"))
		return true;
	for (; options && options->name; options++)
		if (options->has_arg == required_argument && !strncmp(arg, "--", 2) &&
		    !strcmp(arg + 2, options->name))
			return true;
	return false;
}

/* --help after the command that scxray run starts is that command's. */
static bool asks_for_help(const struct cli_command *command, int argc, char **argv)
{
	for (int i = 2; i < argc && strcmp(argv[i], "--"); i++) {
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return true;
		if (command->run != cli_run)
			continue;
		if (argv[i][0] != '-')
			return false;
		i += takes_next(command->options, argv[i]);
	}
	return false;
}

int main(int argc, char **argv)
{
	const struct cli_command *command;
	const char *name = argc > 1 ? argv[1] : NULL;

	/* libbpf complains on stderr of a guest's BTF; what is wrong with it is in the report */
	libbpf_set_print(NULL);
	if (!name)
		return cli_usage("no command given");
	if (!strcmp(name, "--help") || !strcmp(name, "-h"))
		return overview(stdout);
	if (!strcmp(name, "help"))
		return help(argc - 1, argv + 1);
	if (!strcmp(name, "--version") || !strcmp(name, "-V"))
		return version();
	if (!strcmp(name, MAKER_COMMAND))
		return maker_main(argc - 2, argv + 2);
	if (!strcmp(name, "completion")) {
		if (argc != 3)
			return cli_usage("completion takes the name of a shell: bash, zsh or fish");
		return cli_complete(argv[2], commands, NR_COMMANDS);
	}

	command = find_command(name);
	if (!command)
		return cli_usage("no such %s: %s", name[0] == '-' ? "option" : "command", name);
	if (asks_for_help(command, argc, argv))
		return print_help(command);
	return command->options == cli_report_options ? apart_run(command, argc - 1, argv + 1)
						      : command->run(argc - 1, argv + 1);
}
