/* SPDX-License-Identifier: BSD-2-Clause */
/* find_list.c - findings about lists that contradict themselves or are not complete */
#include <inttypes.h>

#include <scxray/dsq.h>
#include <scxray/group.h>
#include <scxray/host.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>

#include "render/diagnosis/find.h"
#include "render/diagnosis/words.h"
#include "render/out/cells.h"

/* Findings of one kind; a guest may have thousands of queues. */
#define MAX_FINDINGS 16

static void find_conflicts(struct diagnosis *dg, const struct scxray_report *r, size_t i)
{
	const struct scxray_dsq *dsq = &r->dsqs[i];

	if (dsq->nr_conflicts) {
		struct strbuf *sb =
			finding_begin(dg, RANK_EVIDENCE, SEVERITY_WARNING, "dsq_conflict");

		words_begin_dsq(sb, dsq);
		strbuf_puts(sb, " contradicts itself: ");
		cell_string(sb, dsq->conflicts[0]);
		if (dsq->nr_conflicts > 1)
			strbuf_printf(sb, " (and %zu more)", dsq->nr_conflicts - 1);
		strbuf_putc(sb, '.');
		finding_add_path(dg, r, "dsq_states[%zu].conflicts", i);
	}
	if (dsq->cut) {
		struct strbuf *sb = finding_begin(dg, RANK_EVIDENCE, SEVERITY_WARNING, "dsq_cut");

		strbuf_puts(sb, "The list of ");
		words_put_dsq(sb, dsq);
		strbuf_puts(sb, " is not complete: ");
		cell_string(sb, dsq->cut);
		strbuf_putc(sb, '.');
		finding_add_path(dg, r, "dsq_states[%zu].cut", i);
	}
}

static void find_runnable_cut(struct diagnosis *dg, const struct scxray_report *r, size_t i)
{
	const struct scxray_rq *rq = &r->rqs[i];
	struct strbuf *sb;

	if (rq->runnable_cut) {
		sb = finding_begin(dg, RANK_EVIDENCE, SEVERITY_WARNING, "runnable_cut");
		strbuf_printf(sb,
			      "The runnable list of CPU %" PRIu32 " is not complete: ", rq->cpu);
		cell_string(sb, rq->runnable_cut);
		strbuf_putc(sb, '.');
		finding_add_path(dg, r, "rq_scx_states[%zu].runnable_cut", i);
	}
}

/* Stalled tasks may be among those that are not there. */
static void find_tasks_cut(struct diagnosis *dg, const struct scxray_report *r)
{
	struct strbuf *sb;

	if (!r->cut[SCXRAY_GROUP_TASKS])
		return;
	sb = finding_begin(dg, RANK_CAVEAT, SEVERITY_WARNING, "tasks_cut");
	strbuf_printf(sb, "The list of tasks is not complete (%zu are here): ", r->nr_tasks);
	cell_string(sb, r->cut[SCXRAY_GROUP_TASKS]);
	strbuf_puts(sb, ". Tasks that wait may be missing below.");
	finding_add_path(dg, r, "task_enrichments_cut");
}

void find_lists(struct diagnosis *dg)
{
	const struct scxray_report *r = dg->doc->late;
	size_t before = dg->nr;

	find_tasks_cut(dg, r);
	for (size_t i = 0; i < r->nr_dsqs && dg->nr - before < MAX_FINDINGS; i++)
		find_conflicts(dg, r, i);
	before = dg->nr;
	for (size_t i = 0; i < r->nr_rqs && dg->nr - before < MAX_FINDINGS; i++)
		find_runnable_cut(dg, r, i);
}
