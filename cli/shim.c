/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * shim.c - a folder, first in PATH, whose QEMUs are the real ones with one more monitor socket
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <base/array.h>

#include "cli/cli.h"
#include "cli/shim.h"

static const char *const programs[] = { "qemu-system-x86_64", "qemu-kvm", "kvm", "qemu" };
#define NR_PROGRAMS ARRAY_SIZE(programs)

/* The process stays the same, so its number tells sockets of several apart. */
static const char script[] = "#!/bin/sh\n"
			     "# Made by scxray run: the real QEMU, with a monitor for scxray.\n"
			     "PATH=${PATH#\"$SCXRAY_SHIM\":}\n"
			     "export PATH\n"
			     "exec \"${0##*/}\" \"$@\" -qmp "
			     "\"unix:$SCXRAY_SHIM/$$.qmp,server=on,wait=off\"\n";

static int make_program(const struct shim *shim, const char *name)
{
	char path[256];
	int fd, bad;

	snprintf(path, sizeof(path), "%s/%s", shim->folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	bad = fd < 0 || write(fd, script, sizeof(script) - 1) != sizeof(script) - 1;
	if (fd >= 0)
		bad |= close(fd);
	return bad ? cli_fail("%s: %s", path, strerror(errno)) : CLI_OK;
}

int shim_make(struct shim *shim)
{
	const char *tmp = getenv("XDG_RUNTIME_DIR");

	if (!tmp || strlen(tmp) > 64 || access(tmp, W_OK))
		tmp = "/tmp";
	/* a socket's path has 108 bytes */
	snprintf(shim->folder, sizeof(shim->folder), "%s/scxray.XXXXXX", tmp);
	if (!mkdtemp(shim->folder)) {
		int error = errno;

		shim->folder[0] = '\0';
		return cli_fail("%s: no folder can be made there: %s", tmp, strerror(error));
	}
	for (size_t i = 0; i < NR_PROGRAMS; i++)
		if (make_program(shim, programs[i]))
			return CLI_FAILED;
	return CLI_OK;
}

static bool is_socket_name(const char *name)
{
	size_t digits = strspn(name, "0123456789");

	return digits && digits < 16 && !strcmp(name + digits, ".qmp");
}

void shim_remove(struct shim *shim)
{
	char path[512];
	struct dirent *entry;
	DIR *dir = *shim->folder ? opendir(shim->folder) : NULL;

	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s", shim->folder, entry->d_name);
		if (entry->d_name[0] != '.')
			unlink(path);
	}
	if (dir)
		closedir(dir);
	if (*shim->folder)
		rmdir(shim->folder);
	shim->folder[0] = '\0';
}

void shim_enter(const struct shim *shim)
{
	const char *path = getenv("PATH");
	char *text = NULL;

	if (asprintf(&text, "%s:%s", shim->folder, path ? path : "/usr/bin:/bin") < 0)
		return;
	setenv("PATH", text, 1);
	setenv("SCXRAY_SHIM", shim->folder, 1);
	free(text);
}

static bool was_told(const struct shim_told *told, const char *name)
{
	for (size_t i = 0; i < told->nr; i++)
		if (!strcmp(told->names[i], name))
			return true;
	return false;
}

bool shim_next(const struct shim *shim, struct shim_told *told, char *path, size_t size)
{
	DIR *dir = opendir(shim->folder);
	struct dirent *entry;
	bool found = false;

	while (!found && dir && (entry = readdir(dir))) {
		const char *name = entry->d_name;

		if (!is_socket_name(name) || was_told(told, name) ||
		    told->nr == ARRAY_SIZE(told->names))
			continue;
		snprintf(told->names[told->nr++], sizeof(told->names[0]), "%.23s", name);
		snprintf(path, size, "%s/%s", shim->folder, name);
		found = true;
	}
	if (dir)
		closedir(dir);
	return found;
}
