/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmdline.c - what a QEMU's command line says of its guest, its monitors and its gdbstub
 *
 *	-qmp unix:PATH,server=on,wait=off	-monitor tcp:HOST:PORT,server,nowait
 *	-chardev socket,id=ID,path=PATH,server=on -mon chardev=ID,mode=control
 *	-name guest=NAME,debug-threads=on
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "qemu/cmdline.h"

#define MAX_BYTES (256 * 1024)
#define MAX_VALUE 240

/* The value of key in "word,key=value,...": up to the next comma.  False: it is not there. */
static bool option(const char *options, const char *key, char *value, size_t size)
{
	size_t len = strlen(key);

	for (const char *at = options; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, key, len) != 0 || at[len] != '=')
			continue;
		at += len + 1;
		snprintf(value, size, "%.*s", (int)strcspn(at, ","), at);
		return true;
	}
	return false;
}

/* "server", "server=on": it listens. */
static bool listens(const char *options)
{
	char value[8];

	if (option(options, "server", value, sizeof(value)))
		return !strcmp(value, "on");
	return strstr(options, ",server,") ||
	       (strlen(options) > 7 && !strcmp(options + strlen(options) - 7, ",server"));
}

static void add(struct cmdline *cmdline, const char *address, bool qmp)
{
	size_t at = qmp ? cmdline->nr_qmp : cmdline->nr_monitors;

	if (cmdline->nr_monitors == CMDLINE_MAX_MONITORS || !*address)
		return;
	memmove(cmdline->monitor[at + 1 < CMDLINE_MAX_MONITORS ? at + 1 : at], cmdline->monitor[at],
		(cmdline->nr_monitors - at) * sizeof(cmdline->monitor[0]));
	snprintf(cmdline->monitor[at], sizeof(cmdline->monitor[0]), "%s", address);
	cmdline->nr_monitors++;
	cmdline->nr_qmp += qmp;
}

/* unix:PATH,... tcp:HOST:PORT,... */
static void add_uri(struct cmdline *cmdline, const char *uri, bool qmp)
{
	char address[MAX_VALUE];
	const char *at = strchr(uri, ':');
	bool tcp = !strncmp(uri, "tcp:", 4);

	if (!listens(uri) || !at || (!tcp && strncmp(uri, "unix:", 5) != 0))
		return;
	at++;
	snprintf(address, sizeof(address), "%s%.*s", tcp && *at == ':' ? "localhost" : "",
		 (int)strcspn(at, ","), at);
	add(cmdline, address, qmp);
}

static void add_chardev(struct cmdline *cmdline, const char *options, bool qmp)
{
	char path[MAX_VALUE], host[100] = "localhost", port[16];

	if (strncmp(options, "socket,", 7) != 0 || !listens(options))
		return;
	if (option(options, "path", path, sizeof(path))) {
		add(cmdline, path, qmp);
	} else if (option(options, "port", port, sizeof(port))) {
		option(options, "host", host, sizeof(host));
		snprintf(path, sizeof(path), "%s:%s", host, port);
		add(cmdline, path, qmp);
	}
}

/* The arguments after `arg`, up to the end; NULL at the end. */
static const char *next(const char *arg, const char *end)
{
	arg += strlen(arg) + 1;
	return arg < end ? arg : NULL;
}

static const char *find_chardev(const char *first, const char *end, const char *id)
{
	char value[MAX_VALUE];

	for (const char *arg = first; arg; arg = next(arg, end)) {
		const char *options = next(arg, end);

		if ((!strcmp(arg, "-chardev") || !strcmp(arg, "--chardev")) && options &&
		    option(options, "id", value, sizeof(value)) && !strcmp(value, id))
			return options;
	}
	return NULL;
}

static void add_mon(struct cmdline *cmdline, const char *mon, const char *first, const char *end)
{
	char id[MAX_VALUE], mode[16] = "";
	const char *chardev;

	option(mon, "mode", mode, sizeof(mode));
	if (!option(mon, "chardev", id, sizeof(id)))
		snprintf(id, sizeof(id), "%.*s", (int)strcspn(mon, ","), mon);
	cmdline->libvirt |= !strcmp(id, "charmonitor"); /* its name for its own */
	chardev = find_chardev(first, end, id);
	if (chardev)
		add_chardev(cmdline, chardev, !strcmp(mode, "control"));
}

static bool is_qemu(const char *program)
{
	const char *name = strrchr(program, '/');

	name = name ? name + 1 : program;
	return !strncmp(name, "qemu-system-x86_64", 18) || !strncmp(name, "qemu-kvm", 8) ||
	       !strcmp(name, "kvm") || !strcmp(name, "qemu");
}

void cmdline_parse(const char *bytes, size_t nr, struct cmdline *cmdline)
{
	const char *end = bytes + nr;

	memset(cmdline, 0, sizeof(*cmdline));
	if (!nr || bytes[nr - 1])
		return;
	cmdline->is_qemu = is_qemu(bytes);
	for (const char *arg = bytes; arg; arg = next(arg, end)) {
		const char *value = next(arg, end);
		const char *name = arg[0] == '-' && arg[1] == '-' ? arg + 1 : arg;

		if (!strcmp(name, "-s") || !strcmp(name, "-gdb"))
			cmdline->gdb = true;
		if (!value)
			break;
		if (!strcmp(name, "-qmp") || !strcmp(name, "-qmp-pretty"))
			add_uri(cmdline, value, true);
		else if (!strcmp(name, "-monitor"))
			add_uri(cmdline, value, false);
		else if (!strcmp(name, "-mon"))
			add_mon(cmdline, value, bytes, end);
		else if (!strcmp(name, "-name") &&
			 !option(value, "guest", cmdline->guest, sizeof(cmdline->guest)))
			snprintf(cmdline->guest, sizeof(cmdline->guest), "%.*s",
				 (int)strcspn(value, ","), value);
	}
}

static void make_absolute(pid_t pid, char *address, size_t size)
{
	char path[64], folder[300];
	ssize_t nr;

	/* HOST:PORT has no slash */
	if (address[0] == '/' || (strchr(address, ':') && !strchr(address, '/')))
		return;
	snprintf(path, sizeof(path), "/proc/%d/cwd", pid);
	nr = readlink(path, folder, sizeof(folder) - 1);
	if (nr <= 0 || (size_t)nr + strlen(address) + 2 > size)
		return;
	folder[nr] = '\0';
	memmove(address + nr + 1, address, strlen(address) + 1);
	memcpy(address, folder, (size_t)nr);
	address[nr] = '/';
}

bool cmdline_read(pid_t pid, struct cmdline *cmdline)
{
	char path[64], *bytes = malloc(MAX_BYTES);
	ssize_t nr = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && bytes) {
		nr = read(fd, bytes, MAX_BYTES);
		if (nr > 0)
			cmdline_parse(bytes, (size_t)nr, cmdline);
		for (size_t i = 0; nr > 0 && i < cmdline->nr_monitors; i++)
			make_absolute(pid, cmdline->monitor[i], sizeof(cmdline->monitor[i]));
	}
	if (fd >= 0)
		close(fd);
	free(bytes);
	return nr > 0;
}
