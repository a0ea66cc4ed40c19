/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * load.h - a report's JSON as a document that can be rendered again
 *
 * Read are guest, vCPUs, tasks, run queues, queues, schedulers and the log, and the findings as
 * they were; of maps their headers only. The others are not there, and say so nowhere: render
 * none but these.
 */
#ifndef READER_LOAD_H
#define READER_LOAD_H

#include <scxray/render.h>
#include <scxray/report.h>

#include "reader/json.h"

struct loaded {
	struct json_tree tree;
	struct scxray_report halves[2]; /* late, early */
	struct scxray_host hosts[2];
	struct scxray_told *told;
	struct scxray_document doc; /* of them */
};

/*
 * 0, or -1 with *err: no JSON, not a report of this schema_version, only a part of one, or no memory.
 * loaded_deinit() in both cases; `bytes` are not needed afterwards. The document lives as long as *loaded.
 */
int loaded_parse(struct loaded *loaded, const char *bytes, size_t nr, struct scxray_error *err);
void loaded_deinit(struct loaded *loaded);

#endif
