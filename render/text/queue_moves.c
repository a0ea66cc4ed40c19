/* SPDX-License-Identifier: BSD-2-Clause */
/* queue_moves.c - one line per queue: those that tasks wait on, with those that move */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include <base/array.h>

#include <scxray/dsq.h>
#include <scxray/host.h>
#include <scxray/report_struct.h>
#include <scxray/task.h>

#include "render/diagnosis/facts.h"
#include "render/out/table.h"
#include "render/text/overview.h"

#define MAX_QUEUES 10

struct queue_row {
	const struct facts *f;
	const struct scxray_dsq *dsq;
	struct queue_moves moves;
	int64_t oldest; /* of those that wait too long on it, jiffies; 0: none */
};

static enum style cell_name(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct queue_row *row = at;

	(void)t;
	cell_dsq(sb, row->dsq);
	cell_owner(sb, row->dsq->sched_name);
	return row->oldest ? STYLE_RED : STYLE_PLAIN;
}

static enum style cell_nr(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct queue_row *row = at;

	(void)t;
	if (row->moves.old) {
		cell_num(sb, &row->moves.old->nr);
		strbuf_puts(sb, " → ");
	}
	cell_num(sb, &row->dsq->nr);
	return STYLE_PLAIN;
}

static enum style cell_inserted(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct queue_row *row = at;

	(void)t;
	if (!row->moves.counted)
		return column_none(sb);
	strbuf_printf(sb, "%" PRIu64, row->moves.inserted);
	return STYLE_PLAIN;
}

static enum style cell_taken(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct queue_row *row = at;

	(void)t;
	if (!row->moves.counted)
		return column_none(sb);
	strbuf_printf(sb, "%" PRIu64, row->moves.taken);
	return row->oldest && !row->moves.taken ? STYLE_RED : STYLE_PLAIN;
}

static enum style cell_order(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct queue_row *row = at;

	(void)t;
	if (!row->dsq->nr_tasks)
		return column_none(sb);
	strbuf_puts(sb, row->dsq->is_vtime ? "vtime" : "fifo");
	return STYLE_PLAIN;
}

static const struct scxray_task *head(const struct queue_row *row)
{
	return row->dsq->nr_tasks ? report_find_task(row->f->r, &row->dsq->tasks[0]) : NULL;
}

static enum style cell_head(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct queue_row *row = at;

	(void)t;
	if (!row->dsq->nr_tasks)
		return column_none(sb);
	cell_task(sb, head(row), row->dsq->tasks[0].kva);
	return STYLE_PLAIN;
}

static enum style cell_head_age(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct scxray_task *task = head(at);

	if (!task)
		return column_none(sb);
	cell_age(sb, task);
	return task_age_style(t, task);
}

static enum style cell_head_vtime(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct queue_row *row = at;

	(void)t;
	if (!row->dsq->is_vtime || !head(row))
		return column_none(sb);
	cell_num(sb, &head(row)->dsq_vtime);
	return STYLE_PLAIN;
}

/* The oldest task that waits on it, wherever it is in its order. */
static enum style cell_oldest(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct queue_row *row = at;

	for (size_t i = 0; i < row->f->nr_waits; i++) {
		if (row->f->waits[i].dsq != row->dsq)
			continue;
		cell_task_age(sb, row->f->waits[i].task, row->f->waits[i].task->kva);
		return task_age_style(t, row->f->waits[i].task);
	}
	return column_none(sb);
}

static const struct column columns[] = {
	{ "dsq", LEFT, 0, 0, cell_name },	    { "nr", RIGHT, 0, 0, cell_nr },
	{ "inserted", RIGHT, 2, 0, cell_inserted }, { "taken", RIGHT, 0, 0, cell_taken },
	{ "order", LEFT, 3, 0, cell_order },	    { "head", LEFT, 1, 0, cell_head },
	{ "age", RIGHT, 4, 0, cell_head_age },	    { "vtime", RIGHT, 5, 0, cell_head_vtime },
	{ "longest", LEFT, 6, 0, cell_oldest },
};

static bool is_empty(const struct queue_row *row)
{
	bool was = row->moves.old && (row->moves.old->nr_tasks || num_true(&row->moves.old->nr));

	return !was && !row->dsq->nr_tasks && !num_true(&row->dsq->nr) && !row->moves.inserted;
}

/* The longest waits first, then the busiest; the report's order decides ties. */
static int by_interest(const void *va, const void *vb)
{
	const struct queue_row *a = va, *b = vb;

	if (a->oldest != b->oldest)
		return a->oldest > b->oldest ? -1 : 1;
	if (a->moves.taken != b->moves.taken)
		return a->moves.taken > b->moves.taken ? -1 : 1;
	return a->dsq < b->dsq ? -1 : a->dsq > b->dsq;
}

static size_t make_rows(const struct facts *f, struct queue_row *rows, size_t *empty)
{
	size_t nr = 0;

	for (size_t i = 0; i < f->r->nr_dsqs; i++) {
		struct queue_row *row = &rows[nr];

		*row = (struct queue_row){ f, &f->r->dsqs[i], queue_moves(f, &f->r->dsqs[i]), 0 };
		for (size_t w = 0; w < f->nr_waits && !row->oldest; w++)
			if (f->waits[w].dsq == row->dsq)
				row->oldest = f->waits[w].age;
		if (is_empty(row))
			++*empty;
		else
			nr++;
	}
	qsort(rows, nr, sizeof(*rows), by_interest);
	return nr;
}

void text_queue_moves(struct text *t, const struct diagnosis *dg)
{
	const struct facts *f = dg->facts;
	size_t cap = text_cap(t, MAX_QUEUES), empty = 0, nr;
	struct queue_row *rows;
	struct table tab;

	if (!f || !f->r->nr_dsqs)
		return;
	rows = calloc(f->r->nr_dsqs, sizeof(*rows));
	if (!rows) {
		t->out.error = ENOMEM;
		return;
	}
	nr = make_rows(f, rows, &empty);
	text_section(t);
	text_styled(t, STYLE_BOLD, f->early ? "queues, early against late:" : "queues:");
	strbuf_putc(&t->out, '\n');
	table_init(&tab, t, columns, ARRAY_SIZE(columns));
	for (size_t i = 0; i < nr && i < cap; i++)
		table_row(&tab, &rows[i]);
	table_print(&tab, 2);
	table_deinit(&tab);
	if (nr > cap)
		strbuf_printf(&t->out, "  (%zu more that are used)\n", nr - cap);
	if (empty)
		strbuf_printf(&t->out, "  (%zu %s empty%s)\n", empty, empty == 1 ? "is" : "are",
			      f->early ? " at both times" : "");
	free(rows);
}
