/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * psi.c - pressure of cgroups, and locks, as JSON
 */
#include <base/array.h>

#include <scxray/group.h>
#include <scxray/host.h>
#include <scxray/lock.h>
#include <scxray/report_struct.h>
#include <scxray/system.h>
#include <scxray/task.h>

#include "render/json/report.h"

#include "render/out/field.h"
#include "render/out/join.h"
#include "render/out/reasons.h"

/* As in the files of a cgroup: cpu.pressure has a line "some" and a line "full". */
static const struct {
	const char *resource;
	int some, full; /* enum scxray_psi_line, or -1 */
} resources[] = {
	{ "cpu", SCXRAY_PSI_CPU_SOME, SCXRAY_PSI_CPU_FULL },
	{ "memory", SCXRAY_PSI_MEMORY_SOME, SCXRAY_PSI_MEMORY_FULL },
	{ "io", SCXRAY_PSI_IO_SOME, SCXRAY_PSI_IO_FULL },
	{ "irq", -1, SCXRAY_PSI_IRQ_FULL },
};

/* Percent with two digits, as the kernel prints it. */
static void percent(struct json *j, const char *key, const struct scxray_num *num)
{
	if (num->state == SCXRAY_PRESENT) {
		json_key(j, key);
		json_double(j, (double)num->value / 100, 64);
	} else {
		json_num_field(j, key, num, FIELD_NUM);
	}
}

static void line(struct json *j, const char *key, const struct scxray_psi *psi)
{
	if (psi->total_ns.state == SCXRAY_NONE)
		return;
	json_key(j, key);
	json_object(j);
	json_num_field(j, "total_ns", &psi->total_ns, FIELD_NUM);
	percent(j, "avg10", &psi->avg10);
	percent(j, "avg60", &psi->avg60);
	percent(j, "avg300", &psi->avg300);
	json_object_end(j);
}

static void cgroup(struct json *j, const struct scxray_cgroup_psi *psi)
{
	json_object(j);
	json_opt_string(j, "path", psi->path);
	json_key(j, "cgroup_kva");
	json_addr(j, psi->kva);
	if (psi->dying) {
		json_key(j, "dying");
		json_bool(j, true);
	}
	json_num_field(j, "enabled", &psi->enabled, FIELD_FLAG);
	json_opt_string(j, "unavailable", psi->unavailable);
	for (size_t i = 0; i < ARRAY_SIZE(resources); i++) {
		const struct scxray_psi *full = &psi->lines[resources[i].full];
		const struct scxray_psi *some =
			resources[i].some < 0 ? NULL : &psi->lines[resources[i].some];

		if (full->total_ns.state == SCXRAY_NONE &&
		    (!some || some->total_ns.state == SCXRAY_NONE))
			continue;
		json_key(j, resources[i].resource);
		json_object(j);
		if (some)
			line(j, "some", some);
		line(j, "full", full);
		json_object_end(j);
	}
	json_object_end(j);
}

void json_psi(struct json *j, const struct scxray_report *r)
{
	json_reasons(j, r, SCXRAY_GROUP_PSI);
	if (!r->nr_cgroup_psi)
		return;
	json_key(j, "cgroup_psi");
	json_array(j);
	for (size_t i = 0; i < r->nr_cgroup_psi; i++)
		cgroup(j, &r->cgroup_psi[i]);
	json_array_end(j);
}

static const struct field waiter_fields[] = {
	FIELD(scxray_task, kva, "task_kva", FIELD_KVA),
	FIELD(scxray_task, pid, "pid", FIELD_SIGNED),
	FIELD(scxray_task, comm, "comm", FIELD_TEXT),
	FIELD(scxray_task, curr_cpu, "curr_cpu", FIELD_INDEX),
	FIELD(scxray_task, lock_slowpath_match, "lock_slowpath_match", FIELD_STRING),
};

static const struct field held_fields[] = {
	FIELD(scxray_rqspinlock, cpu, "cpu", FIELD_U32),
	FIELD(scxray_rqspinlock, depth, "depth", FIELD_U32),
	FIELD(scxray_rqspinlock, lock, "lock", FIELD_SYMBOL),
	FIELD(scxray_rqspinlock, word, "lock_word", FIELD_NUM),
};

static void waiters(struct json *j, const struct scxray_report *r)
{
	size_t nr = 0;

	for (size_t i = 0; i < r->nr_tasks; i++) {
		if (!r->tasks[i].lock_slowpath_match)
			continue;
		if (!nr++) {
			json_key(j, "waiters");
			json_array(j);
		}
		json_object(j);
		json_fields(j, waiter_fields, ARRAY_SIZE(waiter_fields), &r->tasks[i]);
		json_object_end(j);
	}
	if (nr)
		json_array_end(j);
}

void json_locks(struct json *j, const struct scxray_report *r)
{
	bool any = r->nr_rqspinlocks || r->unavailable[SCXRAY_GROUP_LOCKS] ||
		   r->cut[SCXRAY_GROUP_LOCKS];

	for (size_t i = 0; i < r->nr_tasks && !any; i++)
		any = r->tasks[i].lock_slowpath_match;
	if (!any)
		return;
	json_key(j, "locks");
	json_object(j);
	waiters(j, r);
	json_reasons(j, r, SCXRAY_GROUP_LOCKS);
	if (r->nr_rqspinlocks) {
		json_key(j, "held_rqspinlocks");
		json_array(j);
		for (size_t i = 0; i < r->nr_rqspinlocks; i++) {
			json_object(j);
			json_fields(j, held_fields, ARRAY_SIZE(held_fields), &r->rqspinlocks[i]);
			json_object_end(j);
		}
		json_array_end(j);
	}
	json_object_end(j);
}
