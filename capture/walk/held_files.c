/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * held_files.c - which processes have files of the schedulers open: maps, programs, and the links that load them
 *
 * A scheduler that decides in user space is a process that has such files; where it is stopped or blocked, no
 * task is chosen.  A file says what it is by its operations (kernel/bpf/syscall.c), and its private data is
 * the object.  Looked at are the processes that the report has, then those of the kernel's list of processes, the
 * youngest first: a scheduler is younger than what it schedules.
 */
#include <scxray/report_struct.h>
#include <scxray/sched.h>
#include <scxray/task.h>

#include "capture/base/address_set.h"
#include "capture/read/owner.h"
#include "capture/read/read.h"
#include "capture/walk/tasks.h"
#include "capture/walk/walkers.h"

#define PF_KTHREAD 0x00200000
#define MAX_FDS 4096	/* of a process */
#define MAX_FILES 16384 /* of all processes */
#define MAX_HOLDERS 256

struct search {
	struct walk *w;
	struct address_set tables; /* struct files_struct that were looked at: threads share one */
	struct scxray_held_files *found[MAX_HOLDERS];
	size_t nr_found;
	uint32_t nr_files;
	uint32_t nr_unread; /* processes */
	struct scxray_num first_unread;
};

/* What a file is, by its operations. */
static bool kind_of(const struct walk *w, uint64_t ops, enum scxray_held_kind *kind)
{
	static const struct {
		enum layout_symbol ops;
		enum scxray_held_kind kind;
	} kinds[] = {
		{ S_bpf_map_fops, SCXRAY_HELD_MAP },
		{ S_bpf_prog_fops, SCXRAY_HELD_PROG },
		{ S_bpf_link_fops, SCXRAY_HELD_LINK },
		{ S_bpf_link_fops_poll, SCXRAY_HELD_LINK },
	};

	for (size_t i = 0; ops && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (w->k->layout.symbol[kinds[i].ops] == ops) {
			*kind = kinds[i].kind;
			return true;
		}
	return false;
}

static bool is_owned(const struct walk *w, uint64_t kva)
{
	struct scxray_num sched;
	const char *name;

	return owner_of(w, kva, &sched, &name);
}

/* The struct_ops map that a scheduler was loaded from: no program uses it. */
static bool is_struct_ops(const struct walk *w, uint64_t map)
{
	for (size_t i = 0; i < w->r->nr_scheds; i++)
		if (w->r->scheds[i].struct_ops_map_kva.state == SCXRAY_PRESENT &&
		    w->r->scheds[i].struct_ops_map_kva.value == map)
			return true;
	return false;
}

/* A link of a program of ours, or that of the struct_ops map: it has none (bpf_struct_ops_link_create()). */
static bool is_our_link(struct walk *w, uint64_t link)
{
	struct scxray_num prog = read_member(w, link, M_bpf_link_prog), map;

	if (prog.state == SCXRAY_PRESENT && prog.value)
		return is_owned(w, prog.value);
	if (prog.state != SCXRAY_PRESENT || !has_member(w, M_bpf_struct_ops_link_link))
		return false;
	map = read_member(w, link - w->k->layout.member[M_bpf_struct_ops_link_link].offset,
			  M_bpf_struct_ops_link_map);
	return map.state == SCXRAY_PRESENT && is_struct_ops(w, map.value);
}

static bool is_ours(struct walk *w, enum scxray_held_kind kind, uint64_t kva)
{
	if (kind == SCXRAY_HELD_LINK)
		return is_our_link(w, kva);
	return is_owned(w, kva) || (kind == SCXRAY_HELD_MAP && is_struct_ops(w, kva));
}

static void not_read(struct search *s, const struct scxray_num *num)
{
	if (!s->nr_unread++)
		s->first_unread = *num;
}

/* Returns what could not be read; else a number. */
static struct scxray_num look_at_file(struct walk *w, struct scxray_held_files *held, uint32_t fd,
				      uint64_t file)
{
	struct scxray_num ops = read_member(w, file, M_file_f_op), data;
	void *files = held->files;
	struct scxray_held_file *to;
	enum scxray_held_kind kind;

	if (ops.state != SCXRAY_PRESENT || !kind_of(w, ops.value, &kind))
		return ops;
	data = read_member(w, file, M_file_private_data);
	if (data.state != SCXRAY_PRESENT || !is_ours(w, kind, data.value))
		return data;
	to = pool_push(w->pool, &files, &held->nr_files, sizeof(*to));
	held->files = files;
	if (to)
		*to = (struct scxray_held_file){ .fd = fd, .kind = kind, .kva = data.value };
	else
		w->r->cut[SCXRAY_GROUP_HELD_FILES] = "report memory is used up";
	return data;
}

/* All that is open by the table at `table`, a struct files_struct.  Returns what could not be read; else a number. */
static struct scxray_num look_at_table(struct search *s, uint64_t table,
				       struct scxray_held_files *held)
{
	struct walk *w = s->w;
	struct scxray_num fdt = read_member(w, table, M_files_struct_fdt), nr, fds;
	struct scxray_num whole = num_present(0);

	*held = (struct scxray_held_files){ .files_kva = table };
	nr = fdt.state == SCXRAY_PRESENT ? read_member(w, fdt.value, M_fdtable_max_fds) : fdt;
	fds = fdt.state == SCXRAY_PRESENT ? read_member(w, fdt.value, M_fdtable_fd) : fdt;
	if (nr.state != SCXRAY_PRESENT || fds.state != SCXRAY_PRESENT)
		return nr.state != SCXRAY_PRESENT ? nr : fds;
	for (uint32_t fd = 0; fd < nr.value; fd++) {
		struct scxray_num file;

		if (fd == MAX_FDS || s->nr_files == MAX_FILES) {
			w->r->cut[SCXRAY_GROUP_HELD_FILES] = pool_printf(
				w->pool, "cut after %u files", fd == MAX_FDS ? fd : s->nr_files);
			break;
		}
		file = read_int(w, fds.value + fd * 8ULL, 8, false);
		if (file.state != SCXRAY_PRESENT)
			return file;
		if (!file.value)
			continue;
		s->nr_files++;
		file = look_at_file(w, held, fd, file.value);
		whole = whole.state == SCXRAY_PRESENT ? file : whole;
	}
	return whole;
}

/* What the process with this table has open; NULL: nothing of ours. */
static const struct scxray_held_files *held_by(struct search *s, uint64_t table)
{
	struct scxray_held_files held, *to;
	struct scxray_num whole;

	if (!address_set_add(&s->tables, table)) {
		for (size_t i = 0; i < s->nr_found; i++)
			if (s->found[i]->files_kva == table)
				return s->found[i];
		return NULL;
	}
	whole = look_at_table(s, table, &held);
	if (whole.state != SCXRAY_PRESENT)
		not_read(s, &whole);
	if (!held.nr_files)
		return NULL;
	to = s->nr_found < MAX_HOLDERS ? pool_alloc(s->w->pool, sizeof(*to)) : NULL;
	if (!to) {
		s->w->r->cut[SCXRAY_GROUP_HELD_FILES] =
			pool_printf(s->w->pool, "cut after %zu processes", s->nr_found);
		return NULL;
	}
	*to = held;
	s->found[s->nr_found++] = to;
	return to;
}

static const struct scxray_held_files *held_by_task(struct search *s, uint64_t task,
						    const struct scxray_num *flags)
{
	struct scxray_num table;

	if (flags->state != SCXRAY_PRESENT || flags->value & PF_KTHREAD)
		return NULL;
	table = read_member(s->w, task, M_task_struct_files);
	if (table.state != SCXRAY_PRESENT)
		not_read(s, &table);
	return table.state == SCXRAY_PRESENT && table.value ? held_by(s, table.value) : NULL;
}

/* The first threads of all processes; those that have files of ours come into the report. */
static void walk_processes(struct search *s)
{
	struct walk *w = s->w;
	uint64_t head = member_addr(w, w->k->layout.symbol[S_init_task], M_task_struct_tasks);
	struct scxray_num node = num_present(head);

	for (uint32_t i = 0; i < w->settings.max_list; i++) {
		const struct scxray_held_files *held;
		struct scxray_num flags;
		size_t nr = w->r->nr_tasks;
		int32_t index;
		uint64_t task;

		node = read_member(w, node.value, M_list_head_prev);
		if (node.state != SCXRAY_PRESENT) {
			not_read(s, &node);
			return;
		}
		if (node.value == head || !node.value)
			return;
		task = node.value - w->k->layout.member[M_task_struct_tasks].offset;
		flags = read_member(w, task, M_task_struct_flags);
		held = held_by_task(s, task, &flags);
		index = held ? task_index(w, task) : -1;
		if (index < 0)
			continue;
		if ((size_t)index == nr)
			task_read_details(w, &w->r->tasks[index]);
		w->r->tasks[index].held = held;
	}
	w->r->cut[SCXRAY_GROUP_HELD_FILES] =
		pool_printf(w->pool, "cut after %u processes", w->settings.max_list);
}

static bool needed(struct walk *w)
{
	static const enum layout_member members[] = {
		M_task_struct_files, M_task_struct_tasks, M_task_struct_flags, M_files_struct_fdt,
		M_fdtable_max_fds,   M_fdtable_fd,	  M_file_f_op,	       M_file_private_data,
	};
	const char *missing = NULL;

	if (!has_symbol(w, S_bpf_map_fops) || !has_symbol(w, S_init_task))
		missing = has_symbol(w, S_init_task) ? "bpf_map_fops" : "init_task";
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (!missing && !has_member(w, members[i]))
			missing = layout_member_name(members[i]);
	if (missing)
		w->r->unavailable[SCXRAY_GROUP_HELD_FILES] =
			pool_printf(w->pool, "this kernel has no %s", missing);
	return !missing;
}

void walk_held_files(struct walk *w)
{
	struct search s = { .w = w };
	size_t nr = w->r->nr_tasks;

	if (!w->r->nr_scheds || !needed(w))
		return;
	if (!address_set_init(&s.tables, w->pool, w->settings.max_tasks + w->settings.max_list)) {
		w->r->unavailable[SCXRAY_GROUP_HELD_FILES] = "report memory is used up";
		return;
	}
	for (size_t i = 0; i < nr; i++) {
		struct scxray_task *task = &w->r->tasks[i];

		task->held = held_by_task(&s, task->kva, &task->flags);
	}
	walk_processes(&s);
	if (s.nr_unread)
		w->r->cut[SCXRAY_GROUP_HELD_FILES] = pool_printf(
			w->pool, "%u processes' can't be read, the first at 0x%016llx: %s",
			s.nr_unread, (unsigned long long)s.first_unread.value,
			s.first_unread.reason);
}
