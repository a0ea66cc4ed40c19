/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pager.c - a program that shows long text page by page on the terminal
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <base/array.h>

#include "cli.h"
#include "pager.h"

#define NOT_FOUND 127 /* of a shell: there is no such command */

static bool is_installed(const char *name)
{
	static const char *const folders[] = { "/usr/bin", "/bin", "/usr/local/bin" };
	char path[64];

	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		snprintf(path, sizeof(path), "%s/%s", folders[i], name);
		if (!access(path, X_OK))
			return true;
	}
	return false;
}

const char *pager_command(void)
{
	const char *term = getenv("TERM"), *command = getenv("SCXRAY_PAGER");

	if (!isatty(STDOUT_FILENO) || !term || !*term || !strcmp(term, "dumb"))
		return NULL;
	if (!command)
		command = getenv("PAGER");
	if (!command)
		command = is_installed("less") ? "less" : is_installed("more") ? "more" : "";
	return *command && strcmp(command, "cat") != 0 ? command : NULL;
}

/* Lines of text are cut at the terminal's width, or nearly so: each is a row. */
static bool fits(const char *text, size_t size)
{
	struct winsize window;
	size_t rows = 0;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) || !window.ws_row)
		return true;
	for (const char *at = text; (at = memchr(at, '\n', size - (size_t)(at - text))); at++)
		rows++;
	return rows < window.ws_row; /* the last row is the shell's prompt */
}

/* The writing end of a pipe to the pager, or NULL; *pid is to be waited for. */
static FILE *start(const char *command, pid_t *pid)
{
	int ends[2];
	FILE *to;

	if (pipe(ends))
		return NULL;
	*pid = fork();
	if (!*pid) {
		dup2(ends[0], STDIN_FILENO);
		close(ends[0]);
		close(ends[1]);
		/* colours as they are, and no page where less is one after all */
		setenv("LESS", "FRX", 0);
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(NOT_FOUND);
	}
	close(ends[0]);
	to = *pid > 0 ? fdopen(ends[1], "w") : NULL;
	if (!to)
		close(ends[1]);
	return to;
}

int pager_show(const char *command, const char *text, size_t size)
{
	static const int held[] = { SIGINT, SIGQUIT, SIGPIPE };
	void (*old[ARRAY_SIZE(held)])(int);
	int status = 0;
	pid_t pid;
	FILE *to;

	if (fits(text, size))
		return -1;
	fflush(stdout);
	to = start(command, &pid);
	if (!to)
		return -1;
	/* ^C is the pager's, and it may leave before it has read all */
	for (size_t i = 0; i < ARRAY_SIZE(held); i++)
		old[i] = signal(held[i], SIG_IGN);
	fwrite(text, 1, size, to);
	fclose(to);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	for (size_t i = 0; i < ARRAY_SIZE(held); i++)
		signal(held[i], old[i]);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_FOUND)
		return cli_fail(
			"cannot run the pager \"%s\" (SCXRAY_PAGER, PAGER): is it installed? "
			"--no-pager does without",
			command);
	return CLI_OK;
}
