/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmdline.h - what a QEMU's command line says of its guest, its monitors and its gdbstub
 */
#ifndef QEMU_CMDLINE_H
#define QEMU_CMDLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define CMDLINE_MAX_MONITORS 8

struct cmdline {
	bool is_qemu;
	char guest[128]; /* -name; "": it has none */
	bool libvirt;	 /* libvirt has started it */
	/* sockets that it listens on for a monitor: a path, or HOST:PORT; QMP first */
	char monitor[CMDLINE_MAX_MONITORS][256];
	size_t nr_monitors;
	size_t nr_qmp; /* the first of them that are QMP */
	bool gdb;      /* -gdb, -s */
};

/* `bytes`: the arguments as /proc/PID/cmdline has them, each with a NUL after it. */
void cmdline_parse(const char *bytes, size_t nr, struct cmdline *cmdline);

/* Of a process; a path that is not absolute is below its working directory.  False: it is gone, or
 * not to be read. */
bool cmdline_read(pid_t pid, struct cmdline *cmdline);

#endif
