/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queues.c - run queues and dispatch queues, each with its tasks in order
 */
#include <base/array.h>

#include <scxray/atoms.h>
#include <scxray/dsq.h>
#include <scxray/host.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/sched.h>

#include "render/out/join.h"
#include "render/out/table.h"
#include "render/out/reasons.h"
#include "render/text/rq_notes.h"

/* Tasks of one queue that are named; the others are counted. */
#define MAX_NAMED 16

static enum style rq_id(struct strbuf *sb, const struct text *t, const void *at)
{
	column_u32(sb, t, at);
	return STYLE_BOLD;
}

static enum style rq_curr(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct scxray_rq *rq = at;

	(void)t;
	if (rq->curr_pid.state == SCXRAY_PRESENT) {
		cell_text(sb, &rq->curr_comm);
		strbuf_putc(sb, '[');
		cell_signed(sb, &rq->curr_pid);
		strbuf_putc(sb, ']');
	} else {
		cell_hex(sb, &rq->curr_kva);
	}
	return STYLE_PLAIN;
}

/* Tasks of rt and deadline classes keep a CPU from sched_ext. */
static enum style rq_class(struct strbuf *sb, const struct text *t, const void *at)
{
	const char *class = *(const char *const *)at;

	column_string(sb, t, at);
	return class && (!strcmp(class, "rt") || !strcmp(class, "dl")) ? STYLE_YELLOW : STYLE_PLAIN;
}

static enum style rq_flags(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct scxray_rq *rq = at;

	(void)t;
	if (rq->flag_names)
		cell_string(sb, rq->flag_names);
	else
		cell_hex(sb, &rq->flags);
	return STYLE_PLAIN;
}

static enum style rq_released(struct strbuf *sb, const struct text *t, const void *at)
{
	column_flag(sb, t, at);
	return STYLE_YELLOW;
}

/* The run queue's lock, where it is not free: "held by an op on cpu 1, cpu 0 queues last" */
static enum style rq_lock(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct scxray_rq *rq = at;

	if (!num_true(&rq->lock))
		return column_nonzero(sb, t, &rq->lock);
	strbuf_puts(sb, num_true(&rq->lock_held) ? "held" : "free");
	if (rq->lock_owner_cpu.state == SCXRAY_PRESENT)
		strbuf_printf(sb, " by cpu %lld", (long long)num_signed(&rq->lock_owner_cpu));
	else if (rq->lock_scx_cpu.state == SCXRAY_PRESENT)
		strbuf_printf(sb, " for an op on cpu %llu",
			      (unsigned long long)rq->lock_scx_cpu.value);
	if (num_true(&rq->lock_pending))
		strbuf_puts(sb, ", one spins");
	if (rq->lock_tail_cpu.state == SCXRAY_PRESENT)
		strbuf_printf(sb, ", cpu %llu queues last",
			      (unsigned long long)rq->lock_tail_cpu.value);
	return STYLE_PLAIN;
}

static const struct column rq_columns[] = {
	COLUMN("cpu", RIGHT, 0, scxray_rq, cpu, rq_id),
	{ "curr", LEFT, 0, 0, rq_curr },
	COLUMN("class", LEFT, 0, scxray_rq, curr_class, rq_class),
	COLUMN("scx", RIGHT, 2, scxray_rq, nr_running, column_num),
	COLUMN("all", RIGHT, 3, scxray_rq, rq_nr_running, column_num),
	COLUMN("fair", RIGHT, 4, scxray_rq, cfs_nr_queued, column_nonzero),
	COLUMN("rt", RIGHT, 1, scxray_rq, rt_nr_running, column_nonzero),
	COLUMN("dl", RIGHT, 1, scxray_rq, dl_nr_running, column_nonzero),
	{ "flags", LEFT, 14, 0, rq_flags },
	COLUMN("rq_clock", RIGHT, 5, scxray_rq, rq_clock, column_num),
	COLUMN("clock", RIGHT, 15, scxray_rq, clock, column_num),
	COLUMN("qseq", RIGHT, 8, scxray_rq, ops_qseq, column_num),
	COLUMN("kick_sync", RIGHT, 9, scxray_rq, kick_sync, column_num),
	COLUMN("immed", RIGHT, 10, scxray_rq, nr_immed, column_nonzero),
	COLUMN("released", RIGHT, 6, scxray_rq, cpu_released, rq_released),
	COLUMN("kick", LEFT, 11, scxray_rq, cpus_to_kick, column_cpus),
	COLUMN("kick_if_idle", LEFT, 11, scxray_rq, cpus_to_kick_if_idle, column_cpus),
	COLUMN("preempt", LEFT, 11, scxray_rq, cpus_to_preempt, column_cpus),
	COLUMN("wait", LEFT, 11, scxray_rq, cpus_to_wait, column_cpus),
	COLUMN("sync", LEFT, 12, scxray_rq, cpus_to_sync, column_cpus),
	COLUMN("idle_mask", LEFT, 13, scxray_rq, idle, column_flag),
	COLUMN("bypass", LEFT, 3, scxray_rq, bypassing, column_flag),
	COLUMN("deferred", RIGHT, 7, scxray_rq, nr_deferred, column_nonzero),
	{ "lock", LEFT, 2, 0, rq_lock },
};

/* The tasks of a list as one paragraph; tasks beyond `cap` are only counted. */
static void name_tasks(struct strbuf *sb, const struct scxray_report *r,
		       const struct scxray_task_ref *refs, size_t nr, bool vtime, size_t cap)
{
	uint64_t head_vtime = 0;

	for (size_t i = 0; i < nr && i < cap; i++) {
		const struct scxray_task *task = report_find_task(r, &refs[i]);
		size_t start;
		uint64_t v;

		strbuf_puts(sb, i ? ", " : "");
		start = sb->len;
		cell_task_age(sb, task, refs[i].kva);
		if (vtime && task && num_get(&task->dsq_vtime, &v)) {
			strbuf_puts(sb, i ? " @+" : " @");
			/* vtimes wrap: only the distance from the head means something */
			strbuf_i64(sb, (int64_t)(i ? v - head_vtime : v));
			head_vtime = i ? head_vtime : v;
		}
		cell_keep_words(sb, start);
	}
	if (nr > cap)
		strbuf_printf(sb, ", +%zu more", nr - cap);
}

/* "(tasks cut: reason)" below the row, where there is a reason. */
static void note_cut(struct table *tab, const char *what, const char *why)
{
	struct strbuf *sb;

	if (!why)
		return;
	sb = table_note(tab);
	strbuf_printf(sb, "(%s cut: ", what);
	cell_string(sb, why);
	strbuf_putc(sb, ')');
}

static void rq_notes(struct table *tab, const struct scxray_rq *rq)
{
	const struct text *t = tab->t;

	if (rq->nr_higher) {
		struct strbuf *sb = table_note(tab);

		strbuf_puts(sb, "rt and deadline tasks: ");
		name_tasks(sb, t->report, rq->higher, rq->nr_higher, false, text_cap(t, MAX_NAMED));
	}
	note_cut(tab, "rt and deadline tasks", rq->higher_cut);
	rq_kernel_notes(tab, rq);
	if (rq->nr_runnable) {
		struct strbuf *sb = table_note(tab);

		strbuf_puts(sb, "runnable: ");
		name_tasks(sb, t->report, rq->runnable, rq->nr_runnable, false,
			   text_cap(t, MAX_NAMED));
	}
	note_cut(tab, "list", rq->runnable_cut);
}

void text_rqs(struct text *t, const struct scxray_report *r)
{
	struct table tab;

	if (!r->nr_rqs)
		return;
	text_styled(t, STYLE_BOLD, "  rq_scx_states:\n");
	table_init(&tab, t, rq_columns, ARRAY_SIZE(rq_columns));
	for (size_t i = 0; i < r->nr_rqs; i++) {
		table_row(&tab, &r->rqs[i]);
		rq_notes(&tab, &r->rqs[i]);
	}
	table_print(&tab, 4);
	table_deinit(&tab);
}

static const struct scxray_task *oldest_of(const struct scxray_report *r,
					   const struct scxray_dsq *dsq)
{
	const struct scxray_task *oldest = NULL;

	for (size_t i = 0; i < dsq->nr_tasks; i++) {
		const struct scxray_task *task = report_find_task(r, &dsq->tasks[i]);

		if (task && task->runnable_age_jiffies.state == SCXRAY_PRESENT &&
		    (!oldest || num_signed(&task->runnable_age_jiffies) >
					num_signed(&oldest->runnable_age_jiffies)))
			oldest = task;
	}
	return oldest;
}

static enum style dsq_name(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct scxray_dsq *dsq = at;

	if (!dsq->id_name) {
		column_hex(sb, t, &dsq->id);
		return STYLE_BOLD;
	}
	cell_string(sb, dsq->id_name);
	return STYLE_PLAIN;
}

static enum style dsq_place(struct strbuf *sb, const struct text *t, const void *at)
{
	char origin[40];

	(void)t;
	strbuf_puts(sb, dsq_origin(at, origin, sizeof(origin)));
	return STYLE_PLAIN;
}

static enum style dsq_order(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct scxray_dsq *dsq = at;

	(void)t;
	strbuf_puts(sb, dsq->is_vtime ? "vtime" : dsq->nr_tasks ? "fifo" : "-");
	return STYLE_PLAIN;
}

static enum style dsq_oldest(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct scxray_task *oldest = oldest_of(t->report, at);

	if (!oldest)
		return column_none(sb);
	cell_age(sb, oldest);
	return task_age_style(t, oldest);
}

static enum style dsq_kva(struct strbuf *sb, const struct text *t, const void *at)
{
	(void)t;
	strbuf_hex(sb, *(const uint64_t *)at, 16);
	return STYLE_DIM;
}

/* The scheduler's name, where there are several. */
static enum style dsq_sched(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct scxray_report *r = t->report;
	uint64_t kva = *(const uint64_t *)at;

	for (size_t i = 0; r->nr_scheds > 1 && kva && i < r->nr_scheds; i++)
		if (num_is(&r->scheds[i].sched_kva, kva) &&
		    r->scheds[i].name.state == SCXRAY_PRESENT) {
			cell_string(sb, r->scheds[i].name.bytes);
			return STYLE_PLAIN;
		}
	return column_none(sb);
}

static const struct column dsq_columns[] = {
	{ "dsq", LEFT, 0, 0, dsq_name },
	{ "origin", LEFT, 3, 0, dsq_place },
	{ "order", LEFT, 2, 0, dsq_order },
	COLUMN("nr", RIGHT, 0, scxray_dsq, nr, column_num),
	COLUMN("seq", RIGHT, 1, scxray_dsq, seq, column_num),
	{ "oldest", RIGHT, 0, 0, dsq_oldest },
	COLUMN("dsq_kva", LEFT, 5, scxray_dsq, kva, dsq_kva),
	COLUMN("sched", LEFT, 4, scxray_dsq, sched_kva, dsq_sched),
};

static void dsq_notes(struct table *tab, const struct scxray_dsq *dsq)
{
	const struct text *t = tab->t;

	if (dsq->nr_tasks)
		name_tasks(table_note(tab), t->report, dsq->tasks, dsq->nr_tasks, dsq->is_vtime,
			   text_cap(t, MAX_NAMED));
	note_cut(tab, "list", dsq->cut);
	for (size_t i = 0; i < dsq->nr_conflicts; i++) {
		struct strbuf *sb = table_note(tab);

		strbuf_puts(sb, "conflict: ");
		cell_string(sb, dsq->conflicts[i]);
	}
}

/* A built-in, empty queue: only that it exists and was used. */
static bool is_dull(const struct scxray_dsq *dsq)
{
	return dsq->origin != SCXRAY_DSQ_USER && !dsq->nr_tasks && num_is(&dsq->nr, 0) &&
	       !dsq->cut && !dsq->nr_conflicts;
}

void text_dsqs(struct text *t, const struct scxray_report *r)
{
	bool all = t->full || (t->doc->only && t->doc->only->dsqs.nr);
	struct table tab;
	struct strbuf dull;
	size_t unused = 0;

	if (!r->nr_dsqs)
		return;
	strbuf_init(&dull, NULL);
	text_styled(t, STYLE_BOLD, "  dsq_states:\n");
	table_init(&tab, t, dsq_columns, ARRAY_SIZE(dsq_columns));
	for (size_t i = 0; i < r->nr_dsqs; i++) {
		const struct scxray_dsq *dsq = &r->dsqs[i];
		size_t start;

		if (!dsq_wanted(t->doc->only, dsq))
			continue;
		if (all || !is_dull(dsq)) {
			table_row(&tab, dsq);
			dsq_notes(&tab, dsq);
			continue;
		}
		if (num_is(&dsq->seq, 0)) {
			unused++;
			continue;
		}
		strbuf_puts(&dull, dull.len ? ", " : "");
		start = dull.len;
		cell_dsq(&dull, dsq);
		cell_owner(&dull, dsq->sched_name);
		strbuf_puts(&dull, " (seq ");
		cell_num(&dull, &dsq->seq);
		strbuf_putc(&dull, ')');
		cell_keep_words(&dull, start);
	}
	table_print(&tab, 4);
	table_deinit(&tab);
	if (unused)
		strbuf_printf(&dull, "%s%zu%s (seq 0)", dull.len ? ", " : "", unused,
			      dull.len ? " more" : "");
	if (dull.len) {
		strbuf_puts(&t->out, "    empty: ");
		text_wrap(t, strbuf_str(&dull), 11, 6);
	}
	strbuf_deinit(&dull);
	text_cut(t, r, SCXRAY_GROUP_DSQS, 4);
}
