/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff_tells.c - which differences the text shows, and which it only counts
 */
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/task.h>

#include "render/text/diff.h"

/* Notes name what is as it should be. */
static bool is_about(const struct finding *f, const struct diff *d)
{
	return f->r == d->late && f->rank != RANK_NOTE;
}

bool diff_task_tells(const struct diff *d, const struct diagnosis *dg,
		     const struct scxray_task *task)
{
	size_t index = (size_t)(task - d->late->tasks);

	if (task_is_stalled(d->late, task, true))
		return true;
	for (size_t i = 0; i < dg->nr; i++) {
		const struct finding *f = &dg->findings[i];

		for (size_t n = 0; is_about(f, d) && n < f->nr_tasks; n++)
			if (dg->tasks[f->first_task + n] == index)
				return true;
	}
	return false;
}

static bool is_named(const struct diff *d, const struct diagnosis *dg, const struct diff_entry *e)
{
	for (size_t i = 0; i < dg->nr; i++) {
		const struct finding *f = &dg->findings[i];

		if (!is_about(f, d))
			continue;
		if (e->group == DIFF_DSQS && f->dsq >= 0 && (size_t)f->dsq == e->late)
			return true;
		if (e->group == DIFF_CPUS && f->cpu >= 0 &&
		    (uint32_t)f->cpu == d->late->rqs[e->late].cpu)
			return true;
	}
	return e->group == DIFF_TASKS && diff_task_tells(d, dg, &d->late->tasks[e->late]);
}

bool diff_tells(const struct text *t, const struct diff *d, const struct diagnosis *dg,
		const struct diff_entry *e)
{
	bool any = false;

	if (t->full)
		return true;
	for (size_t c = 0; c < e->nr_changes; c++) {
		const struct diff_change *change = &d->changes[e->first_change + c];

		if (change->note == DIFF_ODD)
			return true;
		any |= change->note != DIFF_BOOKKEEPING;
	}
	return any && (e->group == DIFF_EVENTS || is_named(d, dg, e));
}
