/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * record_stacks.c - copies the pages of stacks, of the tables by which modules' frames are unwound,
 * and of the line info of BPF programs
 */
#include <scxray/task.h>

#include "capture/stack/record_stacks.h"

#include "capture/base/slot.h"
#include "capture/kernel/modules.h"
#include "capture/read/bpf_prog.h"
#include "capture/read/modules.h"
#include "capture/read/read.h"
#include "capture/stack/sleepers.h"
#include "capture/stack/stacks.h"

static void add_code(struct stack_recorder *r, uint64_t start, uint64_t end)
{
	if (start < end && start < r->code_start)
		r->code_start = start;
	if (start < end && end > r->code_end)
		r->code_end = end;
}

static void find_code(struct stack_recorder *r)
{
	const struct modules *modules = r->w->modules;
	const struct symbols *symbols = &r->w->k->symbols;

	r->code_start = UINT64_MAX;
	for (size_t i = 0; modules && i < modules->nr; i++)
		for (size_t t = 0; t < 2; t++)
			add_code(r, modules->list[i].text[t].start, modules->list[i].text[t].end);
	for (size_t i = 0; i < symbols->nr_bpf; i++)
		add_code(r, symbols->bpf[i].start, symbols->bpf[i].end);
}

static uint32_t struct_size(const struct walk *w, const char *name)
{
	const struct types *types = &w->k->types;

	return types_size(types, types_find(types, name, BTF_KIND_STRUCT));
}

void stack_recorder_init(struct stack_recorder *r, struct walk *w)
{
	r->w = w;
	r->frame_size = struct_size(w, "inactive_task_frame");
	r->orc_size = struct_size(w, "orc_entry");
	r->stack_size = task_stack_size(w);
	find_code(r);
}

static void record_module(struct stack_recorder *r, uint64_t ip)
{
	struct module *m = modules_find(r->w->modules, ip);
	size_t index = m ? (size_t)(m - r->w->modules->list) : RECORD_MAX_MODULES;

	if (index >= RECORD_MAX_MODULES || r->has_module[index])
		return;
	r->has_module[index] = true;
	modules_need(r->w, ip);
	guest_touch(r->w->g, m->orc_ips, m->nr_orcs * 4ULL);
	guest_touch(r->w->g, m->orc_entries, (uint64_t)m->nr_orcs * r->orc_size);
}

static void record_line(struct stack_recorder *r, uint64_t ip)
{
	uint64_t *last = &r->lines[slot_of(ip, RECORD_LINES - 1)];

	if (*last == ip)
		return;
	*last = ip;
	/* a return address, or where something was interrupted: both have the same line nearly always */
	for (unsigned back = 0; back < 2; back++)
		(void)bpf_prog_line(r->w, ip, back);
}

void stack_record_code(struct stack_recorder *r, uint64_t ip)
{
	if (ip < r->code_start || ip > r->code_end) /* after a call the end may be returned to */
		return;
	record_module(r, ip);
	record_line(r, ip);
}

void stack_record_stack(struct stack_recorder *r, uint64_t sp, uint64_t end)
{
	uint64_t words[PAGE_SIZE / 8];

	if (!r->code_end) {
		guest_touch(r->w->g, sp, end - sp);
		return;
	}
	while (sp < end) {
		uint64_t size = PAGE_SIZE - (sp & PAGE_MASK);

		if (size > end - sp)
			size = end - sp;
		if (guest_read(r->w->g, sp, words, size))
			return;
		for (size_t i = 0; i < size / 8; i++)
			stack_record_code(r, words[i]);
		sp += size;
	}
}

/* From where a task that does not run was switched out to the stack's end; false: nowhere. */
static bool find_stack(const struct stack_recorder *r, uint64_t task, uint64_t *sp, uint64_t *end)
{
	uint64_t stack = record_word(r->w, task, M_task_struct_stack);

	*sp = record_word(r->w, task, M_task_struct_thread_sp);
	if (!r->stack_size || !stack || stack > UINT64_MAX - r->stack_size)
		return false;
	*end = stack + r->stack_size;
	return !(*sp & 7) && *sp >= stack && *sp < *end && *end - *sp >= r->frame_size;
}

bool stack_record_task_stack(struct stack_recorder *r, const struct scxray_task *task)
{
	uint64_t sp, end;

	if (r->w->sleepers && sleepers_note(r->w->sleepers, r->w, task))
		return true;
	if (!find_stack(r, task->kva, &sp, &end))
		return false;
	stack_record_stack(r, sp, end);
	return true;
}

uint32_t walk_sleepers(struct walk *w)
{
	const struct page_store *store = w->g->phys->recorder->to;
	struct sleepers *sleepers = w->sleepers;
	struct stack_recorder r = { 0 };
	uint32_t ran = 0;

	stack_recorder_init(&r, w);
	sleepers_thawed(sleepers, w);
	for (uint32_t i = 0; i < sleepers->nr; i++) {
		uint32_t before = store->nr;
		uint64_t sp, end;
		bool found = find_stack(&r, sleepers->list[i], &sp, &end);

		if (found)
			guest_touch(w->g, sp, end - sp);
		if (!sleepers_keep(sleepers, w, i, before))
			ran++;
		else if (found) /* the tables for it */
			stack_record_stack(&r, sp, end);
	}
	sleepers_end(sleepers);
	return ran;
}
