// SPDX-License-Identifier: BSD-2-Clause
/*
 * init.c - the first process of a guest that reports on itself: runs scxray on /proc/kcore, says so
 * on the console, and stays, so that the host can take an image of the same guest
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void run(char *const argv[], uid_t uid)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		dup2(1, 2);
		if (uid && setuid(uid))
			_exit(126);
		execv(argv[0], argv);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	printf("=== status %d\n", WEXITSTATUS(status));
	fflush(stdout);
}

int main(void)
{
	char *report[] = { "/scxray", "report", "--full", "--color=never", "/proc/kcore", NULL };
	char *alone[] = { "/scxray", "report", NULL };

	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mkdir("/dev", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sysfs", "/sys", "sysfs", 0, NULL);
	mount("devtmpfs", "/dev", "devtmpfs", 0, NULL);
	int console = open("/dev/console", O_RDWR);
	for (int fd = 0; fd < 3; fd++)
		dup2(console, fd);
	printf("=== report\n");
	fflush(stdout);
	run(report, 0);
	printf("=== as a user\n");
	fflush(stdout);
	run(report, 65534);
	printf("=== alone\n");
	fflush(stdout);
	run(alone, 0);
	printf("=== done\n");
	fflush(stdout);
	for (;;)
		pause();
}
