/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * system.c - what the system did, apart from its tasks and queues: programs,
 * time of CPUs, NUMA nodes
 */
#include "render/out/table.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* A column and the number in it. */
struct number {
	size_t offset;
	bool is_ns;
};

static void cut(struct text *t, const char *why)
{
	if (!why)
		return;
	strbuf_puts(&t->out, "  (cut: ");
	cell_string(&t->out, why);
	strbuf_puts(&t->out, ")\n");
}

/* Schedulers by CPU, and from 7.3 on by cid: their ops need no more than their name. */
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

void text_progs(struct text *t, const struct scxray_report *r)
{
	text_unavailable(t, "prog_runtime_stats", r->prog_runtime_stats_unavailable);
	if (!r->nr_progs)
		return;
	text_section(t);
	text_styled(t, STYLE_BOLD, "prog_runtime_stats:\n");
	if (r->bpf_stats_enabled.state == SCXRAY_PRESENT && !r->bpf_stats_enabled.value)
		strbuf_puts(&t->out, "  (the guest's kernel.bpf_stats_enabled is 0: "
				     "only misses were counted)\n");
	for (size_t i = 0; i < r->nr_progs; i++)
		prog_line(t, &r->progs[i]);
	cut(t, r->progs_cut);
}

static const struct column time_columns[] = {
	{ "cpu", false, 0 },	{ "user", false, 0 },	  { "nice", false, 5 },
	{ "system", false, 0 }, { "softirq", false, 3 },  { "irq", false, 4 },
	{ "idle", false, 0 },	{ "iowait", false, 1 },	  { "steal", false, 2 },
	{ "irqs", false, 6 },	{ "softirqs", false, 7 },
};

static const struct number time_numbers[] = {
	{ offsetof(struct scxray_cpu_time, user), true },
	{ offsetof(struct scxray_cpu_time, nice), true },
	{ offsetof(struct scxray_cpu_time, system), true },
	{ offsetof(struct scxray_cpu_time, softirq), true },
	{ offsetof(struct scxray_cpu_time, irq), true },
	{ offsetof(struct scxray_cpu_time, idle), true },
	{ offsetof(struct scxray_cpu_time, iowait), true },
	{ offsetof(struct scxray_cpu_time, steal), true },
	{ offsetof(struct scxray_cpu_time, irqs_sum), false },
	{ offsetof(struct scxray_cpu_time, softirqs_sum), false },
};

static const struct column numa_columns[] = {
	{ "node", false, 0 },		{ "hit", false, 0 },
	{ "miss", false, 0 },		{ "foreign", false, 0 },
	{ "interleave_hit", false, 1 }, { "local", false, 0 },
	{ "other", false, 0 },
};

static const struct number numa_numbers[] = {
	{ offsetof(struct scxray_numa_node, hit), false },
	{ offsetof(struct scxray_numa_node, miss), false },
	{ offsetof(struct scxray_numa_node, foreign), false },
	{ offsetof(struct scxray_numa_node, interleave_hit), false },
	{ offsetof(struct scxray_numa_node, local), false },
	{ offsetof(struct scxray_numa_node, other), false },
};

static void row(struct table *tab, uint32_t id, const struct number *numbers, size_t nr,
		const void *base)
{
	table_row(tab);
	strbuf_u64(table_cell(tab, STYLE_PLAIN), id);
	for (size_t i = 0; i < nr; i++) {
		const struct scxray_num *num =
			(const void *)((const char *)base + numbers[i].offset);
		struct strbuf *sb = table_cell(tab, STYLE_PLAIN);

		if (numbers[i].is_ns && num->state == SCXRAY_PRESENT)
			cell_ns(sb, num->value);
		else
			cell_num(sb, num);
	}
}

static void cpu_times(struct text *t, const struct scxray_report *r)
{
	struct table tab;

	text_unavailable(t, "per_cpu_time", r->per_cpu_time_unavailable);
	if (!r->nr_cpu_times)
		return;
	text_section(t);
	text_styled(t, STYLE_BOLD, "per_cpu_time");
	strbuf_printf(&t->out, ": %zu CPUs captured\n", r->nr_cpu_times);
	table_init(&tab, time_columns, ARRAY_SIZE(time_columns));
	for (size_t i = 0; i < r->nr_cpu_times; i++)
		row(&tab, r->cpu_times[i].cpu, time_numbers, ARRAY_SIZE(time_numbers),
		    &r->cpu_times[i]);
	table_print(&tab, t, 2);
	table_deinit(&tab);
}

static void numa_nodes(struct text *t, const struct scxray_report *r)
{
	struct table tab;

	text_unavailable(t, "per_node_numa", r->per_node_numa_unavailable);
	if (!r->nr_numa_nodes)
		return;
	text_section(t);
	text_styled(t, STYLE_BOLD, "per_node_numa");
	strbuf_printf(&t->out, ": %zu nodes captured\n", r->nr_numa_nodes);
	table_init(&tab, numa_columns, ARRAY_SIZE(numa_columns));
	for (size_t i = 0; i < r->nr_numa_nodes; i++)
		row(&tab, r->numa_nodes[i].node, numa_numbers, ARRAY_SIZE(numa_numbers),
		    &r->numa_nodes[i]);
	table_print(&tab, t, 2);
	table_deinit(&tab);
}

void text_times(struct text *t, const struct scxray_report *r)
{
	cpu_times(t, r);
	numa_nodes(t, r);
}
