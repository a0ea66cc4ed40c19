/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * system.c - programs, CPU time and NUMA nodes as text
 */
#include <base/array.h>

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <scxray/atoms.h>
#include <scxray/host.h>
#include <scxray/prog.h>
#include <scxray/report_struct.h>
#include <scxray/system.h>

#include "render/out/join.h"
#include "render/out/table.h"
#include "render/out/reasons.h"

#define MAX_UNCOUNTED 64 /* names of programs */

/* sched_ext's own ops (by CPU, and by cid from 7.3) are shown without the struct's name. */
static bool is_sched_ext(const char *struct_ops)
{
	return !strcmp(struct_ops, "sched_ext_ops") || !strcmp(struct_ops, "sched_ext_ops_cid");
}

static void prog_line(struct text *t, const struct scxray_prog *prog)
{
	struct strbuf *sb = &t->out;

	strbuf_puts(sb, "  ");
	cell_text(sb, &prog->name);
	strbuf_puts(sb, ": cnt=");
	cell_num(sb, &prog->cnt);
	strbuf_puts(sb, " nsecs=");
	cell_num(sb, &prog->nsecs);
	strbuf_puts(sb, " misses=");
	cell_num(sb, &prog->misses);
	if (prog->mean_ns.state == SCXRAY_PRESENT) {
		strbuf_puts(sb, " mean_ns=");
		cell_num(sb, &prog->mean_ns);
	}
	if (prog->op) {
		strbuf_puts(sb, " op=");
		if (prog->struct_ops && !is_sched_ext(prog->struct_ops)) {
			cell_string(sb, prog->struct_ops);
			strbuf_putc(sb, '.');
		}
		cell_string(sb, prog->op);
		cell_owner(sb, prog->sched_name);
	}
	strbuf_putc(sb, '\n');
}

/* True if nothing of the program was counted: its zeros say nothing. */
static bool is_uncounted(const struct scxray_report *r, const struct scxray_prog *prog)
{
	return num_is(&r->bpf_stats_enabled, 0) && num_is(&prog->cnt, 0) &&
	       num_is(&prog->misses, 0);
}

/* "not counted: a (op), b (op)" */
static void uncounted_progs(struct text *t, const struct scxray_report *r)
{
	struct strbuf sb;
	size_t nr = 0;

	strbuf_init(&sb, NULL);
	for (size_t i = 0; i < r->nr_progs; i++) {
		if (!is_uncounted(r, &r->progs[i]) || nr++ >= MAX_UNCOUNTED)
			continue;
		strbuf_puts(&sb, nr > 1 ? ", " : "not counted, and never missed: ");
		cell_text(&sb, &r->progs[i].name);
	}
	if (nr > MAX_UNCOUNTED)
		strbuf_printf(&sb, ", +%zu more", nr - MAX_UNCOUNTED);
	if (nr) {
		strbuf_puts(&t->out, "  ");
		text_wrap(t, strbuf_str(&sb), 2, 4);
	}
	strbuf_deinit(&sb);
}

void text_progs(struct text *t, const struct scxray_report *r)
{
	text_reason(t, r, SCXRAY_GROUP_PROGS, r->nr_progs);
	if (!r->nr_progs)
		return;
	text_section(t);
	text_styled(t, STYLE_BOLD, "prog_runtime_stats:\n");
	if (num_is(&r->bpf_stats_enabled, 0))
		strbuf_puts(&t->out, "  (the guest's kernel.bpf_stats_enabled is 0: "
				     "only misses were counted)\n");
	for (size_t i = 0; i < r->nr_progs; i++)
		if (t->full || !is_uncounted(r, &r->progs[i]))
			prog_line(t, &r->progs[i]);
	if (!t->full)
		uncounted_progs(t, r);
	text_cut(t, r, SCXRAY_GROUP_PROGS, 2);
}

/* A CPU's times since the boot, or between the two halves. */
struct time_row {
	struct scxray_cpu_time time; /* first: the columns are its members */
	bool between;
};

static enum style time_cpu(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct time_row *row = at;

	(void)t;
	strbuf_printf(sb, row->between ? "%u, since half-way" : "%u", row->time.cpu);
	return STYLE_PLAIN;
}

static const struct column time_columns[] = {
	{ "cpu", LEFT, 0, 0, time_cpu },
	COLUMN("user", RIGHT, 0, scxray_cpu_time, user, column_ns),
	COLUMN("nice", RIGHT, 5, scxray_cpu_time, nice, column_ns),
	COLUMN("system", RIGHT, 0, scxray_cpu_time, system, column_ns),
	COLUMN("softirq", RIGHT, 3, scxray_cpu_time, softirq, column_ns),
	COLUMN("irq", RIGHT, 4, scxray_cpu_time, irq, column_ns),
	COLUMN("idle", RIGHT, 0, scxray_cpu_time, idle, column_ns),
	COLUMN("iowait", RIGHT, 1, scxray_cpu_time, iowait, column_ns),
	COLUMN("steal", RIGHT, 2, scxray_cpu_time, steal, column_ns),
	COLUMN("irqs", RIGHT, 6, scxray_cpu_time, irqs_sum, column_num),
	COLUMN("softirqs", RIGHT, 7, scxray_cpu_time, softirqs_sum, column_num),
};

static const struct column numa_columns[] = {
	COLUMN("node", RIGHT, 0, scxray_numa_node, node, column_u32),
	COLUMN("hit", RIGHT, 0, scxray_numa_node, hit, column_num),
	COLUMN("miss", RIGHT, 0, scxray_numa_node, miss, column_num),
	COLUMN("foreign", RIGHT, 0, scxray_numa_node, foreign, column_num),
	COLUMN("interleave_hit", RIGHT, 1, scxray_numa_node, interleave_hit, column_num),
	COLUMN("local", RIGHT, 0, scxray_numa_node, local, column_num),
	COLUMN("other", RIGHT, 0, scxray_numa_node, other, column_num),
};

static struct scxray_num growth(const struct scxray_num *old, const struct scxray_num *now)
{
	struct scxray_num delta = { .state = SCXRAY_NONE };

	if (old->state == SCXRAY_PRESENT && now->state == SCXRAY_PRESENT &&
	    now->value >= old->value)
		delta = (struct scxray_num){ .state = SCXRAY_PRESENT,
					     .value = now->value - old->value };
	return delta;
}

/* The members that only grow. */
static const size_t time_members[] = {
	offsetof(struct scxray_cpu_time, user),	    offsetof(struct scxray_cpu_time, nice),
	offsetof(struct scxray_cpu_time, system),   offsetof(struct scxray_cpu_time, softirq),
	offsetof(struct scxray_cpu_time, irq),	    offsetof(struct scxray_cpu_time, idle),
	offsetof(struct scxray_cpu_time, iowait),   offsetof(struct scxray_cpu_time, steal),
	offsetof(struct scxray_cpu_time, irqs_sum), offsetof(struct scxray_cpu_time, softirqs_sum),
};

static void grow(struct time_row *row, const struct scxray_cpu_time *old,
		 const struct scxray_cpu_time *now)
{
	*row = (struct time_row){ .time.cpu = now->cpu, .between = true };
	for (size_t m = 0; m < ARRAY_SIZE(time_members); m++) {
		const void *x = (const char *)old + time_members[m];
		const void *y = (const char *)now + time_members[m];
		struct scxray_num delta = growth(x, y);

		memcpy((char *)&row->time + time_members[m], &delta, sizeof(delta));
	}
}

/* The early report, where the late one's table shows what came since. */
static const struct scxray_report *compared(const struct text *t, const struct scxray_report *r)
{
	const struct scxray_report *early = t->doc->early;

	return !t->full && early && r == t->doc->late && early->nr_cpu_times == r->nr_cpu_times
		       ? early
		       : NULL;
}

static void put_cpu_times(struct text *t, const struct scxray_report *r)
{
	const struct scxray_report *early = compared(t, r);
	struct time_row *rows = calloc(2 * r->nr_cpu_times, sizeof(*rows));
	struct table tab;

	if (!rows) {
		t->out.error = ENOMEM;
		return;
	}
	table_init(&tab, t, time_columns, ARRAY_SIZE(time_columns));
	for (size_t i = 0; i < r->nr_cpu_times; i++) {
		rows[2 * i] = (struct time_row){ .time = r->cpu_times[i] };
		table_row(&tab, &rows[2 * i]);
		if (!early || early->cpu_times[i].cpu != r->cpu_times[i].cpu)
			continue;
		grow(&rows[2 * i + 1], &early->cpu_times[i], &r->cpu_times[i]);
		table_row(&tab, &rows[2 * i + 1]);
	}
	table_print(&tab, 2);
	table_deinit(&tab);
	free(rows);
}

void text_cpu_times(struct text *t, const struct scxray_report *r)
{
	text_reason(t, r, SCXRAY_GROUP_CPU_TIMES, r->nr_cpu_times);
	if (!r->nr_cpu_times)
		return;
	text_section(t);
	text_styled(t, STYLE_BOLD, "per_cpu_time");
	strbuf_printf(&t->out, ": %zu CPU%s captured\n", r->nr_cpu_times,
		      t->full || r->nr_cpu_times != 1 ? "s" : "");
	put_cpu_times(t, r);
}

void text_numa_nodes(struct text *t, const struct scxray_report *r)
{
	struct table tab;

	text_reason(t, r, SCXRAY_GROUP_NUMA, r->nr_numa_nodes);
	if (!r->nr_numa_nodes)
		return;
	text_section(t);
	text_styled(t, STYLE_BOLD, "per_node_numa");
	strbuf_printf(&t->out, ": %zu node%s captured\n", r->nr_numa_nodes,
		      t->full || r->nr_numa_nodes != 1 ? "s" : "");
	table_init(&tab, t, numa_columns, ARRAY_SIZE(numa_columns));
	for (size_t i = 0; i < r->nr_numa_nodes; i++)
		table_row(&tab, &r->numa_nodes[i]);
	table_print(&tab, 2);
	table_deinit(&tab);
}
