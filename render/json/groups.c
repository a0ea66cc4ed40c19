/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * groups.c - vCPUs, run queues and DSQs as JSON
 */
#include <base/array.h>

#include <scxray/dsq.h>
#include <scxray/host.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/vcpu.h>

#include "render/json/report.h"

#include "render/json/tables.h"
#include "render/out/field.h"
#include "render/out/groups.h"
#include "render/out/join.h"
#include "render/out/reasons.h"

static const struct field vcpu_fields[] = {
	FIELD(scxray_vcpu, ip.symbol, "symbol", FIELD_STRING),
	FIELD(scxray_vcpu, cpu, "cpu", FIELD_NUM),
	FIELD(scxray_vcpu, user_mode, "user_mode", FIELD_BOOL),
	FIELD(scxray_vcpu, never_started, "never_started", FIELD_FLAG),
	FIELD(scxray_vcpu, curr_kva, "curr_kva", FIELD_ADDR),
	FIELD(scxray_vcpu, curr_pid, "curr_pid", FIELD_SIGNED),
	FIELD(scxray_vcpu, curr_comm, "curr_comm", FIELD_TEXT),
	FIELD(scxray_vcpu, lock_slowpath_match, "lock_slowpath_match", FIELD_STRING),
};
const struct field_table json_vcpu_table = FIELD_TABLE(vcpu_fields);

const char *const json_reg_keys[SCXRAY_NR_REGS] = {
	[SCXRAY_REG_RIP] = "instruction_pointer",
	[SCXRAY_REG_RSP] = "stack_pointer",
	[SCXRAY_REG_CR3] = "page_table_root",
	[SCXRAY_REG_RFLAGS] = "rflags",
	[SCXRAY_REG_RAX] = "rax",
	[SCXRAY_REG_RBX] = "rbx",
	[SCXRAY_REG_RCX] = "rcx",
	[SCXRAY_REG_RDX] = "rdx",
	[SCXRAY_REG_RSI] = "rsi",
	[SCXRAY_REG_RDI] = "rdi",
	[SCXRAY_REG_RBP] = "rbp",
	[SCXRAY_REG_R8] = "r8",
	[SCXRAY_REG_R9] = "r9",
	[SCXRAY_REG_R10] = "r10",
	[SCXRAY_REG_R11] = "r11",
	[SCXRAY_REG_R12] = "r12",
	[SCXRAY_REG_R13] = "r13",
	[SCXRAY_REG_R14] = "r14",
	[SCXRAY_REG_R15] = "r15",
	[SCXRAY_REG_CR0] = "cr0",
	[SCXRAY_REG_CR2] = "cr2",
	[SCXRAY_REG_CR4] = "cr4",
	[SCXRAY_REG_EFER] = "efer",
	[SCXRAY_REG_CS] = "cs",
	[SCXRAY_REG_SS] = "ss",
	[SCXRAY_REG_FS_BASE] = "fs_base",
	[SCXRAY_REG_GS_BASE] = "gs_base",
	[SCXRAY_REG_KERNEL_GS_BASE] = "kernel_gs_base",
	[SCXRAY_REG_IDT_BASE] = "idt_base",
	[SCXRAY_REG_LSTAR] = "lstar",
};

static const struct field rq_fields[] = {
	FIELD(scxray_rq, cpu, "cpu", FIELD_U32),
	FIELD(scxray_rq, kva, "rq_kva", FIELD_KVA),
	FIELD(scxray_rq, nr_running, "nr_running", FIELD_NUM),
	FIELD(scxray_rq, flags, "flags", FIELD_NUM),
	FIELD(scxray_rq, flag_names, "flag_names", FIELD_STRING),
	FIELD(scxray_rq, cpu_released, "cpu_released", FIELD_FLAG),
	FIELD(scxray_rq, ops_qseq, "ops_qseq", FIELD_NUM),
	FIELD(scxray_rq, kick_sync, "kick_sync", FIELD_NUM),
	FIELD(scxray_rq, nr_immed, "nr_immed", FIELD_NUM),
	FIELD(scxray_rq, rq_clock, "rq_clock", FIELD_NUM),
	FIELD(scxray_rq, clock, "clock_ns", FIELD_NUM),
	FIELD(scxray_rq, curr_kva, "curr_kva", FIELD_ADDR),
	FIELD(scxray_rq, curr_pid, "curr_pid", FIELD_SIGNED),
	FIELD(scxray_rq, curr_comm, "curr_comm", FIELD_TEXT),
	FIELD(scxray_rq, curr_class, "curr_class", FIELD_STRING),
	FIELD(scxray_rq, rq_nr_running, "rq_nr_running", FIELD_NUM),
	FIELD(scxray_rq, nr_switches, "nr_switches", FIELD_NUM),
	FIELD(scxray_rq, cfs_nr_queued, "cfs_nr_queued", FIELD_NUM),
	FIELD(scxray_rq, rt_nr_running, "rt_nr_running", FIELD_NUM),
	FIELD(scxray_rq, dl_nr_running, "dl_nr_running", FIELD_NUM),
	FIELD(scxray_rq, online, "online", FIELD_FLAG),
	FIELD(scxray_rq, cpus_to_kick, "cpus_to_kick", FIELD_CPUS),
	FIELD(scxray_rq, cpus_to_kick_if_idle, "cpus_to_kick_if_idle", FIELD_CPUS),
	FIELD(scxray_rq, cpus_to_preempt, "cpus_to_preempt", FIELD_CPUS),
	FIELD(scxray_rq, cpus_to_wait, "cpus_to_wait", FIELD_CPUS),
	FIELD(scxray_rq, cpus_to_sync, "cpus_to_sync", FIELD_CPUS),
	FIELD(scxray_rq, bypassing, "bypassing", FIELD_FLAG),
	FIELD(scxray_rq, nr_deferred, "nr_deferred", FIELD_NUM),
	FIELD(scxray_rq, cpuperf_target, "cpuperf_target", FIELD_NUM),
	FIELD(scxray_rq, lock, "lock_word", FIELD_NUM),
	FIELD(scxray_rq, lock_held, "lock_held", FIELD_FLAG),
	FIELD(scxray_rq, lock_pending, "lock_pending", FIELD_FLAG),
	FIELD(scxray_rq, lock_tail_cpu, "lock_tail_cpu", FIELD_NUM),
	FIELD(scxray_rq, lock_owner_cpu, "lock_owner_cpu", FIELD_NUM),
	FIELD(scxray_rq, lock_scx_cpu, "lock_scx_cpu", FIELD_NUM),
	FIELD(scxray_rq, fair_server.active, "fair_server_active", FIELD_FLAG),
	FIELD(scxray_rq, fair_server.throttled, "fair_server_throttled", FIELD_FLAG),
	FIELD(scxray_rq, fair_server.runtime, "fair_server_left_ns", FIELD_SIGNED),
	FIELD(scxray_rq, fair_server.dl_runtime, "fair_server_runtime_ns", FIELD_NUM),
	FIELD(scxray_rq, ext_server.active, "ext_server_active", FIELD_FLAG),
	FIELD(scxray_rq, ext_server.throttled, "ext_server_throttled", FIELD_FLAG),
	FIELD(scxray_rq, ext_server.runtime, "ext_server_left_ns", FIELD_SIGNED),
	FIELD(scxray_rq, ext_server.dl_runtime, "ext_server_runtime_ns", FIELD_NUM),
	FIELD(scxray_rq, rescue_curr, "rescue_curr_kva", FIELD_ADDR),
	FIELD(scxray_rq, rescue_budget, "rescue_budget_ns", FIELD_SIGNED),
	FIELD(scxray_rq, idle, "in_idle_mask", FIELD_FLAG),
};
const struct field_table json_rq_table = FIELD_TABLE(rq_fields);

static const struct field dsq_fields[] = {
	FIELD(scxray_dsq, id, "id", FIELD_ID),
	FIELD(scxray_dsq, id_name, "id_name", FIELD_STRING),
	FIELD(scxray_dsq, kva, "dsq_kva", FIELD_KVA),
	FIELD(scxray_dsq, sched_kva, "sched_kva", FIELD_KVA_OR_0),
	FIELD(scxray_dsq, sched_name, "sched_name", FIELD_STRING),
	FIELD(scxray_dsq, nr, "nr", FIELD_NUM),
	FIELD(scxray_dsq, seq, "seq", FIELD_NUM),
	FIELD(scxray_dsq, is_vtime, "is_vtime", FIELD_BOOL),
	FIELD(scxray_dsq, nr_cursors, "nr_cursors", FIELD_SIZE),
};
const struct field_table json_dsq_table = FIELD_TABLE(dsq_fields);

/* The members that each task of a queue repeats; the rest is in the task's own entry. */
static const struct field queued_fields[] = {
	FIELD(scxray_task, kva, "task_kva", FIELD_KVA),
	FIELD(scxray_task, pid, "pid", FIELD_SIGNED),
	FIELD(scxray_task, comm, "comm", FIELD_TEXT),
	FIELD(scxray_task, runnable_age_ms, "runnable_age_ms", FIELD_SIGNED),
	FIELD(scxray_task, dsq_vtime, "dsq_vtime", FIELD_NUM),
	FIELD(scxray_task, slice, "slice_ns", FIELD_NUM),
};

void json_vcpus(struct json *j, const struct scxray_report *r)
{
	json_reasons(j, r, SCXRAY_GROUP_VCPUS);
	if (!r->nr_vcpus)
		return;
	json_key(j, "vcpu_regs");
	json_array(j);
	for (size_t i = 0; i < r->nr_vcpus; i++) {
		const struct scxray_vcpu *vcpu = &r->vcpus[i];

		if (!vcpu->parked) {
			json_null(j);
			continue;
		}
		json_object(j);
		for (unsigned reg = 0; reg < SCXRAY_NR_REGS; reg++) {
			if (!(vcpu->regs.known >> reg & 1))
				continue;
			json_key(j, json_reg_keys[reg]);
			json_addr(j, vcpu->regs.value[reg]);
		}
		json_fields(j, vcpu_fields, ARRAY_SIZE(vcpu_fields), vcpu);
		json_stack(j, "backtrace", "backtrace_end", &vcpu->backtrace);
		json_object_end(j);
	}
	json_array_end(j);
}

/* The list as plain addresses: ktstr's format. */
static void task_kvas(struct json *j, const char *key, const struct scxray_task_ref *refs,
		      size_t nr)
{
	if (!nr)
		return;
	json_key(j, key);
	json_array(j);
	for (size_t i = 0; i < nr; i++)
		json_addr(j, refs[i].kva);
	json_array_end(j);
}

/* The same list with the members that a reader wants at once. */
static void queued_tasks(struct json *j, const char *key, const struct scxray_report *r,
			 const struct scxray_task_ref *refs, size_t nr)
{
	if (!nr)
		return;
	json_key(j, key);
	json_array(j);
	for (size_t i = 0; i < nr; i++) {
		const struct scxray_task *t = report_find_task(r, &refs[i]);

		json_object(j);
		if (t) {
			json_fields(j, queued_fields, ARRAY_SIZE(queued_fields), t);
		} else {
			json_key(j, "task_kva");
			json_addr(j, refs[i].kva);
		}
		json_object_end(j);
	}
	json_array_end(j);
}

static void dispatch_buffer(struct json *j, const struct scxray_report *r,
			    const struct scxray_rq *rq)
{
	json_opt_string(j, "dispatch_buffer_cut", rq->buffered_cut);
	if (!rq->nr_buffered)
		return;
	json_key(j, "dispatch_buffer");
	json_array(j);
	for (size_t i = 0; i < rq->nr_buffered; i++) {
		const struct scxray_buffered *b = &rq->buffered[i];
		const struct scxray_task *task = report_find_task(r, &b->task);

		json_object(j);
		json_key(j, "task_kva");
		json_addr(j, b->task.kva);
		if (task) {
			json_num_field(j, "pid", &task->pid, FIELD_SIGNED);
			json_text_field(j, "comm", &task->comm);
		}
		json_num_field(j, "dsq_id", &b->dsq_id, FIELD_ID);
		json_opt_string(j, "dsq_id_name", b->dsq_id_name);
		json_object_end(j);
	}
	json_array_end(j);
}

void json_rqs(struct json *j, const struct scxray_report *r)
{
	json_reasons(j, r, SCXRAY_GROUP_RQS);
	if (!r->nr_rqs)
		return;
	json_key(j, "rq_scx_states");
	json_array(j);
	for (size_t i = 0; i < r->nr_rqs; i++) {
		const struct scxray_rq *rq = &r->rqs[i];

		json_object(j);
		json_fields(j, rq_fields, ARRAY_SIZE(rq_fields), rq);
		task_kvas(j, "runnable_task_kvas", rq->runnable, rq->nr_runnable);
		queued_tasks(j, "runnable_tasks", r, rq->runnable, rq->nr_runnable);
		json_key(j, "runnable_truncated");
		json_bool(j, rq->runnable_cut);
		json_opt_string(j, "runnable_cut", rq->runnable_cut);
		queued_tasks(j, "higher_class_tasks", r, rq->higher, rq->nr_higher);
		json_opt_string(j, "higher_class_cut", rq->higher_cut);
		dispatch_buffer(j, r, rq);
		json_object_end(j);
	}
	json_array_end(j);
}

static void json_dsq(struct json *j, const struct scxray_report *r, const struct scxray_dsq *dsq)
{
	char origin[40];

	json_object(j);
	json_fields(j, dsq_fields, ARRAY_SIZE(dsq_fields), dsq);
	json_key(j, "origin");
	json_string(j, dsq_origin(dsq, origin, sizeof(origin)));
	task_kvas(j, "task_kvas", dsq->tasks, dsq->nr_tasks);
	queued_tasks(j, "tasks", r, dsq->tasks, dsq->nr_tasks);
	json_key(j, "truncated");
	json_bool(j, dsq->cut);
	json_opt_string(j, "cut", dsq->cut);
	if (dsq->nr_conflicts) {
		json_key(j, "conflicts");
		json_array(j);
		for (size_t c = 0; c < dsq->nr_conflicts; c++)
			json_string(j, dsq->conflicts[c]);
		json_array_end(j);
	}
	json_object_end(j);
}

void json_dsqs(struct json *j, const struct scxray_report *r, const struct scxray_selection *only)
{
	json_reasons(j, r, SCXRAY_GROUP_DSQS);
	if (!r->nr_dsqs)
		return;
	json_key(j, "dsq_states");
	json_array(j);
	for (size_t i = 0; i < r->nr_dsqs; i++)
		if (dsq_wanted(only, &r->dsqs[i]))
			json_dsq(j, r, &r->dsqs[i]);
	json_array_end(j);
}
