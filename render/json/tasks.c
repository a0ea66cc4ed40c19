/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tasks.c - tasks as JSON, the longest runnable first, and where each is
 */
#include "render/json/report.h"

#include <errno.h>
#include <stdlib.h>

#include <base/array.h>

#include <scxray/dsq.h>
#include <scxray/host.h>
#include <scxray/report_struct.h>
#include <scxray/sched.h>
#include <scxray/task.h>

#include "render/out/cells.h"
#include "render/json/tables.h"
#include "render/out/field.h"
#include "render/out/groups.h"
#include "render/out/join.h"
#include "render/out/reasons.h"
#include "render/value/value_json.h"

static const struct field task_fields[] = {
	FIELD(scxray_task, pid, "pid", FIELD_SIGNED),
	FIELD(scxray_task, tgid, "tgid", FIELD_SIGNED),
	FIELD(scxray_task, comm, "comm", FIELD_TEXT),
	FIELD(scxray_task, group_leader_pid, "group_leader_pid", FIELD_SIGNED),
	FIELD(scxray_task, real_parent_pid, "real_parent_pid", FIELD_SIGNED),
	FIELD(scxray_task, real_parent_comm, "real_parent_comm", FIELD_TEXT),
	FIELD(scxray_task, pgid, "pgid", FIELD_SIGNED),
	FIELD(scxray_task, sid, "sid", FIELD_SIGNED),
	FIELD(scxray_task, nr_threads, "nr_threads", FIELD_SIGNED),
	FIELD(scxray_task, core_cookie, "core_cookie", FIELD_NUM),
	FIELD(scxray_task, nvcsw, "nvcsw", FIELD_NUM),
	FIELD(scxray_task, nivcsw, "nivcsw", FIELD_NUM),
	FIELD(scxray_task, signal_nvcsw, "signal_nvcsw", FIELD_NUM),
	FIELD(scxray_task, signal_nivcsw, "signal_nivcsw", FIELD_NUM),
	FIELD(scxray_task, utime, "utime", FIELD_NUM),
	FIELD(scxray_task, stime, "stime", FIELD_NUM),
	FIELD(scxray_task, signal_utime, "signal_utime", FIELD_NUM),
	FIELD(scxray_task, signal_stime, "signal_stime", FIELD_NUM),
	FIELD(scxray_task, cgroup_path, "cgroup_path", FIELD_STRING),
	FIELD(scxray_task, kva, "task_kva", FIELD_KVA),
	FIELD(scxray_task, state_letter, "state", FIELD_LETTER),
	FIELD(scxray_task, state, "state_word", FIELD_NUM),
	FIELD(scxray_task, cpu, "cpu", FIELD_NUM),
	FIELD(scxray_task, on_cpu, "on_cpu", FIELD_FLAG),
	FIELD(scxray_task, on_rq, "on_rq", FIELD_NUM),
	FIELD(scxray_task, flags, "task_flags", FIELD_NUM),
	FIELD(scxray_task, flag_names, "task_flag_names", FIELD_STRING),
	FIELD(scxray_task, last_arrival, "last_arrival_ns", FIELD_NUM),
	FIELD(scxray_task, pcount, "times_run", FIELD_NUM),
	FIELD(scxray_task, sum_exec_runtime, "sum_exec_runtime_ns", FIELD_NUM),
	FIELD(scxray_task, runnable_age_ms, "runnable_age_ms", FIELD_SIGNED),
	FIELD(scxray_task, runnable_age_jiffies, "runnable_age_jiffies", FIELD_SIGNED),
	FIELD(scxray_task, runnable_at, "runnable_at_jiffies", FIELD_NUM),
	FIELD(scxray_task, runnable_cpu, "runnable_cpu", FIELD_INDEX),
	FIELD(scxray_task, curr_cpu, "curr_cpu", FIELD_INDEX),
	FIELD(scxray_task, on_scx_tasks, "on_scx_tasks", FIELD_BOOL),
	FIELD(scxray_task, queued_cpu, "queued_cpu", FIELD_NUM),
	FIELD(scxray_task, sched_class, "sched_class", FIELD_STRING),
	FIELD(scxray_task, dl_runtime, "dl_runtime_ns", FIELD_NUM),
	FIELD(scxray_task, dl_deadline, "dl_deadline_ns", FIELD_NUM),
	FIELD(scxray_task, dl_period, "dl_period_ns", FIELD_NUM),
	FIELD(scxray_task, dl_left, "dl_left_ns", FIELD_SIGNED),
	FIELD(scxray_task, dl_abs_deadline, "dl_abs_deadline_ns", FIELD_NUM),
	FIELD(scxray_task, dl_throttled, "dl_throttled", FIELD_FLAG),
	FIELD(scxray_task, lock_slowpath_match, "lock_slowpath_match", FIELD_STRING),
	FIELD(scxray_task, policy, "policy", FIELD_NUM),
	FIELD(scxray_task, weight, "weight", FIELD_NUM),
	FIELD(scxray_task, prio, "prio", FIELD_SIGNED),
	FIELD(scxray_task, static_prio, "static_prio", FIELD_SIGNED),
	FIELD(scxray_task, normal_prio, "normal_prio", FIELD_SIGNED),
	FIELD(scxray_task, rt_priority, "rt_priority", FIELD_NUM),
	FIELD(scxray_task, nr_cpus_allowed, "nr_cpus_allowed", FIELD_NUM),
	FIELD(scxray_task, cpus_allowed, "cpus_allowed", FIELD_CPUS),
	FIELD(scxray_task, migration_disabled, "migration_disabled", FIELD_NUM),
	FIELD(scxray_task, scx_flags, "scx_flags", FIELD_NUM),
	FIELD(scxray_task, scx_flag_names, "scx_flag_names", FIELD_STRING),
	FIELD(scxray_task, scx_reenq_reason, "scx_reenq_reason", FIELD_NUM),
	FIELD(scxray_task, scx_reenq_reason_name, "scx_reenq_reason_name", FIELD_STRING),
	FIELD(scxray_task, scx_task_state, "scx_task_state", FIELD_NUM),
	FIELD(scxray_task, scx_task_state_name, "scx_task_state_name", FIELD_STRING),
	FIELD(scxray_task, dsq_kva, "dsq_kva", FIELD_ADDR),
	FIELD(scxray_task, dsq_id, "dsq_id", FIELD_ID),
	FIELD(scxray_task, dsq_flags, "dsq_flags", FIELD_NUM),
	FIELD(scxray_task, dsq_seq, "dsq_seq", FIELD_NUM),
	FIELD(scxray_task, dsq_vtime, "dsq_vtime", FIELD_NUM),
	FIELD(scxray_task, slice, "slice_ns", FIELD_NUM),
	FIELD(scxray_task, ops_state, "ops_state", FIELD_NUM),
	FIELD(scxray_task, ops_state_name, "ops_state_name", FIELD_STRING),
	FIELD(scxray_task, ops_qseq, "ops_qseq", FIELD_NUM),
	FIELD(scxray_task, sticky_cpu, "sticky_cpu", FIELD_SIGNED),
	FIELD(scxray_task, holding_cpu, "holding_cpu", FIELD_SIGNED),
	FIELD(scxray_task, selected_cpu, "selected_cpu", FIELD_SIGNED),
	FIELD(scxray_task, ddsp_dsq_id, "ddsp_dsq_id", FIELD_ID),
	FIELD(scxray_task, ddsp_enq_flags, "ddsp_enq_flags", FIELD_NUM),
	FIELD(scxray_task, sched_kva, "sched_kva", FIELD_ADDR),
	FIELD(scxray_task, sched_name, "sched_name", FIELD_STRING),
};
const struct field_table json_task_table = FIELD_TABLE(task_fields);

/* "scheduler": whose task it is, where that is known; of one scheduler that one's. */
static void json_scheduler(struct json *j, const struct scxray_report *r,
			   const struct scxray_task *t)
{
	if (t->sched_name)
		json_opt_string(j, "scheduler", t->sched_name);
	else if (r->nr_scheds == 1 && t->sched_class && !strcmp(t->sched_class, "ext"))
		json_text_field(j, "scheduler", &r->scheds[0].name);
}

static void where_cpu(struct json *j, uint64_t cpu)
{
	json_key(j, "cpu");
	json_u64(j, cpu);
}

static void where_dsq(struct json *j, const struct scxray_dsq *dsq, uint32_t pos)
{
	json_num_field(j, "dsq_id", &dsq->id, FIELD_ID);
	json_key(j, "position");
	json_u64(j, (uint64_t)pos + 1);
	json_key(j, "of");
	json_u64(j, dsq->nr_tasks);
	if (dsq->origin != SCXRAY_DSQ_USER && dsq->origin != SCXRAY_DSQ_GLOBAL)
		where_cpu(j, dsq->index);
}

/* As cell_custody() tells it, in parts. */
static void json_where(struct json *j, const struct scxray_report *r, const struct scxray_task *t)
{
	enum custody custody = task_custody(r, t);
	bool queued = custody == CUSTODY_NOT_RUNNABLE && t->queued_cpu.state == SCXRAY_PRESENT;

	json_key(j, "where");
	json_object(j);
	json_key(j, "kind");
	json_string(j, queued ? "run_queue" : custody_name(custody));
	if (queued)
		where_cpu(j, t->queued_cpu.value);
	else if (custody == CUSTODY_RUNNING)
		where_cpu(j, (uint64_t)t->curr_cpu);
	else if (custody == CUSTODY_BUFFER)
		where_cpu(j, t->buffered_by - 1);
	else if (custody == CUSTODY_MOVING)
		where_cpu(j, t->holding_cpu.value);
	else if (custody == CUSTODY_DSQ)
		where_dsq(j, task_find_dsq(r, t), t->dsq_pos);
	else if (custody == CUSTODY_LOST_DSQ)
		json_num_field(j, "dsq_id", &t->dsq_id, FIELD_ID);
	json_scheduler(j, r, t);
	json_object_end(j);
}

/* "held_files": what of the schedulers' its process has open; the process's other threads refer to it. */
static void json_held(struct json *j, const struct scxray_report *r, const struct scxray_task *t)
{
	const struct scxray_task *process = t->held ? held_files_process(r, t->held) : NULL;

	if (process && process != t)
		json_num_field(j, "held_files_of_pid", &process->pid, FIELD_SIGNED);
	if (process != t)
		return;
	json_key(j, "held_files");
	json_array(j);
	for (size_t i = 0; i < t->held->nr_files; i++) {
		const struct scxray_held_file *file = &t->held->files[i];
		const struct scxray_text *name = held_file_name(r, file);

		json_object(j);
		json_key(j, "fd");
		json_u64(j, file->fd);
		json_key(j, "kind");
		json_string(j, held_file_kind(file));
		json_key(j, "kva");
		json_addr(j, file->kva);
		if (name)
			json_text_field(j, "name", name);
		json_object_end(j);
	}
	json_array_end(j);
}

static void json_task(struct json *j, const struct scxray_report *r, const struct scxray_task *t)
{
	const struct scxray_value_options options = { .report = r };

	json_object(j);
	json_fields(j, task_fields, ARRAY_SIZE(task_fields), t);
	json_where(j, r, t);
	if (t->sched_class) {
		/*
		 * a task can still be on a runnable list after priority inheritance moved
		 * it to another class
		 */
		json_key(j, "pi_boosted_out_of_scx");
		json_bool(j, t->runnable_cpu >= 0 && strcmp(t->sched_class, "ext") != 0);
	}
	if (t->dsq_index >= 0 && (size_t)t->dsq_index < r->nr_dsqs) {
		json_key(j, "dsq_index");
		json_i64(j, t->dsq_index);
		json_key(j, "dsq_position");
		json_u64(j, t->dsq_pos);
	}
	json_held(j, r, t);
	json_stack(j, "kernel_stack", "kernel_stack_end", &t->kernel_stack);
	if (t->scx.state == SCXRAY_PRESENT || t->scx.state == SCXRAY_UNREADABLE)
		json_value_field(j, "scx", &t->scx, &options);
	json_object_end(j);
}

void json_tasks(struct json *j, const struct scxray_report *r, const struct scxray_selection *only)
{
	uint32_t *order;

	json_reasons(j, r, SCXRAY_GROUP_TASKS);
	json_reasons(j, r, SCXRAY_GROUP_HELD_FILES);
	if (!r->nr_tasks)
		return;
	order = tasks_by_age(r);
	if (!order) {
		j->out.error = ENOMEM;
		return;
	}
	json_key(j, "task_enrichments");
	json_array(j);
	for (size_t i = 0; i < r->nr_tasks; i++)
		if (task_wanted(only, &r->tasks[order[i]]))
			json_task(j, r, &r->tasks[order[i]]);
	json_array_end(j);
	free(order);
}
