/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queues.c - run queues and dispatch queues, each with its tasks in order
 */
#include "render/out/join.h"
#include "render/out/table.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Tasks of one queue that are named; the others are counted. */
#define MAX_NAMED 16

static const struct column rq_columns[] = {
	{ "cpu", false, 0 },	   { "curr", true, 0 },		 { "class", true, 0 },
	{ "scx", false, 2 },	   { "all", false, 3 },		 { "fair", false, 4 },
	{ "rt", false, 1 },	   { "dl", false, 1 },		 { "flags", true, 14 },
	{ "rq_clock", false, 5 },  { "clock", false, 15 },	 { "qseq", false, 8 },
	{ "kick_sync", false, 9 }, { "immed", false, 10 },	 { "released", false, 6 },
	{ "kick", true, 11 },	   { "kick_if_idle", true, 11 }, { "preempt", true, 11 },
	{ "wait", true, 11 },	   { "sync", true, 12 },	 { "bypass", true, 3 },
	{ "deferred", false, 7 },  { "lock", true, 2 },
};

static void cell_nonzero(struct strbuf *sb, const struct scxray_num *num)
{
	if (num_is(num, 0))
		strbuf_putc(sb, '-');
	else
		cell_num(sb, num);
}

static void cell_flag(struct strbuf *sb, const struct scxray_num *num)
{
	if (num->state == SCXRAY_PRESENT)
		strbuf_puts(sb, num->value ? "yes" : "-");
	else
		cell_num(sb, num);
}

static void cell_curr(struct strbuf *sb, const struct scxray_rq *rq)
{
	if (rq->curr_pid.state == SCXRAY_PRESENT) {
		cell_text(sb, &rq->curr_comm);
		strbuf_putc(sb, '[');
		cell_signed(sb, &rq->curr_pid);
		strbuf_putc(sb, ']');
	} else {
		cell_hex(sb, &rq->curr_kva);
	}
}

/* The tasks of a list as one paragraph; those beyond `cap` are counted. */
static void name_tasks(struct strbuf *sb, const struct scxray_report *r,
		       const struct scxray_task_ref *refs, size_t nr, bool vtime, size_t cap)
{
	uint64_t head_vtime = 0;

	for (size_t i = 0; i < nr && i < cap; i++) {
		const struct scxray_task *task = ref_task(r, &refs[i]);
		size_t start;
		uint64_t v;

		strbuf_puts(sb, i ? ", " : "");
		start = sb->len;
		cell_task_age(sb, task, refs[i].kva);
		if (vtime && task && num_get(&task->dsq_vtime, &v)) {
			strbuf_puts(sb, i ? " @+" : " @");
			/* vtimes wrap: the distance from the head is what counts */
			strbuf_i64(sb, (int64_t)(i ? v - head_vtime : v));
			head_vtime = i ? head_vtime : v;
		}
		no_break(sb, start);
	}
	if (nr > cap)
		strbuf_printf(sb, ", +%zu more", nr - cap);
}

/* The run queue's lock, where it is not free: "held by an op on cpu 1, cpu 0 queues last" */
static void cell_lock(struct strbuf *sb, const struct scxray_rq *rq)
{
	if (!num_true(&rq->lock)) {
		cell_nonzero(sb, &rq->lock);
		return;
	}
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
}

static void rq_row(struct table *tab, const struct text *t, const struct scxray_rq *rq)
{
	const struct scxray_report *r = t->report;
	bool hog =
		rq->curr_class && (!strcmp(rq->curr_class, "rt") || !strcmp(rq->curr_class, "dl"));

	table_row(tab);
	strbuf_u64(table_cell(tab, STYLE_BOLD), rq->cpu);
	cell_curr(table_cell(tab, STYLE_PLAIN), rq);
	cell_string(table_cell(tab, hog ? STYLE_YELLOW : STYLE_PLAIN), rq->curr_class);
	cell_num(table_cell(tab, STYLE_PLAIN), &rq->nr_running);
	cell_num(table_cell(tab, STYLE_PLAIN), &rq->rq_nr_running);
	cell_nonzero(table_cell(tab, STYLE_PLAIN), &rq->cfs_nr_queued);
	cell_nonzero(table_cell(tab, STYLE_PLAIN), &rq->rt_nr_running);
	cell_nonzero(table_cell(tab, STYLE_PLAIN), &rq->dl_nr_running);
	if (rq->flag_names)
		cell_string(table_cell(tab, STYLE_PLAIN), rq->flag_names);
	else
		cell_hex(table_cell(tab, STYLE_PLAIN), &rq->flags);
	cell_num(table_cell(tab, STYLE_PLAIN), &rq->rq_clock);
	cell_num(table_cell(tab, STYLE_PLAIN), &rq->clock);
	cell_num(table_cell(tab, STYLE_PLAIN), &rq->ops_qseq);
	cell_num(table_cell(tab, STYLE_PLAIN), &rq->kick_sync);
	cell_nonzero(table_cell(tab, STYLE_PLAIN), &rq->nr_immed);
	cell_flag(table_cell(tab, STYLE_YELLOW), &rq->cpu_released);
	cell_cpus(table_cell(tab, STYLE_PLAIN), &rq->cpus_to_kick);
	cell_cpus(table_cell(tab, STYLE_PLAIN), &rq->cpus_to_kick_if_idle);
	cell_cpus(table_cell(tab, STYLE_PLAIN), &rq->cpus_to_preempt);
	cell_cpus(table_cell(tab, STYLE_PLAIN), &rq->cpus_to_wait);
	cell_cpus(table_cell(tab, STYLE_PLAIN), &rq->cpus_to_sync);
	cell_flag(table_cell(tab, STYLE_PLAIN), &rq->bypassing);
	cell_nonzero(table_cell(tab, STYLE_PLAIN), &rq->nr_deferred);
	cell_lock(table_cell(tab, STYLE_PLAIN), rq);

	if (rq->nr_higher) {
		struct strbuf *sb = table_note(tab);

		strbuf_puts(sb, "rt and deadline tasks: ");
		name_tasks(sb, r, rq->higher, rq->nr_higher, false, text_cap(t, MAX_NAMED));
	}
	if (rq->higher_cut) {
		struct strbuf *sb = table_note(tab);

		strbuf_puts(sb, "(rt and deadline tasks cut: ");
		cell_string(sb, rq->higher_cut);
		strbuf_putc(sb, ')');
	}

	if (rq->nr_runnable) {
		struct strbuf *sb = table_note(tab);

		strbuf_puts(sb, "runnable: ");
		name_tasks(sb, r, rq->runnable, rq->nr_runnable, false, text_cap(t, MAX_NAMED));
	}
	if (rq->runnable_cut) {
		struct strbuf *sb = table_note(tab);

		strbuf_puts(sb, "(list cut: ");
		cell_string(sb, rq->runnable_cut);
		strbuf_putc(sb, ')');
	}
}

void text_rqs(struct text *t, const struct scxray_report *r)
{
	struct table tab;

	if (!r->nr_rqs)
		return;
	text_styled(t, STYLE_BOLD, "  rq_scx_states:\n");
	table_init(&tab, rq_columns, ARRAY_SIZE(rq_columns));
	for (size_t i = 0; i < r->nr_rqs; i++)
		rq_row(&tab, t, &r->rqs[i]);
	table_print(&tab, t, 4);
	table_deinit(&tab);
}

static const struct column dsq_columns[] = {
	{ "dsq", true, 0 },  { "origin", true, 3 },  { "order", true, 2 },   { "nr", false, 0 },
	{ "seq", false, 1 }, { "oldest", false, 0 }, { "dsq_kva", true, 5 }, { "sched", true, 4 },
};

static const struct scxray_task *oldest_of(const struct scxray_report *r,
					   const struct scxray_dsq *dsq)
{
	const struct scxray_task *oldest = NULL;

	for (size_t i = 0; i < dsq->nr_tasks; i++) {
		const struct scxray_task *task = ref_task(r, &dsq->tasks[i]);

		if (task && task->runnable_age_jiffies.state == SCXRAY_PRESENT &&
		    (!oldest || num_signed(&task->runnable_age_jiffies) >
					num_signed(&oldest->runnable_age_jiffies)))
			oldest = task;
	}
	return oldest;
}

static void dsq_notes(struct table *tab, const struct text *t, const struct scxray_dsq *dsq)
{
	if (dsq->nr_tasks)
		name_tasks(table_note(tab), t->report, dsq->tasks, dsq->nr_tasks, dsq->is_vtime,
			   text_cap(t, MAX_NAMED));
	if (dsq->cut) {
		struct strbuf *sb = table_note(tab);

		strbuf_puts(sb, "(list cut: ");
		cell_string(sb, dsq->cut);
		strbuf_putc(sb, ')');
	}
	for (size_t i = 0; i < dsq->nr_conflicts; i++) {
		struct strbuf *sb = table_note(tab);

		strbuf_puts(sb, "conflict: ");
		cell_string(sb, dsq->conflicts[i]);
	}
}

static const char *sched_of(const struct scxray_report *r, uint64_t kva)
{
	for (size_t i = 0; r->nr_scheds > 1 && kva && i < r->nr_scheds; i++)
		if (num_is(&r->scheds[i].sched_kva, kva) &&
		    r->scheds[i].name.state == SCXRAY_PRESENT)
			return r->scheds[i].name.bytes;
	return NULL;
}

static void dsq_row(struct table *tab, const struct text *t, const struct scxray_dsq *dsq)
{
	const struct scxray_report *r = t->report;
	const struct scxray_task *oldest = oldest_of(r, dsq);
	char origin[40];

	table_row(tab);
	if (dsq->id_name)
		cell_string(table_cell(tab, STYLE_PLAIN), dsq->id_name);
	else
		cell_hex(table_cell(tab, STYLE_BOLD), &dsq->id);
	strbuf_puts(table_cell(tab, STYLE_PLAIN), dsq_origin(dsq, origin, sizeof(origin)));
	strbuf_puts(table_cell(tab, STYLE_PLAIN), dsq->is_vtime	  ? "vtime"
						  : dsq->nr_tasks ? "fifo"
								  : "-");
	cell_num(table_cell(tab, STYLE_PLAIN), &dsq->nr);
	cell_num(table_cell(tab, STYLE_PLAIN), &dsq->seq);
	if (oldest)
		cell_age(table_cell(tab, age_style(t, oldest)), oldest);
	else
		strbuf_putc(table_cell(tab, STYLE_PLAIN), '-');
	strbuf_hex(table_cell(tab, STYLE_DIM), dsq->kva, 16);
	cell_string(table_cell(tab, STYLE_PLAIN), sched_of(r, dsq->sched_kva));
	dsq_notes(tab, t, dsq);
}

/* Nothing to show but that it is there and has been used: built in and empty. */
static bool is_dull(const struct scxray_dsq *dsq)
{
	return dsq->origin != SCXRAY_DSQ_USER && !dsq->nr_tasks && num_is(&dsq->nr, 0) &&
	       !dsq->cut && !dsq->nr_conflicts;
}

void text_dsqs(struct text *t, const struct scxray_report *r)
{
	struct table tab;
	struct strbuf dull;

	if (!r->nr_dsqs)
		return;
	strbuf_init(&dull, NULL);
	text_styled(t, STYLE_BOLD, "  dsq_states:\n");
	table_init(&tab, dsq_columns, ARRAY_SIZE(dsq_columns));
	for (size_t i = 0; i < r->nr_dsqs; i++) {
		const struct scxray_dsq *dsq = &r->dsqs[i];
		size_t start;

		if (t->full || !is_dull(dsq)) {
			dsq_row(&tab, t, dsq);
			continue;
		}
		strbuf_puts(&dull, dull.len ? ", " : "");
		start = dull.len;
		cell_dsq(&dull, dsq);
		cell_owner(&dull, dsq->sched_name);
		strbuf_puts(&dull, " (seq ");
		cell_num(&dull, &dsq->seq);
		strbuf_putc(&dull, ')');
		no_break(&dull, start);
	}
	table_print(&tab, t, 4);
	table_deinit(&tab);
	if (dull.len) {
		strbuf_puts(&t->out, "    empty: ");
		text_wrap(t, strbuf_str(&dull), 11, 6);
	}
	strbuf_deinit(&dull);
	if (r->dsqs_cut) {
		strbuf_puts(&t->out, "    (cut: ");
		cell_string(&t->out, r->dsqs_cut);
		strbuf_puts(&t->out, ")\n");
	}
}
