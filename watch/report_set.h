/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report_set.h - all files of one report: made in a process of its own, or in this one
 */
#ifndef WATCH_REPORT_SET_H
#define WATCH_REPORT_SET_H

#include "moment.h"
#include "report_writer.h"

/*
 * Writes all files of a report; `early` NULL: one moment alone.  What can't be written is logged and kept.
 * The host is told of a failure's report (hooks.h).  Blocks for report_deadline_ms at most where it is made in a process of its own.
 */
void report_set_write(struct report_writer *writer, enum artifact_kind kind, unsigned number,
		      struct moment *late, struct moment *early);

#endif
