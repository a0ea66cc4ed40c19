/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * view.c - commands that show a part of a report: what --only shows, by a shorter name
 */
#include <string.h>

#include "cli.h"
#include "options.h"

#define HELP_REST                                                                          \
	"\n"                                                                               \
	"FILE is an image, a core, or a report's JSON, and the options are those of\n"     \
	"scxray report: --early HALF for two moments, --format json, -o OUT, --full and\n" \
	"so on; scxray help report lists them.\n"

#define HELP_STATUS                                                                    \
	"\nExit status: 0 it was written, 1 it was not, 2 the command line makes no\n" \
	"sense.\n"

#define HELP_NONE                                                                         \
	"\nExit status: 0 it was written, 1 it was not, or there is no such one, 2 the\n" \
	"command line makes no sense.\n"

const char cli_check_help[] =
	"usage: scxray check [OPTION...] FILE\n"
	"\n"
	"Writes the diagnosis, and tells by its exit status whether anything is wrong.\n"
	"\n"
	"  --exit-on error|warning what counts as wrong; default error\n" HELP_REST
	"\nExit status: 0 no such finding, 1 there is one, 2 it can't be told: the image is\n"
	"not readable, or a part that findings are made of is missing (one line on stderr\n"
	"says which), or the command line makes no sense.\n";

const char cli_tasks_help[] =
	"usage: scxray tasks [OPTION...] FILE\n"
	"\n"
	"Writes the tasks, the longest waiting first, with their kernel stacks.\n" HELP_REST
		HELP_STATUS;

const char cli_task_help[] =
	"usage: scxray task PID|COMM [OPTION...] FILE\n"
	"\n"
	"Writes the task with that pid, or those with that name; a pattern such as\n"
	"'kworker*' is a name, too.\n" HELP_REST HELP_NONE;

const char cli_dsqs_help[] =
	"usage: scxray dsqs [OPTION...] FILE\n"
	"\n"
	"Writes the dispatch queues, and who is on them.\n" HELP_REST HELP_STATUS;

const char cli_dsq_help[] =
	"usage: scxray dsq ID [OPTION...] FILE\n"
	"\n"
	"Writes the dispatch queue with that id: a number such as 0x57a11, a name such as\n"
	"SCX_DSQ_GLOBAL, or a place such as 'local cpu 1'.\n" HELP_REST HELP_NONE;

const char cli_cpus_help[] =
	"usage: scxray cpus [OPTION...] FILE\n"
	"\n"
	"Writes the CPUs: their run queues, and where each vCPU was.\n" HELP_REST HELP_STATUS;

const char cli_map_help[] =
	"usage: scxray map NAME [OPTION...] FILE\n"
	"\n"
	"Writes the BPF map with that name, or those that match a pattern.\n" HELP_REST HELP_NONE;

const char cli_log_help[] = "usage: scxray log [OPTION...] FILE\n"
			    "\n"
			    "Writes the last records of the kernel's log.\n" HELP_REST HELP_STATUS;

/* What each command shows. */
static const struct {
	const char *name;
	struct report_view view;
} views[] = {
	{ "check", { .groups = { "diagnosis" }, .exit_on = SCXRAY_SEVERITY_ERROR } },
	{ "tasks", { .groups = { "tasks" } } },
	{ "task", { .groups = { "tasks" }, .operand = "a task's pid or name" } },
	{ "dsqs", { .groups = { "dsqs" } } },
	{ "dsq", { .groups = { "dsqs" }, .operand = "a queue's id" } },
	{ "cpus", { .groups = { "rqs", "vcpus" } } },
	{ "map", { .groups = { "maps" }, .operand = "a map's name" } },
	{ "log", { .groups = { "log" } } },
};

int cli_view(int argc, char **argv)
{
	struct report_options options;
	size_t i = 0;
	int status;

	while (strcmp(views[i].name, argv[0]))
		i++;
	status = options_parse(&options, REPORT_TEXT, &views[i].view, argc, argv);
	return status ? status : report_write(&options);
}
