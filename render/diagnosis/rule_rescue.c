/* SPDX-License-Identifier: BSD-2-Clause */
/* rule_rescue.c - tasks that the kernel has taken from the scheduler to run them itself (7.3) */
#include <inttypes.h>

#include <scxray/dsq.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/task.h>

#include "render/diagnosis/rules.h"
#include "render/diagnosis/words.h"
#include "render/out/cells.h"

static bool is_on_rescue(const struct facts *f, const struct wait *w, const void *arg)
{
	(void)f;
	return w->dsq == arg;
}

static void find_rescue(struct facts *f, const struct scxray_dsq *dsq)
{
	const struct scxray_rq *rq = report_find_rq(f->r, dsq->index);
	struct strbuf *sb;
	bool one;

	if (dsq->origin != SCXRAY_DSQ_RESCUE || !waits_pick(f, is_on_rescue, dsq))
		return;
	sb = finding_tell_picked(f, "rescue", false);
	one = finding_last(f->dg)->nr_tasks == 1;
	strbuf_puts(sb, "The scheduler did not run ");
	words_put_names(f, sb);
	strbuf_printf(sb,
		      ": the kernel has put %s on the rescue DSQ of CPU %" PRIu32
		      " and runs %s itself, ",
		      one ? "it" : "them", dsq->index, one ? "it" : "them");
	strbuf_puts(sb, one ? "runnable for " : "the first runnable for ");
	words_put_longest(f, sb);
	strbuf_putc(sb, '.');
	if (rq && rq->rescue_budget.state == SCXRAY_PRESENT &&
	    num_signed(&rq->rescue_budget) <= 0) {
		strbuf_puts(sb, " Its budget for that is used up.");
		finding_add_path(f->dg, f->r, "rq_scx_states[%zu].rescue_budget_ns",
				 (size_t)(rq - f->r->rqs));
	}
	words_put_bounds(f, sb);
	finding_about_dsq(f, dsq, "task_kvas");
}

void rule_rescue(struct facts *f)
{
	for (size_t i = 0; i < f->r->nr_dsqs; i++)
		find_rescue(f, &f->r->dsqs[i]);
}
