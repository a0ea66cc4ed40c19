/* SPDX-License-Identifier: BSD-2-Clause */
/* rule_queue.c - tasks on a DSQ that is consumed: others go before them, or it is slow */
#include <inttypes.h>

#include <scxray/dsq.h>
#include <scxray/host.h>
#include <scxray/report_struct.h>
#include <scxray/task.h>

#include "render/diagnosis/rules.h"
#include "render/diagnosis/words.h"
#include "render/out/cells.h"

static bool is_on(const struct facts *f, const struct wait *w, const void *arg)
{
	(void)f;
	return w->dsq == arg;
}

static bool is_overtaken(const struct facts *f, const struct wait *w, const void *arg)
{
	uint64_t nr;

	return w->dsq == arg && wait_is_overtaken(f, w, &nr) && nr >= MIN_OVERTAKEN;
}

/* The lowest vtime on the queue, and how far beyond it the last of the finding's tasks is. */
static void put_vtimes(struct facts *f, struct strbuf *sb, const struct scxray_dsq *dsq)
{
	const struct finding *finding = finding_last(f->dg);
	const struct scxray_task *head = report_find_task(f->r, &dsq->tasks[0]);
	int64_t farthest = 0;
	uint64_t v, head_v;

	for (size_t i = 0; head && i < finding->nr_tasks; i++) {
		const struct scxray_task *t = &f->r->tasks[f->dg->tasks[finding->first_task + i]];

		if (num_get(&t->dsq_vtime, &v) && num_get(&head->dsq_vtime, &head_v) &&
		    (int64_t)(v - head_v) > farthest)
			farthest = (int64_t)(v - head_v);
	}
	if (!farthest)
		return;
	strbuf_printf(sb, ", with vtimes up to %" PRId64 " beyond the head's", farthest);
	finding_add_path(f->dg, f->r, "dsq_states[%zu].tasks[0].dsq_vtime",
			 (size_t)(dsq - f->r->dsqs));
}

/* The queue is consumed, these tasks stay: later ones are put before them. */
static void find_starved(struct facts *f, const struct scxray_dsq *dsq)
{
	struct queue_moves m = queue_moves(f, dsq);
	struct strbuf *sb;
	bool one;

	if (!waits_pick(f, is_overtaken, dsq))
		return;
	sb = finding_tell_picked(f, dsq->is_vtime ? "vtime_starved" : "fifo_starved", false);
	words_begin_dsq(sb, dsq);
	if (m.counted)
		strbuf_printf(sb,
			      " is consumed (%" PRIu64 " tasks taken, %" PRIu64
			      " inserted between the snapshots)",
			      m.taken, m.inserted);
	else
		strbuf_puts(sb, " is consumed");
	strbuf_puts(sb, ", but ");
	words_put_names(f, sb);
	one = finding_last(f->dg)->nr_tasks == 1;
	strbuf_puts(sb, one ? " stays" : " stay");
	strbuf_puts(sb, " on it for ");
	words_put_longest(f, sb);
	if (dsq->is_vtime)
		put_vtimes(f, sb, dsq);
	strbuf_puts(sb, ": tasks that come later ");
	strbuf_puts(sb, dsq->is_vtime ? "have a smaller vtime and go" : "are put");
	strbuf_puts(sb, one ? " before it" : " before them");
	strbuf_puts(sb, dsq->is_vtime ? "." : " (SCX_ENQ_HEAD, or moved one by one).");
	words_put_bounds(f, sb);
	finding_about_dsq(f, dsq, "seq");
}

void rule_starved(struct facts *f)
{
	for (size_t i = 0; i < f->r->nr_dsqs; i++)
		find_starved(f, &f->r->dsqs[i]);
}

/* The longest slice of those on the queue, where it takes part of the timeout. */
static void put_slices(struct facts *f, struct strbuf *sb, const struct scxray_dsq *dsq)
{
	uint64_t longest = 0, slice, timeout = sched_timeout_jiffies(f->r, NULL), hz;
	size_t at = 0;

	for (size_t i = 0; i < dsq->nr_tasks; i++) {
		const struct scxray_task *t = report_find_task(f->r, &dsq->tasks[i]);

		if (!t || !num_get(&t->slice, &slice) || slice <= longest)
			continue;
		longest = slice;
		at = (size_t)(t - f->r->tasks);
	}
	if (!num_get(&f->r->guest.hz, &hz) || !hz ||
	    longest / 1000000 * dsq->nr_tasks < timeout * 1000 / hz)
		return;
	strbuf_printf(sb, " With %zu tasks on it and slices of up to ", dsq->nr_tasks);
	cell_ns(sb, longest);
	strbuf_puts(sb, " a turn may take longer than the timeout.");
	finding_add_path(f->dg, f->r, "task_enrichments[%zu].slice_ns", at);
}

/* It is consumed in order: the tasks on it have not had their turn yet. */
void rule_slow_queue(struct facts *f)
{
	for (size_t i = 0; i < f->r->nr_dsqs; i++) {
		const struct scxray_dsq *dsq = &f->r->dsqs[i];
		struct queue_moves m = queue_moves(f, dsq);
		struct strbuf *sb;

		if (!waits_pick(f, is_on, dsq))
			continue;
		sb = finding_tell_picked(f, m.counted && m.taken ? "slow_queue" : "on_dsq", false);
		words_put_names(f, sb);
		strbuf_puts(sb, finding_last(f->dg)->nr_tasks == 1 ? " waits on " : " wait on ");
		words_put_dsq(sb, dsq);
		strbuf_puts(sb, finding_last(f->dg)->nr_tasks == 1 ? " for " : ", the first for ");
		words_put_longest(f, sb);
		if (m.counted && m.taken)
			strbuf_printf(sb,
				      ": it is consumed in order, only %" PRIu64
				      " tasks were taken between the snapshots",
				      m.taken);
		else if (!f->early)
			strbuf_puts(sb, ": without an earlier snapshot it can't be told whether it "
					"is consumed");
		strbuf_putc(sb, '.');
		put_slices(f, sb, dsq);
		words_put_meanwhile(f, sb, dsq);
		words_put_bounds(f, sb);
		finding_about_dsq(f, dsq, "task_kvas");
	}
}
