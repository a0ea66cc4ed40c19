/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rq_notes.c - below a run queue's row: what the kernel itself does for sched_ext's tasks there
 */
#include <scxray/rq.h>

#include "render/out/join.h"
#include "render/text/rq_notes.h"

/* Tasks of the buffer that are named; the others are counted. */
#define MAX_NAMED 16

static void put_ns(struct strbuf *sb, const struct scxray_num *ns)
{
	int64_t value = num_signed(ns);

	if (ns->state != SCXRAY_PRESENT)
		strbuf_putc(sb, '?');
	else if (value < 0)
		strbuf_putc(sb, '-');
	if (ns->state == SCXRAY_PRESENT)
		cell_ns(sb, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

/*
 * The server that gives sched_ext time while other classes have the CPU, where it matters: it does so now, or
 * it can't.  A server that waits for its turn is throttled (dl_defer), which says nothing.
 */
static void note_server(struct table *tab, const struct scxray_rq *rq)
{
	const struct scxray_dl_server *server = &rq->ext_server;
	bool gives = num_true(&server->active) && !num_true(&server->throttled);
	struct strbuf *sb;

	if (gives) {
		sb = table_note(tab);
		strbuf_puts(sb, "ext_server gives sched_ext time: ");
		put_ns(sb, &server->runtime);
		strbuf_puts(sb, " left of ");
		put_ns(sb, &server->dl_runtime);
	} else if (num_is(&server->dl_runtime, 0) && rq->nr_higher + num_true(&rq->rt_nr_running)) {
		sb = table_note(tab);
		strbuf_puts(sb, "ext_server is off: nothing limits how long rt tasks keep the CPU");
	}
}

static void note_rescue(struct table *tab, const struct scxray_rq *rq)
{
	uint64_t kva = rq->rescue_curr.value;
	struct strbuf *sb;

	if (!num_true(&rq->rescue_curr))
		return;
	sb = table_note(tab);
	strbuf_puts(sb, "the kernel rescues ");
	cell_task(sb, scxray_report_task(tab->t->report, kva), kva);
	strbuf_puts(sb, ", budget ");
	put_ns(sb, &rq->rescue_budget);
}

/* What ops.dispatch() has inserted: "busy0[101] for DSQ 0x200" */
static void note_buffer(struct table *tab, const struct scxray_rq *rq)
{
	struct strbuf *sb;

	if (rq->buffered_cut) {
		sb = table_note(tab);
		strbuf_puts(sb, "(dispatch buffer cut: ");
		cell_string(sb, rq->buffered_cut);
		strbuf_putc(sb, ')');
	}
	if (!rq->nr_buffered)
		return;
	sb = table_note(tab);
	strbuf_puts(sb, "dispatch buffer: ");
	for (size_t i = 0; i < rq->nr_buffered && i < MAX_NAMED; i++) {
		const struct scxray_buffered *b = &rq->buffered[i];

		strbuf_puts(sb, i ? ", " : "");
		cell_task_age(sb, report_find_task(tab->t->report, &b->task), b->task.kva);
		strbuf_puts(sb, " for ");
		if (b->dsq_id_name)
			cell_string(sb, b->dsq_id_name);
		else
			cell_dsq_id(sb, &b->dsq_id);
	}
	if (rq->nr_buffered > MAX_NAMED)
		strbuf_printf(sb, ", +%zu more", rq->nr_buffered - MAX_NAMED);
}

void rq_kernel_notes(struct table *tab, const struct scxray_rq *rq)
{
	note_server(tab, rq);
	note_rescue(tab, rq);
	note_buffer(tab, rq);
}
