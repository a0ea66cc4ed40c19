/* SPDX-License-Identifier: BSD-2-Clause */
/* rule_offline.c - tasks that wait for a CPU which is offline */
#include <inttypes.h>

#include <scxray/dsq.h>
#include <scxray/rq.h>
#include <scxray/sched.h>
#include <scxray/task.h>

#include "render/diagnosis/rules.h"
#include "render/diagnosis/words.h"
#include "render/out/cells.h"

static bool may_use_only(const struct facts *f, const struct scxray_task *t, uint32_t cpu)
{
	for (size_t i = 0; i < f->r->nr_rqs; i++)
		if (f->r->rqs[i].cpu != cpu && may_use(t, f->r->rqs[i].cpu))
			return false;
	return may_use(t, cpu);
}

static bool waits_for_offline(const struct facts *f, const struct wait *w, const void *arg)
{
	const struct cpu_use *use = arg;

	return may_use_only(f, w->task, use->rq->cpu) || (w->dsq && others_leave(f, w->dsq, use)) ||
	       (w->dsq && w->dsq->origin == SCXRAY_DSQ_LOCAL && w->dsq->index == use->rq->cpu);
}

static void put_waiters(struct facts *f, struct strbuf *sb)
{
	const struct finding *finding = finding_last(f->dg);
	const struct scxray_dsq *queue = NULL;
	size_t nr = 0;

	for (size_t i = 0; i < finding->nr_tasks; i++) {
		const struct scxray_dsq *dsq =
			task_find_dsq(f->r, &f->r->tasks[f->dg->tasks[finding->first_task + i]]);

		if (dsq && !queue && queue_moves(f, dsq).stood)
			queue = dsq;
		nr += queue && dsq == queue;
	}
	put_names(f, sb);
	strbuf_puts(sb, finding->nr_tasks == 1 ? " waits for it, " : " wait for it, the first ");
	strbuf_puts(sb, "for ");
	put_longest(f, sb);
	if (!queue)
		return;
	strbuf_printf(sb, ", %zu on ", nr);
	put_dsq(sb, queue);
	strbuf_puts(sb, ", from which no other CPU took a task meanwhile");
}

static bool has_op(const struct scxray_sched *s, const char *name)
{
	for (size_t i = 0; i < s->nr_ops; i++)
		if (!strcmp(s->ops[i].name, name))
			return true;
	return false;
}

static void find_offline(struct facts *f, const struct cpu_use *use)
{
	struct strbuf *sb;

	if (!num_is(&use->rq->online, 0) || !waits_pick(f, waits_for_offline, use))
		return;
	sb = tell_picked(f, "cpu_offline", false);
	strbuf_printf(sb, "CPU %" PRIu32 " is offline", use->rq->cpu);
	if (use->old && num_true(&use->old->online))
		strbuf_puts(sb, ", it was online at half-way");
	strbuf_puts(sb, ". ");
	put_waiters(f, sb);
	strbuf_putc(sb, '.');
	if (f->r->nr_scheds && has_op(&f->r->scheds[0], "cpu_offline"))
		strbuf_puts(
			sb,
			" The scheduler has ops.cpu_offline(): what it does there leaves them.");
	put_bounds(f, sb);
	about_cpu(f, use->rq, "online");
}

void rule_cpu_offline(struct facts *f)
{
	for (size_t i = 0; i < f->r->nr_rqs; i++)
		find_offline(f, &f->cpus[i]);
}
