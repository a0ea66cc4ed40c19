// SPDX-License-Identifier: BSD-2-Clause
/*
 * init - the first process of the lab: a machine under emulation that has a true KVM
 *
 * Loads the modules of /modules in the order of their names, mounts the host's files
 * (9p: tag "host", read only) and the folder for results (tag "lab"), and runs
 * /run/lab/run with the host's programs.  Then the machine is off.  What goes wrong is one
 * line on the console, beginning with "lab:".
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROOT "/host"
#define MODULES "/modules"
#define NINEP "trans=virtio,version=9p2000.L,msize=262144"
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* What the lab may write is below /run: a host has nothing there that a test needs. */
static const struct {
	const char *source, *path, *type;
	unsigned long flags;
	const char *options;
} mounts[] = {
	{ "proc", "/proc", "proc", 0, NULL },
	{ "host", ROOT, "9p", MS_RDONLY, NINEP ",cache=loose" },
	{ "proc", ROOT "/proc", "proc", 0, NULL },
	{ "sysfs", ROOT "/sys", "sysfs", 0, NULL },
	{ "devtmpfs", ROOT "/dev", "devtmpfs", 0, NULL },
	{ "tmpfs", ROOT "/run", "tmpfs", 0, NULL },
	{ "tmpfs", ROOT "/run/tmp", "tmpfs", 0, NULL },
	{ "lab", ROOT "/run/lab", "9p", 0, NINEP },
};

static void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("lab: ", stdout);
	vprintf(format, args);
	putchar('\n');
	fflush(stdout);
	va_end(args);
}

static void off(void)
{
	sync();
	reboot(RB_POWER_OFF);
	_exit(1);
}

static void die(const char *what)
{
	say("%s: %s", what, strerror(errno));
	off();
}

static int is_module(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void load_modules(void)
{
	struct dirent **names;
	int count = scandir(MODULES, &names, is_module, alphasort);

	if (count < 0)
		die(MODULES);
	for (int i = 0; i < count; i++) {
		char path[512];
		int fd;

		snprintf(path, sizeof(path), MODULES "/%s", names[i]->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
			die(path);
		close(fd);
	}
}

static void mount_all(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		mkdir(mounts[i].path, 0755);
		if (mount(mounts[i].source, mounts[i].path, mounts[i].type, mounts[i].flags,
			  mounts[i].options))
			die(mounts[i].path);
	}
}

static void run(void)
{
	char *const argv[] = { "/bin/sh", "/run/lab/run", NULL };
	char *const envp[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
			       "HOME=/run/tmp",
			       "TMPDIR=/run/tmp",
			       "TEMP=/run/tmp",
			       "TZ=UTC",
			       "LC_ALL=C.UTF-8",
			       "PYTHONDONTWRITEBYTECODE=1",
			       NULL };
	int status = 0;
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (!pid) {
		if (chroot(ROOT) || chdir("/run/lab"))
			die(ROOT);
		execve(argv[0], argv, envp);
		die(argv[0]);
	}
	/* Orphans come here as well. */
	for (pid_t dead = 0; dead != pid;) {
		dead = wait(&status);
		if (dead < 0 && errno != EINTR)
			die("wait");
	}
	say("run ended with status %d",
	    WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

int main(void)
{
	if (getpid() != 1)
		return 1;
	load_modules();
	mount_all();
	run();
	off();
}
