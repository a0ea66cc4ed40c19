/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stacks.c - kernel stacks: of vCPUs from their registers, of tasks that
 * sleep or wait from where they were switched out
 */
#include <base/array.h>

#include <scxray/report_struct.h>
#include <scxray/task.h>
#include <scxray/vcpu.h>

#include "capture/stack/stacks.h"

#include "capture/base/sort.h"
#include "capture/read/read.h"
#include "capture/read/symbol_of.h"
#include "capture/stack/record_stacks.h"
#include "capture/stack/unwind.h"

#define MAX_FRAMES 1024
#define NAME_CACHE 1024 /* a power of two */

struct stacks {
	struct walk *w;
	uint32_t max;
	/* addresses come again and again: the report has each name once */
	struct named {
		struct scxray_address frame; /* at 0: empty */
		bool exact;
	} * names; /* NAME_CACHE; NULL where none is asked for */
	uint64_t ips[MAX_FRAMES];
	bool exact[MAX_FRAMES];
	struct stack_recorder rec;
	struct orc orc;
};

static struct scxray_address find_frame(struct stacks *s, uint64_t ip, bool exact)
{
	struct named *named = &s->names[(ip ^ ip >> 10) & (NAME_CACHE - 1)];

	if (!ip || named->frame.addr.value != ip || named->exact != exact)
		*named = (struct named){ .frame = frame_of(s->w, ip, exact), .exact = exact };
	return named->frame;
}

/* All frames from `u` on, its own first. */
static void walk_up(struct stacks *s, struct unwind *u, struct scxray_stack_trace *trace)
{
	uint32_t nr = 0;

	do {
		if (nr == s->max) {
			u->end = pool_printf(s->w->pool, "cut after %u frames", nr);
			u->whole = false;
			break;
		}
		s->ips[nr] = u->ip;
		s->exact[nr++] = u->exact;
	} while (unwind_next(u));
	trace->end = u->end;
	trace->whole = u->whole;
	if (u->by_call) {
		trace->end = pool_printf(s->w->pool,
					 "%s; the second frame is the call that the stack shows",
					 u->end);
		trace->whole = false;
	}
	if (is_recording(s->w)) {
		for (uint32_t i = 0; i < nr; i++)
			stack_record_code(&s->rec, s->ips[i]);
		return;
	}
	trace->frames = pool_alloc(s->w->pool, nr * sizeof(*trace->frames));
	if (!trace->frames) {
		trace->end = POOL_USED_UP;
		trace->whole = false;
		return;
	}
	for (uint32_t i = 0; i < nr; i++)
		trace->frames[i] = find_frame(s, s->ips[i], s->exact[i]);
	trace->nr = nr;
}

static const char *why_not(struct walk *w, const char *what, const struct scxray_num *num)
{
	return num->state == SCXRAY_MISSING
		       ? pool_printf(w->pool, "this kernel's BTF has no %s", num->reason)
		       : pool_printf(w->pool, "%s is unreadable: %s", what, num->reason);
}

/* The task's stack, where it is known how big they are. */
static void bounds(const struct stacks *s, const struct scxray_num *stack, struct unwind *u)
{
	if (stack->state != SCXRAY_PRESENT || !stack->value || !s->rec.stack_size ||
	    stack->value > UINT64_MAX - s->rec.stack_size)
		return;
	u->stack = stack->value;
	u->stack_end = stack->value + s->rec.stack_size;
}

static void of_vcpu(struct stacks *s, struct scxray_vcpu *v)
{
	static const enum scxray_reg needed[] = { SCXRAY_REG_RIP, SCXRAY_REG_RSP, SCXRAY_REG_RBP };
	struct unwind u = { .w = s->w, .orc = &s->orc, .exact = true, .cpu = &v->regs };

	if (!v->parked)
		return;
	if (v->user_mode) {
		v->backtrace.end = "user mode";
		v->backtrace.whole = true;
		return;
	}
	if (v->never_started.state == SCXRAY_PRESENT) {
		v->backtrace.end = "never started";
		v->backtrace.whole = true;
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++)
		if (!(v->regs.known >> needed[i] & 1)) {
			v->backtrace.end = "rip, rsp or rbp is unknown";
			return;
		}
	u.ip = v->regs.value[SCXRAY_REG_RIP];
	u.sp = v->regs.value[SCXRAY_REG_RSP];
	u.bp = v->regs.value[SCXRAY_REG_RBP];
	if (v->curr_kva.state == SCXRAY_PRESENT) {
		struct scxray_num stack =
			read_optional(s->w, v->curr_kva.value, M_task_struct_stack);

		bounds(s, &stack, &u);
	}
	if (is_recording(s->w)) {
		stack_record_code(&s->rec, u.ip);
		if (u.sp >= u.stack && u.sp < u.stack_end) {
			stack_record_stack(&s->rec, u.sp, u.stack_end);
			return;
		}
		/* an interrupt's: only unwinding finds where it leads */
		stack_record_stack(&s->rec, u.sp, (u.sp & ~PAGE_MASK) + PAGE_SIZE);
		guest_touch(s->w->g, u.stack, u.stack_end - u.stack);
	}
	walk_up(s, &u, &v->backtrace);
}

/* __switch_to_asm() left callee-saved registers and a return address at thread.sp. */
static void of_sleeper(struct stacks *s, struct scxray_task *task)
{
	struct scxray_num stack = read_optional(s->w, task->kva, M_task_struct_stack);
	struct scxray_num sp = read_member(s->w, task->kva, M_task_struct_thread_sp), ip, bp;
	struct unwind u = { .w = s->w, .orc = &s->orc };

	if (sp.state != SCXRAY_PRESENT) {
		task->kernel_stack.end = why_not(s->w, "thread.sp", &sp);
		return;
	}
	if (stack.state == SCXRAY_PRESENT && !stack.value) {
		task->kernel_stack.end = "the task gave its stack back";
		task->kernel_stack.whole = true;
		return;
	}
	bounds(s, &stack, &u);
	u.confined = u.stack != 0;
	if (sp.value & 7 || (u.confined && (sp.value < u.stack || sp.value >= u.stack_end ||
					    u.stack_end - sp.value < s->rec.frame_size))) {
		task->kernel_stack.end = "thread.sp is not on the task's stack";
		return;
	}
	ip = read_member(s->w, sp.value, M_inactive_task_frame_ret_addr);
	bp = read_member(s->w, sp.value, M_inactive_task_frame_bp);
	if (ip.state != SCXRAY_PRESENT || bp.state != SCXRAY_PRESENT) {
		task->kernel_stack.end =
			why_not(s->w, "the stack", ip.state != SCXRAY_PRESENT ? &ip : &bp);
		return;
	}
	u.ip = ip.value;
	u.bp = bp.value;
	u.sp = sp.value + s->rec.frame_size;
	/* a task that never ran begins there: no call precedes it */
	u.exact = ip.value == s->w->k->layout.symbol[S_ret_from_fork_asm];
	walk_up(s, &u, &task->kernel_stack);
}

static void of_task(struct stacks *s, struct scxray_task *task)
{
	struct walk *w = s->w;

	if (task->curr_cpu < 0) {
		if (!is_recording(w) || !stack_record_task_stack(&s->rec, task))
			of_sleeper(s, task);
		return;
	}
	for (size_t i = 0; i < w->r->nr_vcpus; i++) {
		const struct scxray_vcpu *v = &w->r->vcpus[i];

		if (v->cpu.state == SCXRAY_PRESENT && v->cpu.value == (uint64_t)task->curr_cpu &&
		    v->backtrace.end) {
			task->kernel_stack = v->backtrace;
			return;
		}
	}
	task->kernel_stack.end =
		pool_printf(w->pool, "runs on cpu %d, whose registers are unknown", task->curr_cpu);
}

struct candidate {
	size_t index;
	unsigned rank;
	int64_t age;
};

/* Those that wait longest, those that run, all others. */
static int by_worth(const void *va, const void *vb)
{
	const struct candidate *a = va, *b = vb;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (a->age != b->age)
		return a->age > b->age ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

static void of_tasks(struct stacks *s)
{
	struct scxray_report *r = s->w->r;
	struct candidate *order = pool_alloc(s->w->pool, r->nr_tasks * sizeof(*order));

	for (size_t i = 0; order && i < r->nr_tasks; i++) {
		const struct scxray_task *task = &r->tasks[i];

		order[i].index = i;
		order[i].rank = task->runnable_cpu >= 0 ? 0 : task->curr_cpu >= 0 ? 1 : 2;
		if (task->runnable_age_jiffies.state == SCXRAY_PRESENT)
			order[i].age = (int64_t)task->runnable_age_jiffies.value;
	}
	/* one that records takes all, and those that wait were found first */
	if (order && (!is_recording(s->w) || r->nr_tasks > s->w->settings.max_task_stacks))
		sort_array(order, r->nr_tasks, sizeof(*order), by_worth);
	for (size_t i = 0; i < r->nr_tasks; i++) {
		struct scxray_task *task = &r->tasks[order ? order[i].index : i];

		if (!order)
			task->kernel_stack.end = POOL_USED_UP;
		else if (i >= s->w->settings.max_task_stacks)
			task->kernel_stack.end = "not walked: more tasks than the limit on stacks";
		else
			of_task(s, task);
	}
}

static void out_of_memory(struct walk *w)
{
	for (size_t i = 0; i < w->r->nr_tasks; i++)
		w->r->tasks[i].kernel_stack.end = POOL_USED_UP;
	for (size_t i = 0; i < w->r->nr_vcpus; i++)
		w->r->vcpus[i].backtrace.end = POOL_USED_UP;
}

void walk_stacks(struct walk *w)
{
	struct stacks *s;

	if (!w->k->has_types)
		return;
	s = pool_alloc(w->pool, sizeof(*s));
	if (!s) {
		out_of_memory(w);
		return;
	}
	s->w = w;
	stack_recorder_init(&s->rec, w);
	s->max = w->settings.max_stack_frames < MAX_FRAMES ? w->settings.max_stack_frames
							   : MAX_FRAMES;
	if (!is_recording(w)) {
		s->names = pool_alloc(w->pool, NAME_CACHE * sizeof(*s->names));
		if (!s->names) {
			out_of_memory(w);
			return;
		}
	}
	orc_init(&s->orc, w, s->rec.orc_size);
	for (size_t i = 0; i < w->r->nr_vcpus; i++)
		of_vcpu(s, &w->r->vcpus[i]);
	of_tasks(s);
}
