/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mtree.c - where guest RAM lies, by the answer to the monitor's "info mtree -f"
 *
 *	FlatView #3
 *	 AS "memory", root: system
 *	 AS "cpu-memory-0", root: system
 *	 Root memory region: system
 *	  0000000000000000-00000000000c2fff (prio 0, ram): pc.ram
 *	  00000000000c3000-00000000000e7fff (prio 0, rom): pc.ram @00000000000c3000
 *
 * The same from QEMU 4 to 10 (softmmu/memory.c, mtree_print_flatview()).
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "qemu/mtree.h"

#define PAGE 4096ULL

static bool starts(const char *line, const char *with)
{
	return !strncmp(line, with, strlen(with));
}

/* One row of RAM; false where the line is none. */
static bool parse_row(const char *line, struct mtree_row *row)
{
	uint64_t first, last;
	char type[16];
	int prio;

	if (sscanf(line, " %16" SCNx64 "-%16" SCNx64 " (prio %d, %15[^)])", &first, &last, &prio,
		   type) != 4 ||
	    strcmp(type, "ram") != 0 || last < first || last - first >= UINT64_MAX - PAGE)
		return false;
	row->gpa = first;
	row->size = last - first + 1;
	return !(first % PAGE) && !(row->size % PAGE);
}

int mtree_parse(const char *text, struct mtree_row *rows, size_t max, struct scxray_error *err)
{
	bool memory = false;
	size_t nr = 0;

	for (const char *line = text; *line; line += *line == '\n') {
		struct mtree_row row;

		if (starts(line, "FlatView #")) {
			if (nr)
				break;
			memory = false;
		} else if (starts(line, " AS \"memory\",")) {
			memory = true;
		} else if (memory && parse_row(line, &row)) {
			if (nr == max)
				return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
						   "guest RAM is in more than %zu pieces", max);
			if (nr && row.gpa < rows[nr - 1].gpa + rows[nr - 1].size)
				return scxray_fail(err, SCXRAY_ERR_FORMAT, row.gpa,
						   "QEMU's table of guest RAM is not in order");
			rows[nr++] = row;
		}
		line += strcspn(line, "\n");
	}
	if (nr)
		return (int)nr;
	return scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
			   "QEMU's memory tree names no guest RAM (info mtree -f)");
}
