/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * jail.h - a process gives up what it does not need
 *
 * For a process that parses what a guest's memory holds: whoever takes it over by that can
 * read what was handed to it, write the files that were opened for it, and use up its limits.
 */
#ifndef WATCH_JAIL_H
#define WATCH_JAIL_H

#include <stdint.h>

#include <scxray/error.h>

struct jail_limits {
	uint64_t memory_bytes;	/* that it may allocate */
	uint64_t file_bytes;	/* of one file */
	uint32_t processor_sec; /* of CPU time, then it is killed */
};

/*
 * From here on: no new privileges, no core dump, the limits, and of the system calls only those
 * that read and write open files, and manage memory (jail.c has the table); all others give EPERM.  It
 * is killed when the thread that started it ends.  Single-threaded callers.
 * 0, or -1 with *err: the kernel refuses, and nothing may be parsed.
 */
int jail_enter(const struct jail_limits *limits, struct scxray_error *err);

#endif
