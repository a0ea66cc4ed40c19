/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host.h - what the host knows, as members of the open object
 */
#ifndef RENDER_JSON_HOST_H
#define RENDER_JSON_HOST_H

#include <scxray/render.h>

#include "render/out/json.h"

/* For the whole document: trigger, watchpoint, timing. */
void json_timing(struct json *j, const struct scxray_document *doc);
/* reason, watchpoint_hit, bss_latch_state, exit_kind, elapsed_ms */
void json_degraded(struct json *j, const struct scxray_report *r);
/* Why the report was read while the guest ran; nothing if the guest was frozen. */
void json_racy_reason(struct json *j, const char *key, const struct scxray_report *r);

/* For one report: event_counter_timeline, vcpu_perf_at_freeze, dump_truncated_at_us. */
void json_timeline(struct json *j, const struct scxray_document *doc,
		   const struct scxray_report *r);
void json_perf(struct json *j, const struct scxray_report *r);
void json_truncated(struct json *j, const struct scxray_report *r);

#endif
