/* SPDX-License-Identifier: BSD-2-Clause */
/* half.h - one half of a document as a report */
#ifndef READER_HALF_H
#define READER_HALF_H

#include <scxray/report.h>

#include "reader/json.h"

/* Fills *report (zeroed) with the half's groups. -1: no memory. */
int half_read(struct json_tree *tree, const struct json_value *half, struct scxray_report *report);

/* The schedulers of the half, and the state of sched_ext. */
int half_read_scheds(struct json_tree *tree, const struct json_value *half,
		     struct scxray_report *report);

#endif
