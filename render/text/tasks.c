/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tasks.c - tasks as text: which of them wait, for how long, and where
 */
#include <errno.h>
#include <stdlib.h>

#include <base/array.h>

#include <scxray/atoms.h>
#include <scxray/host.h>
#include <scxray/report_struct.h>
#include <scxray/task.h>
#include <scxray/vcpu.h>

#include "render/out/join.h"
#include "render/out/table.h"
#include "render/out/reasons.h"

/* Begins " key=value" for an unusual value. */
static struct strbuf *also(struct strbuf *sb, size_t start, const char *key)
{
	if (sb->len > start)
		strbuf_putc(sb, ' ');
	strbuf_puts(sb, key);
	strbuf_putc(sb, '=');
	return sb;
}

static bool is_cpu(const struct scxray_num *num)
{
	return num->state == SCXRAY_UNREADABLE ||
	       (num->state == SCXRAY_PRESENT && num_signed(num) >= 0);
}

static bool is_unusual(const struct scxray_num *num, uint64_t usual)
{
	return num->state == SCXRAY_UNREADABLE ||
	       (num->state == SCXRAY_PRESENT && num->value != usual);
}

/* Members that rarely matter, where their value is unusual. */
static enum style task_also(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct scxray_task *task = at;
	size_t start = sb->len;

	if (is_unusual(&task->ops_state, 0)) {
		also(sb, start, "ops");
		if (task->ops_state_name)
			cell_string(sb, task->ops_state_name);
		else
			cell_num(sb, &task->ops_state);
	}
	if (is_unusual(&task->ops_qseq, 0))
		cell_num(also(sb, start, "qseq"), &task->ops_qseq);
	if (is_unusual(&task->migration_disabled, 0))
		cell_num(also(sb, start, "no_mig"), &task->migration_disabled);
	if (is_cpu(&task->holding_cpu))
		cell_num(also(sb, start, "holding"), &task->holding_cpu);
	if (is_cpu(&task->sticky_cpu))
		cell_num(also(sb, start, "sticky"), &task->sticky_cpu);
	/* usually SCX_DSQ_INVALID: bit 63 alone */
	if (is_unusual(&task->ddsp_dsq_id, 1ULL << 63))
		cell_dsq_id(also(sb, start, "ddsp_dsq"), &task->ddsp_dsq_id);
	if (task->dl_runtime.state == SCXRAY_PRESENT && task->dl_period.state == SCXRAY_PRESENT) {
		cell_ns(also(sb, start, "dl"), task->dl_runtime.value);
		strbuf_putc(sb, '/');
		cell_ns(sb, task->dl_period.value);
		if (num_true(&task->dl_throttled))
			strbuf_puts(sb, "(throttled)");
	}
	if (task->lock_slowpath_match)
		cell_string(also(sb, start, "lock"), task->lock_slowpath_match);
	(void)t;
	return sb->len == start ? column_none(sb) : STYLE_PLAIN;
}

static enum style task_age(struct strbuf *sb, const struct text *t, const void *at)
{
	cell_age(sb, at);
	return task_age_style(t, at);
}

static enum style task_name(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct scxray_task *task = at;

	cell_task(sb, task, task->kva);
	return task_age_style(t, task);
}

static enum style task_where(struct strbuf *sb, const struct text *t, const void *at)
{
	cell_custody(sb, t->report, at);
	return STYLE_PLAIN;
}

static enum style task_class(struct strbuf *sb, const struct text *t, const void *at)
{
	const char *class = *(const char *const *)at;

	column_string(sb, t, at);
	return class && !strcmp(class, "ext") ? STYLE_PLAIN : STYLE_CYAN;
}

static enum style task_state(struct strbuf *sb, const struct text *t, const void *at)
{
	char letter = *(const char *)at;

	(void)t;
	strbuf_putc(sb, letter ? letter : '-');
	return STYLE_PLAIN;
}

/* With one scheduler there is nothing to tell apart. */
static enum style task_sched(struct strbuf *sb, const struct text *t, const void *at)
{
	return t->report->nr_scheds > 1 ? column_string(sb, t, at) : column_none(sb);
}

static enum style task_parent(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct scxray_task *task = at;

	if (task->real_parent_pid.state != SCXRAY_PRESENT)
		return column_num(sb, t, &task->real_parent_pid);
	cell_text(sb, &task->real_parent_comm);
	strbuf_putc(sb, '[');
	cell_signed(sb, &task->real_parent_pid);
	strbuf_putc(sb, ']');
	return STYLE_PLAIN;
}

static enum style task_switches(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct scxray_task *task = at;

	if (task->nvcsw.state != SCXRAY_PRESENT)
		return column_num(sb, t, &task->nvcsw);
	if (task->nivcsw.state != SCXRAY_PRESENT)
		return column_num(sb, t, &task->nivcsw);
	strbuf_u64(sb, task->nvcsw.value + task->nivcsw.value);
	return STYLE_PLAIN;
}

/* Where all tasks are in the root there is nothing to tell apart. */
static enum style task_cgroup(struct strbuf *sb, const struct text *t, const void *at)
{
	const char *path = *(const char *const *)at;

	return path && strcmp(path, "/") != 0 ? column_string(sb, t, at) : column_none(sb);
}

static const struct column columns[] = {
	{ "runnable", RIGHT, 0, 0, task_age },
	{ "task", LEFT, 0, 0, task_name },
	{ "where", LEFT, 0, 0, task_where },
	COLUMN("class", LEFT, 4, scxray_task, sched_class, task_class),
	COLUMN("st", LEFT, 5, scxray_task, state_letter, task_state),
	COLUMN("cpu", RIGHT, 2, scxray_task, cpu, column_num),
	COLUMN("cpus", LEFT, 1, scxray_task, cpus_allowed, column_cpus),
	COLUMN("slice", RIGHT, 8, scxray_task, slice, column_slice),
	COLUMN("vtime", RIGHT, 9, scxray_task, dsq_vtime, column_num),
	COLUMN("weight", RIGHT, 10, scxray_task, weight, column_num),
	COLUMN("prio", RIGHT, 11, scxray_task, prio, column_signed),
	COLUMN("sel", RIGHT, 7, scxray_task, selected_cpu, column_cpu),
	{ "also", LEFT, 3, 0, task_also },
	COLUMN("flags", LEFT, 12, scxray_task, scx_flag_names, column_string),
	COLUMN("sched", LEFT, 6, scxray_task, sched_name, task_sched),
	{ "parent", LEFT, 13, 0, task_parent },
	{ "switches", RIGHT, 14, 0, task_switches },
	COLUMN("utime", RIGHT, 15, scxray_task, utime, column_ns),
	COLUMN("stime", RIGHT, 16, scxray_task, stime, column_ns),
	COLUMN("cgroup", LEFT, 2, scxray_task, cgroup_path, task_cgroup),
};

struct order {
	const struct scxray_task *task;
	bool waits; /* belongs in the table */
};

static bool belongs_in_table(const struct scxray_report *r, const struct scxray_task *task)
{
	return task_custody(r, task) != CUSTODY_NOT_RUNNABLE || task->runnable_cpu >= 0 ||
	       task->queued_cpu.state == SCXRAY_PRESENT || task->lock_slowpath_match ||
	       task->pid.state == SCXRAY_UNREADABLE || task->ops_state.state == SCXRAY_UNREADABLE;
}

/* Sleeping tasks of a class that are named; the others are counted. */
#define MAX_SLEEPERS 64

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h */

/* Asleep where all its kind sleep: nobody asks for it. */
static bool is_sleeping_kthread(const struct order *order)
{
	const struct scxray_task *task = order->task;

	return !order->waits && task->state_letter != 'D' && task->flags.state == SCXRAY_PRESENT &&
	       (task->flags.value & PF_KTHREAD);
}

static void put_sleepers(struct text *t, struct strbuf *label, struct strbuf *names)
{
	strbuf_puts(&t->out, "  ");
	text_styled(t, STYLE_CYAN, strbuf_str(label));
	strbuf_putc(&t->out, ' ');
	text_wrap(t, strbuf_str(names), 2 + label->len + 1, 4);
}

/* Adds "6 rt, 2 stop" for a class of which only kernel threads sleep. */
static void add_kthreads(struct strbuf *sb, size_t *total, size_t nr, const char *class)
{
	strbuf_printf(sb, "%s%zu %s", sb->len ? ", " : "", nr, class);
	*total += nr;
}

/* Names the sleeping tasks of each class; JSON has all their members. */
static void sleepers(struct text *t, const struct order *order, size_t nr)
{
	static const char *const classes[] = { "ext", "fair", "rt", "dl", "stop", "idle", NULL };
	struct strbuf names, label, others;
	size_t nr_others = 0;

	strbuf_init(&names, NULL);
	strbuf_init(&label, NULL);
	strbuf_init(&others, NULL);
	for (size_t c = 0; c < ARRAY_SIZE(classes); c++) {
		const char *name = classes[c] ? classes[c] : "unknown";
		size_t count = 0, named = 0, cap = text_cap(t, MAX_SLEEPERS), kthreads = 0;

		names.len = 0;
		for (size_t i = 0; i < nr; i++) {
			const struct scxray_task *task = order[i].task;
			const char *class = task->sched_class;
			size_t start;

			if (order[i].waits ||
			    (classes[c] ? !class || strcmp(class, classes[c]) != 0 : !!class))
				continue;
			count++;
			if (!t->full && is_sleeping_kthread(&order[i])) {
				kthreads++;
				continue;
			}
			if (named++ >= cap)
				continue;
			strbuf_puts(&names, named > 1 ? " " : "");
			start = names.len;
			cell_task(&names, task, task->kva);
			cell_keep_words(&names, start);
		}
		if (!named) {
			if (kthreads)
				add_kthreads(&others, &nr_others, kthreads, name);
			continue;
		}
		if (named > cap)
			strbuf_printf(&names, " +%zu more", named - cap);
		if (kthreads)
			strbuf_printf(&names, " and %zu kernel thread%s", kthreads,
				      plural_s(kthreads));
		label.len = 0;
		strbuf_printf(&label, "%zu not runnable, class %s:", count, name);
		put_sleepers(t, &label, &names);
	}
	if (nr_others) {
		label.len = 0;
		strbuf_printf(&label, "%zu not runnable, kernel thread%s:", nr_others,
			      plural_s(nr_others));
		put_sleepers(t, &label, &others);
	}
	strbuf_deinit(&names);
	strbuf_deinit(&label);
	strbuf_deinit(&others);
}

/* True if the task's stack is among the vCPUs' registers. */
static bool is_on_vcpu(const struct text *t, const struct scxray_task *task)
{
	for (size_t i = 0; i < t->report->nr_vcpus && task->curr_cpu >= 0; i++)
		if (t->report->vcpus[i].parked &&
		    num_is(&t->report->vcpus[i].cpu, (uint64_t)task->curr_cpu))
			return text_wants(t, GROUP_VCPUS);
	return false;
}

static void stacks(struct text *t, const struct order *order, size_t nr)
{
	const struct scxray_task **tasks = calloc(nr + 1, sizeof(*tasks));
	size_t shown = 0, hidden = 0, running = 0, cards = 0;

	if (!tasks) {
		t->out.error = ENOMEM;
		return;
	}
	for (size_t i = 0; i < nr; i++) {
		const struct scxray_task *task = order[i].task;

		if (!t->full && text_has_card(t, task))
			cards += task->kernel_stack.end != NULL;
		else if (t->full || (!is_sleeping_kthread(&order[i]) && !is_on_vcpu(t, task)))
			tasks[shown++] = task;
		else if (task->curr_cpu >= 0)
			running += task->kernel_stack.end != NULL;
		else
			hidden += task->kernel_stack.end != NULL;
	}
	text_task_stacks(t, tasks, shown);
	free(tasks);
	if (cards)
		strbuf_printf(&t->out,
			      "  (kernel stacks of %zu task%s that wait%s too long: above)\n",
			      cards, plural_s(cards), cards == 1 ? "s" : "");
	if (running)
		strbuf_printf(&t->out, "  (kernel stacks of %zu running task%s: in vcpu_regs)\n",
			      running, plural_s(running));
	if (hidden)
		strbuf_printf(
			&t->out,
			"  (kernel stacks of %zu sleeping kernel thread%s: with --full only)\n",
			hidden, plural_s(hidden));
}

void text_tasks(struct text *t, const struct scxray_report *r)
{
	bool named = t->doc->only && t->doc->only->tasks.nr;
	struct order *order;
	uint32_t *by_age;
	struct table tab;
	size_t nr = 0;

	if (!r->nr_tasks) {
		text_reason(t, r, SCXRAY_GROUP_TASKS, r->nr_tasks);
		return;
	}
	order = calloc(r->nr_tasks, sizeof(*order));
	by_age = tasks_by_age(r);
	if (!order || !by_age)
		t->out.error = ENOMEM;
	for (size_t i = 0; order && by_age && i < r->nr_tasks; i++) {
		const struct scxray_task *task = &r->tasks[by_age[i]];

		if (task_wanted(t->doc->only, task))
			order[nr++] = (struct order){ task, named || belongs_in_table(r, task) };
	}
	free(by_age);

	text_section(t);
	text_styled(t, STYLE_BOLD, "task_enrichments");
	strbuf_puts(&t->out, ": ");
	if (named)
		strbuf_printf(&t->out, "%zu of ", nr);
	strbuf_printf(&t->out, "%zu task%s captured\n", r->nr_tasks, plural_s(r->nr_tasks));
	table_init(&tab, t, columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < nr; i++)
		if (order[i].waits)
			table_row(&tab, order[i].task);
	table_print(&tab, 2);
	table_deinit(&tab);
	sleepers(t, order, nr);
	text_cut(t, r, SCXRAY_GROUP_TASKS, 2);
	stacks(t, order, nr);
	free(order);
	text_reason(t, r, SCXRAY_GROUP_TASKS, r->nr_tasks);
}
