/* SPDX-License-Identifier: BSD-2-Clause */
/* cpu_waiters.c - the sentence on the tasks that wait for one CPU */
#include <scxray/dsq.h>
#include <scxray/rq.h>
#include <scxray/task.h>

#include "render/diagnosis/words.h"

/* How many of the `all` tasks are where the text goes on; of a single one no number is told. */
static void put_share(struct strbuf *sb, size_t nr, size_t all)
{
	strbuf_putc(sb, ',');
	if (all > 1)
		strbuf_printf(sb, " %zu of them", nr);
}

void words_put_cpu_waiters(struct facts *f, struct strbuf *sb, const struct scxray_rq *rq)
{
	const struct finding *finding = finding_last(f->dg);
	const struct scxray_dsq *queue = NULL;
	size_t local = 0, on_queue = 0;

	for (size_t i = 0; i < finding->nr_tasks; i++) {
		const struct scxray_dsq *dsq =
			task_find_dsq(f->r, &f->r->tasks[f->dg->tasks[finding->first_task + i]]);

		local += dsq && dsq->origin == SCXRAY_DSQ_LOCAL && dsq->index == rq->cpu;
		if (dsq && dsq->origin != SCXRAY_DSQ_LOCAL && !queue && queue_moves(f, dsq).stood)
			queue = dsq;
		on_queue += queue && dsq == queue;
	}
	words_put_names(f, sb);
	strbuf_puts(sb, finding->nr_tasks == 1 ? " waits for it, " : " wait for it, the first ");
	strbuf_puts(sb, "for ");
	words_put_longest(f, sb);
	if (local) {
		put_share(sb, local, finding->nr_tasks);
		strbuf_puts(sb, " on its local DSQ");
	}
	if (queue) {
		put_share(sb, on_queue, finding->nr_tasks);
		strbuf_puts(sb, " on ");
		words_put_dsq(sb, queue);
		strbuf_puts(sb, ", from which no other CPU took a task meanwhile");
	}
	strbuf_putc(sb, '.');
	words_put_bounds(f, sb);
}
