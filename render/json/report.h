/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.h - the groups of a report as JSON
 *
 * Each function writes the group's keys and values into the open object.
 */
#ifndef RENDER_JSON_REPORT_H
#define RENDER_JSON_REPORT_H

#include <scxray/atoms.h>
#include <scxray/render.h>

#include "render/out/json.h"

struct scxray_guest;

/* An array of frames; nothing where there is none. */
void json_frames(struct json *j, const char *key, const struct scxray_address *frames, size_t nr);
/* The same, and below `end_key` why there is no further frame. */
void json_stack(struct json *j, const char *key, const char *end_key,
		const struct scxray_stack_trace *stack);
void json_guest(struct json *j, const struct scxray_guest *guest);
/* sdt_allocations, sdt_alloc_unavailable and scx_static_ranges */
void json_sdts(struct json *j, const struct scxray_report *r);
void json_vcpus(struct json *j, const struct scxray_report *r);
/* prog_runtime_stats */
void json_progs(struct json *j, const struct scxray_report *r);
/* per_cpu_time and per_node_numa */
void json_times(struct json *j, const struct scxray_report *r);
void json_log(struct json *j, const struct scxray_report *r);
void json_tasks(struct json *j, const struct scxray_report *r, const struct scxray_selection *only);
void json_rqs(struct json *j, const struct scxray_report *r);
void json_locks(struct json *j, const struct scxray_report *r);
void json_psi(struct json *j, const struct scxray_report *r);
void json_dsqs(struct json *j, const struct scxray_report *r, const struct scxray_selection *only);
void json_maps(struct json *j, const struct scxray_report *r, const struct scxray_selection *only);
/* scx_sched_state with its sub-schedulers as a tree, and scx_walker_unavailable */
void json_scheds(struct json *j, const struct scxray_report *r);

#endif
