/* SPDX-License-Identifier: BSD-2-Clause */
/* cpu_use.c - one line per CPU: the task that has it, and those that had it between the snapshots */
#include <inttypes.h>

#include <base/array.h>

#include <scxray/dsq.h>
#include <scxray/host.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>

#include "render/diagnosis/facts.h"
#include "render/out/table.h"
#include "render/text/overview.h"

#define MAX_CPUS 16

/* A CPU, and the report's facts that its cells need. */
struct cpu_row {
	const struct facts *f;
	const struct cpu_use *use;
	struct queue_moves local;
};

static void put_who(struct strbuf *sb, const struct scxray_rq *rq)
{
	if (!rq) {
		strbuf_putc(sb, '-');
		return;
	}
	if (name_is(rq->curr_class, "idle")) {
		strbuf_puts(sb, "idle");
		return;
	}
	if (rq->curr_pid.state == SCXRAY_PRESENT) {
		cell_text(sb, &rq->curr_comm);
		strbuf_printf(sb, "[%" PRId64 "]", num_signed(&rq->curr_pid));
	} else {
		cell_hex(sb, &rq->curr_kva);
	}
	if (rq->curr_class)
		strbuf_printf(sb, " %s", rq->curr_class);
}

static enum style cell_cpu(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct cpu_row *row = at;

	(void)t;
	strbuf_printf(sb, "%" PRIu32, row->use->rq->cpu);
	return STYLE_PLAIN;
}

static enum style cell_early(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct cpu_row *row = at;

	(void)t;
	put_who(sb, row->use->old);
	return STYLE_PLAIN;
}

static enum style cell_late(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct cpu_row *row = at;

	(void)t;
	put_who(sb, row->use->rq);
	return row->use->keeper ? STYLE_YELLOW : STYLE_PLAIN;
}

/* How long the current task has it. */
static enum style cell_for(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct cpu_row *row = at;

	(void)t;
	if (!row->use->has_since)
		return column_none(sb);
	if (row->use->since_ns < 1000000)
		cell_ns(sb, row->use->since_ns);
	else
		cell_ms(sb, (int64_t)(row->use->since_ns / 1000000));
	return STYLE_PLAIN;
}

static enum style cell_switches(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct cpu_row *row = at;
	uint64_t now, then;

	(void)t;
	if (!row->use->old || !num_get(&row->use->rq->nr_switches, &now) ||
	    !num_get(&row->use->old->nr_switches, &then) || now < then)
		return column_none(sb);
	strbuf_printf(sb, "%" PRIu64, now - then);
	return STYLE_PLAIN;
}

static enum style cell_local(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct cpu_row *row = at;

	(void)t;
	if (!row->local.counted)
		return column_none(sb);
	strbuf_printf(sb, "%" PRIu64, row->local.taken);
	return STYLE_PLAIN;
}

static enum style cell_waiting(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct cpu_row *row = at;
	size_t nr = 0;

	(void)t;
	for (size_t i = 0; i < row->f->nr_waits; i++)
		nr += task_may_use(row->f->waits[i].task, row->use->rq->cpu);
	strbuf_printf(sb, "%zu", nr);
	return STYLE_PLAIN;
}

static const struct column columns[] = {
	{ "cpu", RIGHT, 0, 0, cell_cpu },
	{ "early", LEFT, 0, 0, cell_early },
	{ "late", LEFT, 0, 0, cell_late },
	{ "for", RIGHT, 3, 0, cell_for },
	{ "switches", RIGHT, 2, 0, cell_switches },
	{ "took from local", RIGHT, 1, 0, cell_local },
	{ "waiters that may use it", RIGHT, 4, 0, cell_waiting },
};

/* A CPU's local queue, to see what it took from there. */
static struct queue_moves local_moves(const struct facts *f, uint32_t cpu)
{
	for (size_t i = 0; i < f->r->nr_dsqs; i++)
		if (f->r->dsqs[i].origin == SCXRAY_DSQ_LOCAL && f->r->dsqs[i].index == cpu)
			return queue_moves(f, &f->r->dsqs[i]);
	return (struct queue_moves){ 0 };
}

void text_cpu_use(struct text *t, const struct diagnosis *dg)
{
	const struct facts *f = dg->facts;
	/* without memory for the CPUs' facts there are none */
	size_t cap = text_cap(t, MAX_CPUS), nr = f && f->cpus ? f->r->nr_rqs : 0;
	struct table tab;

	if (!nr || !f->r->nr_scheds)
		return;
	text_section(t);
	text_styled(t, STYLE_BOLD, f->early ? "cpus, early against late:" : "cpus:");
	strbuf_putc(&t->out, '\n');
	table_init(&tab, t, columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < nr && i < cap; i++) {
		struct cpu_row row = { f, &f->cpus[i], local_moves(f, f->cpus[i].rq->cpu) };

		table_row(&tab, &row);
	}
	table_print(&tab, 2);
	table_deinit(&tab);
	if (nr > cap)
		strbuf_printf(&t->out, "  (%zu more CPU%s)\n", nr - cap, plural_s(nr - cap));
}
