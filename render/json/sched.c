/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sched.c - schedulers as JSON: the root scheduler, its exit, ops and event counters, and
 * its sub-schedulers
 */
#include "render/json/report.h"

#include <errno.h>
#include <stdlib.h>

#include <base/array.h>

#include <scxray/host.h>
#include <scxray/report_struct.h>
#include <scxray/sched.h>

#include "render/json/tables.h"
#include "render/out/field.h"
#include "render/out/join.h"
#include "render/out/reasons.h"

static const struct field sched_fields[] = {
	FIELD(scxray_sched, sched_kva, "sched_kva", FIELD_ADDR),
	FIELD(scxray_sched, name, "name", FIELD_TEXT),
	FIELD(scxray_sched, is_root, "is_root", FIELD_BOOL),
	FIELD(scxray_sched, parent_kva, "parent_kva", FIELD_ADDR),
	FIELD(scxray_sched, level, "level", FIELD_NUM),
	FIELD(scxray_sched, cgrp_path, "cgroup_path", FIELD_TEXT),
	FIELD(scxray_sched, sub_cgroup_id, "sub_cgroup_id", FIELD_NUM),
	FIELD(scxray_sched, sub_attached, "sub_attached", FIELD_FLAG),
	FIELD(scxray_sched, dead, "dead", FIELD_FLAG),
	FIELD(scxray_sched, aborting, "aborting", FIELD_FLAG),
	FIELD(scxray_sched, bypass_depth, "bypass_depth", FIELD_SIGNED),
	FIELD(scxray_sched, bypass_timestamp, "bypass_timestamp_ns", FIELD_NUM),
	FIELD(scxray_sched, exit_kind, "exit_kind", FIELD_NUM),
	FIELD(scxray_sched, exit_kind_name, "exit_kind_name", FIELD_STRING),
	FIELD(scxray_sched, watchdog_timeout, "watchdog_timeout", FIELD_NUM),
	FIELD(scxray_sched, watchdog_timestamp, "watchdog_timestamp_jiffies", FIELD_NUM),
	FIELD(scxray_sched, watchdog_age_jiffies, "watchdog_age_jiffies", FIELD_SIGNED),
	FIELD(scxray_sched, struct_ops_map_kva, "struct_ops_map_kva", FIELD_ADDR),
	FIELD(scxray_sched, ops_flags, "ops_flags", FIELD_NUM),
	FIELD(scxray_sched, ops_flag_names, "ops_flag_names", FIELD_STRING),
	FIELD(scxray_sched, timeout_ms, "timeout_ms", FIELD_NUM),
	FIELD(scxray_sched, dispatch_max_batch, "dispatch_max_batch", FIELD_NUM),
	FIELD(scxray_sched, exit_dump_len, "exit_dump_len_bytes", FIELD_NUM),
	FIELD(scxray_sched, slice_dfl, "slice_dfl_ns", FIELD_NUM),
};
const struct field_table json_sched_table = FIELD_TABLE(sched_fields);

static const struct field exit_fields[] = {
	FIELD(scxray_exit_info, kva, "exit_info_kva", FIELD_ADDR),
	FIELD(scxray_exit_info, kind, "kind", FIELD_NUM),
	FIELD(scxray_exit_info, kind_name, "kind_name", FIELD_STRING),
	FIELD(scxray_exit_info, exit_code, "exit_code", FIELD_SIGNED),
	FIELD(scxray_exit_info, exit_code_names, "exit_code_names", FIELD_STRING),
	FIELD(scxray_exit_info, flags, "flags", FIELD_NUM),
	FIELD(scxray_exit_info, exit_cpu, "exit_cpu", FIELD_SIGNED),
	FIELD(scxray_exit_info, reason, "reason", FIELD_TEXT),
	FIELD(scxray_exit_info, msg, "msg", FIELD_TEXT),
	FIELD(scxray_exit_info, dump, "dump", FIELD_TEXT),
};
const struct field_table json_exit_table = FIELD_TABLE(exit_fields);

static const struct field op_fields[] = {
	FIELD(scxray_op, name, "op", FIELD_STRING),
	FIELD(scxray_op, func, "func", FIELD_SYMBOL),
	FIELD(scxray_op, program, "program", FIELD_STRING),
};

static bool has_exit_info(const struct scxray_exit_info *info)
{
	return (info->kva.state != SCXRAY_NONE && info->kva.state != SCXRAY_MISSING) ||
	       info->kind.state == SCXRAY_PRESENT || info->kind.state == SCXRAY_UNREADABLE;
}

static void json_exit_info(struct json *j, const struct scxray_exit_info *info)
{
	if (!has_exit_info(info))
		return;
	json_key(j, "exit_info");
	json_object(j);
	json_fields(j, exit_fields, ARRAY_SIZE(exit_fields), info);
	json_frames(j, "bt", info->bt, info->nr_bt);
	json_object_end(j);
}

static void json_num_or_null(struct json *j, const struct scxray_num *num)
{
	if (num->state == SCXRAY_PRESENT)
		json_i64(j, (int64_t)num->value);
	else if (num->state == SCXRAY_UNREADABLE)
		json_unreadable(j, num->value, num->reason);
	else
		json_null(j);
}

static void json_events(struct json *j, const struct scxray_sched *sched)
{
	json_opt_string(j, "event_counters_unavailable", sched->events_unavailable);
	if (!sched->nr_events)
		return;
	json_key(j, "event_counters");
	json_array(j);
	for (size_t i = 0; i < sched->nr_events; i++) {
		const struct scxray_event *event = &sched->events[i];

		json_object(j);
		json_key(j, "name");
		json_string(j, event->name);
		json_num_field(j, "total", &event->total, FIELD_SIGNED);
		json_key(j, "per_cpu");
		json_array(j);
		for (size_t c = 0; c < event->nr_cpus; c++)
			json_num_or_null(j, &event->per_cpu[c]);
		json_array_end(j);
		json_object_end(j);
	}
	json_array_end(j);
}

static void json_sched(struct json *j, const struct scxray_report *r, size_t index,
		       const size_t *parents)
{
	const struct scxray_sched *sched = &r->scheds[index];
	bool any = false;

	json_fields(j, sched_fields, ARRAY_SIZE(sched_fields), sched);
	if (sched->nr_ops) {
		json_key(j, "ops");
		json_array(j);
		for (size_t i = 0; i < sched->nr_ops; i++) {
			json_object(j);
			json_fields(j, op_fields, ARRAY_SIZE(op_fields), &sched->ops[i]);
			json_object_end(j);
		}
		json_array_end(j);
	}
	json_exit_info(j, &sched->exit_info);
	json_events(j, sched);
	for (size_t i = index + 1; parents && i < r->nr_scheds; i++) {
		if (parents[i] != index)
			continue;
		if (!any) {
			json_key(j, "sub_schedulers");
			json_array(j);
			any = true;
		}
		json_object(j);
		json_sched(j, r, i, parents);
		json_object_end(j);
	}
	if (any)
		json_array_end(j);
}

void json_scheds(struct json *j, const struct scxray_report *r)
{
	json_reasons(j, r, SCXRAY_GROUP_SCHEDS);
	if (!r->nr_scheds && r->enable_state.state != SCXRAY_PRESENT &&
	    r->enable_state.state != SCXRAY_UNREADABLE)
		return;
	json_key(j, "scx_sched_state");
	json_object(j);
	if (r->nr_scheds) {
		json_key(j, "source");
		json_string(j, "live");
	}
	json_num_field(j, "enable_state", &r->enable_state, FIELD_SIGNED);
	json_opt_string(j, "enable_state_name", r->enable_state_name);
	json_num_field(j, "switching_all", &r->switching_all, FIELD_FLAG);
	if (r->nr_scheds) {
		size_t *parents = sched_parents(r);

		if (!parents)
			j->out.error = ENOMEM;
		json_sched(j, r, 0, parents);
		free(parents);
	}
	json_object_end(j);
}
