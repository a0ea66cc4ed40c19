/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run.c - scxray run: starts a command that runs QEMU somewhere below, and watches the guests
 *
 * Each guest is watched by a process of its own, which is a child of this one: several may run at
 * a time.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/shim.h"
#include "cli/target_options.h"

const char cli_run_help[] =
	"usage: scxray run [OPTION...] [--] COMMAND [ARGUMENT...]\n"
	"\n"
	"Runs a command that starts QEMU (vng -r, qemu-system-x86_64, make test), and watches the\n"
	"sched_ext schedulers of its guests, as scxray watch does. QEMU gets one more -qmp socket\n"
	"by a folder that is first in the command's PATH.\n"
	"\n"
	"  --log FILE          the test's log: reports go to its folder, under its name\n"
	"  -o, --output DIR    folder for the reports; default the current one\n"
	"  --core              write what the reports are read from, as well\n"
	"  --set KEY=VALUE     a setting, as of the plugin: scxray-vmm --plugin-settings lists them\n"
	"  --json-lines        say what happens on standard output, one JSON object a line\n"
	"  -h, --help          this text\n"
	"\n"
	"A second guest's reports are called vm-2 (or with --log by the log's name and -2), and so\n"
	"on. Exit status: the command's; 127 where it could not be started.\n";

const struct option cli_run_options[] = {
	TARGET_FILES,
	TARGET_SETTING,
	{ 0 },
};

#define POLL_MS 50 /* for a new socket */
#define MAX_GUESTS 64

struct run {
	struct session_options *options;
	struct shim shim;
	struct shim_told told;
	pid_t watchers[MAX_GUESTS];
	size_t nr;
};

static bool is_path_of_qemu(const char *command)
{
	const char *name = strrchr(command, '/');

	return name && !strncmp(name + 1, "qemu-system-x86_64", 18);
}

static pid_t start(const struct shim *shim, char **argv)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	shim_enter(shim);
	execvp(argv[0], argv);
	cli_fail("%s: %s", argv[0], strerror(errno));
	_exit(127);
}

/* One that is given by its path is not found by PATH: its arguments get the monitor. */
static char **add_monitor(const struct shim *shim, int argc, char **argv)
{
	static char monitor[256];
	char **longer = calloc((size_t)argc + 3, sizeof(*longer));

	if (!longer)
		return argv;
	snprintf(monitor, sizeof(monitor), "unix:%s/1.qmp,server=on,wait=off", shim->folder);
	memcpy(longer, argv, (size_t)argc * sizeof(*longer));
	longer[argc] = "-qmp";
	longer[argc + 1] = monitor;
	return longer;
}

/* The settings of guest number `nr`, whose files must not be the first one's. */
static void rename_files(struct session_options *options, size_t nr)
{
	static char text[4200];
	const char *value;
	size_t len;

	if (nr < 2)
		return;
	for (size_t i = 0; options->settings[i]; i++) {
		if (strncmp(options->settings[i], "log=", 4) != 0)
			continue;
		value = options->settings[i];
		len = strlen(value);
		if (len > 4 && !strcmp(value + len - 4, ".log"))
			len -= 4;
		snprintf(text, sizeof(text), "%.*s-%zu.log", (int)len, value, nr);
		options->settings[i] = text;
		return;
	}
	snprintf(text, sizeof(text), "name=vm-%zu", nr);
	session_set(options, text);
}

/* A process that watches one guest until it ends. */
static void watch(struct run *run, const char *socket)
{
	struct session session;
	pid_t pid;
	int status;

	if (run->nr == MAX_GUESTS)
		return;
	pid = fork();
	if (pid > 0)
		run->watchers[run->nr++] = pid;
	if (pid)
		return;
	run->options->target.address = socket;
	rename_files(run->options, run->nr + 1);
	status = session_open(&session, run->options);
	if (!status) {
		session_wait(&session, -1);
		status = session_finish(&session);
	}
	session_close(&session);
	fflush(NULL);
	_exit(status);
}

static int status_of(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int supervise(struct run *run, pid_t command)
{
	struct pollfd end = { .fd = (int)syscall(SYS_pidfd_open, command, 0), .events = POLLIN };
	char socket[256];
	int status = 0;

	while (!waitpid(command, &status, WNOHANG)) {
		while (shim_next(&run->shim, &run->told, socket, sizeof(socket)))
			watch(run, socket);
		poll(&end, 1, POLL_MS);
	}
	if (end.fd >= 0)
		close(end.fd);
	/* a guest in the background is watched to its end */
	for (size_t i = 0; i < run->nr; i++)
		while (waitpid(run->watchers[i], NULL, 0) < 0 && errno == EINTR)
			;
	if (!run->nr)
		cli_fail("the command started no QEMU that scxray could give a monitor: it has "
			 "to be found by PATH");
	return status_of(status);
}

static int run_command(struct session_options *options, int argc, char **argv)
{
	struct run run = { .options = options };
	pid_t command;
	int status = CLI_FAILED;

	if (!shim_make(&run.shim)) {
		/* Ctrl-C ends the command, and so the watchers; this process sees to the rest */
		signal(SIGINT, SIG_IGN);
		signal(SIGQUIT, SIG_IGN);
		if (is_path_of_qemu(argv[0]))
			argv = add_monitor(&run.shim, argc, argv);
		command = start(&run.shim, argv);
		status = command > 0 ? supervise(&run, command)
				     : cli_fail("no process: %s", strerror(errno));
	}
	shim_remove(&run.shim);
	return status;
}

int cli_run(int argc, char **argv)
{
	static struct target_texts texts;
	static struct session_options options;

	if (target_options(&options, &texts, argc, argv, "+:o:", cli_run_options, NULL))
		return CLI_USAGE;
	if (optind == argc)
		return cli_usage("no command given");
	return run_command(&options, argc - optind, argv + optind);
}
