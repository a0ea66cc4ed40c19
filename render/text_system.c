/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * text_system.c - what the system did, apart from its tasks and queues: programs
 */
#include "text.h"

static void cut(struct text *t, const char *why)
{
	if (!why)
		return;
	strbuf_puts(&t->out, "  (cut: ");
	cell_string(&t->out, why);
	strbuf_puts(&t->out, ")\n");
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
		if (prog->struct_ops && strcmp(prog->struct_ops, "sched_ext_ops") != 0) {
			cell_string(sb, prog->struct_ops);
			strbuf_putc(sb, '.');
		}
		cell_string(sb, prog->op);
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
