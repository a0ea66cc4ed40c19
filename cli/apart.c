/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * apart.c - commands that read an image through a library that may crash on it
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <base/array.h>

#include "apart.h"

/* By its first bytes: capture/image/open.c has the same; a flattened one may hold either format. */
static bool is_kdump(const char *path)
{
	static const char *const magics[] = { "KDUMP   ", "DISKDUMP", "makedumpfile" };
	char begin[16] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? 0 : pread(fd, begin, sizeof(begin) - 1, 0);

	if (fd >= 0)
		close(fd);
	for (size_t i = 0; n > 0 && i < ARRAY_SIZE(magics); i++)
		if (!strncmp(begin, magics[i], strlen(magics[i])))
			return true;
	return false;
}

/* A broken heap makes many a library hang rather than crash: no limit here, the user has ^C. */
static int wait_for(pid_t pid, const char *path)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return cli_fail("waiting for a process of our own: %s", strerror(errno));
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	/* ended from outside: as if it had been this process */
	if (WTERMSIG(status) == SIGINT || WTERMSIG(status) == SIGTERM ||
	    WTERMSIG(status) == SIGPIPE || WTERMSIG(status) == SIGHUP) {
		signal(WTERMSIG(status), SIG_DFL);
		raise(WTERMSIG(status));
	}
	return cli_fail(
		"%s: libkdumpfile crashed on it (%s): the image is broken; make it anew, or "
		"unpack it with makedumpfile",
		path, strsignal(WTERMSIG(status)));
}

int apart_run(const struct cli_command *command, int argc, char **argv)
{
	const char *kdump = NULL;
	pid_t pid;

	for (int i = 1; i < argc && !kdump; i++)
		if (is_kdump(argv[i]))
			kdump = argv[i];
	pid = kdump ? fork() : -1;
	if (pid > 0) {
		/* a terminal's ^C goes to both, and the child says how it ended */
		signal(SIGINT, SIG_IGN);
		return wait_for(pid, kdump);
	}
	if (!pid) {
		struct rlimit none = { 0 };

		setrlimit(RLIMIT_CORE, &none);
	}
	return command->run(argc, argv);
}
