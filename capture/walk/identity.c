/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * identity.c - what a task is besides its pid: parent, groups, cgroup, and what it used
 */
#include <base/array.h>

#include <scxray/report_struct.h>
#include <scxray/task.h>

#include "capture/read/cgroup.h"
#include "capture/read/read.h"
#include "capture/walk/walkers.h"

struct number {
	size_t to; /* offset in struct scxray_task */
	enum layout_member from;
};

/* Recorded are the pages that the members lie in, each asked for once where they lie together. */
static void record_numbers(struct walk *w, uint64_t base, const struct number *table, size_t nr)
{
	uint64_t last = 0;

	for (size_t i = 0; i < nr; i++) {
		uint64_t addr = member_addr(w, base, table[i].from);
		uint64_t end = addr + w->k->layout.member[table[i].from].size - 1;

		if (!has_member(w, table[i].from) ||
		    (addr >> PAGE_SHIFT == last && end >> PAGE_SHIFT == last))
			continue;
		touch_member(w, base, table[i].from);
		last = end >> PAGE_SHIFT;
	}
}

static void numbers(struct walk *w, struct scxray_task *task, uint64_t base,
		    const struct number *table, size_t nr)
{
	if (is_recording(w)) {
		record_numbers(w, base, table, nr);
		return;
	}
	for (size_t i = 0; i < nr; i++)
		*(struct scxray_num *)((char *)task + table[i].to) =
			read_member(w, base, table[i].from);
}

/* What a pointer member leads to; `found` is false where it leads nowhere. */
static struct scxray_num follow(struct walk *w, uint64_t base, enum layout_member m, bool *found)
{
	struct scxray_num to;

	if (is_recording(w)) {
		to = (struct scxray_num){ .value = record_word(w, base, m) };
		*found = to.value != 0;
		return to;
	}
	to = read_member(w, base, m);
	*found = to.state == SCXRAY_PRESENT && to.value;
	if (to.state == SCXRAY_PRESENT) /* an address, and no number to report */
		to.state = SCXRAY_NONE;
	return to;
}

/* What is the same for all tasks. */
struct identities {
	struct pid_type {
		const char *name;
		uint64_t index; /* UINT64_MAX: not in this kernel */
	} pgid, sid;
	/* the last ones that were read: a process's threads follow each other */
	uint64_t css_set, cgroup, signal, parent, pid;
};

static struct pid_type pid_type(struct walk *w, const char *name)
{
	struct pid_type type = { .name = name };

	if (!types_enumerator(&w->k->types, "pid_type", name, &type.index))
		type.index = UINT64_MAX;
	return type;
}

static void record_pid(struct walk *w, uint64_t signal, const struct pid_type *type,
		       struct identities *ids)
{
	const struct member *pids = &w->k->layout.member[M_signal_struct_pids];
	uint64_t pid;

	if (type->index >= pids->size / 8 || !has_member(w, M_pid_numbers) ||
	    guest_read_u64(w->g, signal + pids->offset + type->index * 8, &pid) || !pid ||
	    pid == ids->pid)
		return;
	ids->pid = pid;
	touch_member(w, member_addr(w, pid, M_pid_numbers), M_upid_nr);
}

/* signal->pids[type]->numbers[0].nr: the number in the first pid namespace. */
static struct scxray_num pid_of(struct walk *w, uint64_t signal, const struct pid_type *type)
{
	const struct member *pids = &w->k->layout.member[M_signal_struct_pids];
	struct scxray_num pid;

	if (type->index >= pids->size / 8)
		return (struct scxray_num){ .reason = type->name, .state = SCXRAY_MISSING };
	if (!has_member(w, M_pid_numbers) || !has_member(w, M_upid_nr))
		return read_member(w, signal,
				   has_member(w, M_pid_numbers) ? M_upid_nr : M_pid_numbers);
	pid = read_int(w, signal + pids->offset + type->index * 8, 8, false);
	if (pid.state != SCXRAY_PRESENT)
		return pid;
	if (!pid.value) /* a task on its way out */
		return (struct scxray_num){ 0 };
	return read_member(w, member_addr(w, pid.value, M_pid_numbers), M_upid_nr);
}

static void signal_part(struct walk *w, struct identities *ids, struct scxray_task *task)
{
	static const struct number table[] = {
		{ offsetof(struct scxray_task, nr_threads), M_signal_struct_nr_threads },
		{ offsetof(struct scxray_task, signal_nvcsw), M_signal_struct_nvcsw },
		{ offsetof(struct scxray_task, signal_nivcsw), M_signal_struct_nivcsw },
		{ offsetof(struct scxray_task, signal_utime), M_signal_struct_utime },
		{ offsetof(struct scxray_task, signal_stime), M_signal_struct_stime },
	};
	bool found;
	struct scxray_num signal = follow(w, task->kva, M_task_struct_signal, &found);

	if (!found) {
		task->nr_threads = task->pgid = task->sid = signal;
		return;
	}
	if (is_recording(w) && signal.value == ids->signal)
		return; /* another thread of the process has them */
	ids->signal = signal.value;
	numbers(w, task, signal.value, table, ARRAY_SIZE(table));
	if (is_recording(w)) {
		record_pid(w, signal.value, &ids->pgid, ids);
		record_pid(w, signal.value, &ids->sid, ids);
		return;
	}
	task->pgid = pid_of(w, signal.value, &ids->pgid);
	task->sid = pid_of(w, signal.value, &ids->sid);
}

/* The first thread of its process, and its parent. */
static void relatives(struct walk *w, struct identities *ids, struct scxray_task *task)
{
	bool has_leader, has_parent;
	struct scxray_num leader = follow(w, task->kva, M_task_struct_group_leader, &has_leader);
	struct scxray_num parent = follow(w, task->kva, M_task_struct_real_parent, &has_parent);

	if (is_recording(w)) {
		if (has_leader && leader.value != task->kva) /* its own pid was read before */
			touch_member(w, leader.value, M_task_struct_pid);
		if (has_parent && parent.value != ids->parent) {
			touch_member(w, parent.value, M_task_struct_pid);
			touch_member(w, parent.value, M_task_struct_comm);
		}
		ids->parent = parent.value;
		return;
	}
	task->group_leader_pid =
		has_leader ? read_member(w, leader.value, M_task_struct_pid) : leader;
	task->real_parent_pid =
		has_parent ? read_member(w, parent.value, M_task_struct_pid) : parent;
	if (has_parent)
		task->real_parent_comm = read_text_array(w, parent.value, M_task_struct_comm);
}

static void identity(struct walk *w, struct identities *ids, struct scxray_task *task)
{
	static const struct number table[] = {
		{ offsetof(struct scxray_task, core_cookie), M_task_struct_core_cookie },
		{ offsetof(struct scxray_task, nvcsw), M_task_struct_nvcsw },
		{ offsetof(struct scxray_task, nivcsw), M_task_struct_nivcsw },
		{ offsetof(struct scxray_task, utime), M_task_struct_utime },
		{ offsetof(struct scxray_task, stime), M_task_struct_stime },
	};
	struct scxray_num to;
	bool found;

	numbers(w, task, task->kva, table, ARRAY_SIZE(table));
	relatives(w, ids, task);
	signal_part(w, ids, task);
	to = follow(w, task->kva, M_task_struct_cgroups, &found);
	if (is_recording(w) && found && to.value == ids->css_set)
		return;
	ids->css_set = to.value;
	if (found)
		to = follow(w, to.value, M_css_set_dfl_cgrp, &found);
	if (!found || (is_recording(w) && to.value == ids->cgroup))
		return;
	task->cgroup_path = cgroup_path(w, to.value);
	ids->cgroup = to.value;
}

void walk_task_identities(struct walk *w)
{
	struct identities ids = {
		.pgid = pid_type(w, "PIDTYPE_PGID"),
		.sid = pid_type(w, "PIDTYPE_SID"),
	};

	for (size_t i = 0; i < w->r->nr_tasks; i++)
		identity(w, &ids, &w->r->tasks[i]);
}
