/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maps.h - what backs a range of another process's memory: /proc/PID/maps
 */
#ifndef QEMU_MAPS_H
#define QEMU_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct maps_line {
	uint64_t start, end;
	bool readable;
	bool shared;
	uint64_t offset; /* in the file */
	unsigned major, minor;
	uint64_t inode; /* 0: anonymous */
	char path[128]; /* cut where it is longer */
};

/* One line, without its newline.  False: it is none. */
bool maps_parse(const char *line, struct maps_line *map);

/* The mapping of the process that has `address`; false: none, or it can't be known. */
bool maps_find(pid_t pid, uint64_t address, struct maps_line *map);

/* A descriptor of the file that backs it, for reading: to be closed; -1: can't be had. */
int maps_open(pid_t pid, const struct maps_line *map);

#endif
