/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace.h - a report as a trace for Perfetto (protos/perfetto/trace/trace.proto: TrackEvent)
 */
#ifndef READER_TRACE_H
#define READER_TRACE_H

#include <stdio.h>

#include "reader/json.h"

/*
 * Writes what the report has sampled: counters over time, the lengths of queues and run queues at
 * its moments, the moments, and for each stalled task since when it has been runnable. 0, or -1
 * with errno where the stream has failed or there is no memory.
 */
int trace_write(const struct json_value *document, FILE *out);

#endif
