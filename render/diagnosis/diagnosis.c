/* SPDX-License-Identifier: BSD-2-Clause */
/* diagnosis.c - all findings of a document, in their order */
#include "render/diagnosis/diagnosis.h"

#include <errno.h>
#include <stdlib.h>

#include <scxray/host.h>
#include <scxray/report_struct.h>
#include <scxray/sched.h>
#include <scxray/task.h>

#include "render/diagnosis/cpu_use.h"
#include "render/diagnosis/find.h"
#include "render/diagnosis/rules.h"
#include "render/out/cells.h"
#include "render/out/pair.h"

static bool comes_before(const struct finding *a, const struct finding *b)
{
	if (a->rank != b->rank)
		return a->rank < b->rank;
	if (a->weight != b->weight)
		return a->weight > b->weight;
	return a->severity < b->severity;
}

/* Caveats, causes, the verdict, the rest; of causes whom the kernel named, then the longest wait. */
static void sort(struct diagnosis *dg)
{
	for (size_t i = 1; i < dg->nr; i++) {
		struct finding f = dg->findings[i];
		size_t at = i;

		for (; at && comes_before(&f, &dg->findings[at - 1]); at--)
			dg->findings[at] = dg->findings[at - 1];
		dg->findings[at] = f;
	}
}

/* Whether the kernel has taken the tasks from the scheduler: they are where bypass put them. */
static bool has_let_go(const struct scxray_report *r)
{
	for (size_t i = 0; i < r->nr_scheds; i++)
		if (num_true(&r->scheds[i].bypass_depth))
			return true;
	return !r->nr_scheds;
}

static void none_stalled(struct diagnosis *dg, const struct scxray_report *r)
{
	const struct scxray_task *oldest = report_find_oldest(r);
	struct strbuf *sb;

	if (!oldest || !r->nr_scheds)
		return;
	sb = finding_begin(dg, RANK_NOTE, SEVERITY_INFO, "no_task_stalled");
	strbuf_puts(sb,
		    "No task had been runnable for half the watchdog's timeout; the longest was ");
	cell_task(sb, oldest, oldest->kva);
	strbuf_puts(sb, " with ");
	cell_age(sb, oldest);
	strbuf_putc(sb, '.');
	finding_add_path(dg, r, "task_enrichments[%zu].runnable_age_jiffies",
			 (size_t)(oldest - r->tasks));
}

/* Tasks that wait, each told by the strongest rule that explains it; how many there are. */
static size_t find_waits(struct diagnosis *dg, struct facts *f, const struct scxray_report *r,
			 const struct scxray_report *early)
{
	facts_make(f, dg, r, early);
	if (dg->error)
		return 0;
	cpus_make(f);
	rules_apply(f);
	return f->nr_waits;
}

/* Half-way tells, where the late one came after the kernel had taken the tasks. */
static bool find_half_way(struct diagnosis *dg)
{
	struct facts f;
	size_t nr;

	if (!dg->early || !has_let_go(dg->doc->late))
		return false;
	dg->half_way = true;
	nr = find_waits(dg, &f, dg->early, NULL);
	facts_deinit(&f);
	dg->half_way = false;
	return nr;
}

static void find_stalls(struct diagnosis *dg)
{
	size_t first = dg->nr;
	bool has_cause = first && dg->findings[first - 1].rank == RANK_CAUSE;

	if (!find_waits(dg, dg->facts, dg->doc->late, dg->early) && !find_half_way(dg))
		none_stalled(dg, dg->doc->late);
	/* what the scheduler was ended for is the cause; that tasks waited as well bears on it */
	for (size_t i = first; has_cause && i < dg->nr; i++)
		if (dg->findings[i].rank == RANK_CAUSE)
			dg->findings[i].rank = RANK_EVIDENCE;
}

void diagnosis_make(struct diagnosis *dg, const struct scxray_document *doc,
		    const struct diff *diff)
{
	memset(dg, 0, sizeof(*dg));
	dg->doc = doc;
	dg->diff = diff;
	dg->early = is_comparable(doc) ? doc->early : NULL;
	strbuf_init(&dg->texts, NULL);
	strbuf_init(&dg->paths, NULL);
	find_freezes(dg);
	dg->racy = is_racy(doc->late);
	dg->facts = calloc(1, sizeof(*dg->facts));
	if (!dg->facts) {
		dg->error = ENOMEM;
		return;
	}
	find_exit_causes(dg);
	find_panic(dg);
	find_change_of_state(dg);
	find_stalls(dg);
	find_exits(dg);
	find_lockup(dg);
	find_cpus(dg);
	find_maps(dg);
	find_lists(dg);
	find_bypass(dg);
	if (doc->told)
		findings_tell(dg);
	strbuf_putc(&dg->texts, '\0');
	if (dg->texts.error || dg->paths.error)
		dg->error = ENOMEM;
	sort(dg);
}

void diagnosis_deinit(struct diagnosis *dg)
{
	if (dg->facts)
		facts_deinit(dg->facts);
	free(dg->facts);
	free(dg->findings);
	free(dg->tasks);
	free(dg->task_rank[0]);
	free(dg->task_rank[1]);
	strbuf_deinit(&dg->texts);
	strbuf_deinit(&dg->paths);
}
