/* SPDX-License-Identifier: BSD-2-Clause */
/* csv.h - a list of a report as comma-separated values (RFC 4180) */
#ifndef CLI_CSV_H
#define CLI_CSV_H

#include <stdbool.h>
#include <stdio.h>

#include <scxray/render.h>

/* True if exactly one group is asked for, and it is a list: tasks, dsqs, rqs, log. */
bool csv_has(const struct scxray_selection *only);

/*
 * Writes what doc->only asks for: tasks, queues, run queues or the log, a line for
 * each, below a line of names. 0, or -1 with errno.
 */
int csv_write(const struct scxray_document *doc, FILE *out);

#endif
