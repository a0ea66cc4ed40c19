/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * system.c - programs, CPU time and NUMA nodes as text
 */
#include <base/array.h>

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

static const struct column time_columns[] = {
	COLUMN("cpu", RIGHT, 0, scxray_cpu_time, cpu, column_u32),
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

static void cpu_times(struct text *t, const struct scxray_report *r)
{
	struct table tab;

	text_reason(t, r, SCXRAY_GROUP_CPU_TIMES, r->nr_cpu_times);
	if (!r->nr_cpu_times)
		return;
	text_section(t);
	text_styled(t, STYLE_BOLD, "per_cpu_time");
	strbuf_printf(&t->out, ": %zu CPU%s captured\n", r->nr_cpu_times,
		      t->full || r->nr_cpu_times != 1 ? "s" : "");
	table_init(&tab, t, time_columns, ARRAY_SIZE(time_columns));
	for (size_t i = 0; i < r->nr_cpu_times; i++)
		table_row(&tab, &r->cpu_times[i]);
	table_print(&tab, 2);
	table_deinit(&tab);
}

static void numa_nodes(struct text *t, const struct scxray_report *r)
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

void text_times(struct text *t, const struct scxray_report *r)
{
	cpu_times(t, r);
	numa_nodes(t, r);
}
