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
		if (f->r->rqs[i].cpu != cpu && task_may_use(t, f->r->rqs[i].cpu))
			return false;
	return task_may_use(t, cpu);
}

static bool waits_for_offline(const struct facts *f, const struct wait *w, const void *arg)
{
	const struct cpu_use *use = arg;

	return may_use_only(f, w->task, use->rq->cpu) ||
	       (w->dsq && queue_others_leave(f, w->dsq, use)) ||
	       (w->dsq && w->dsq->origin == SCXRAY_DSQ_LOCAL && w->dsq->index == use->rq->cpu);
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
	sb = finding_tell_picked(f, "cpu_offline", false);
	strbuf_printf(sb, "CPU %" PRIu32 " is offline", use->rq->cpu);
	if (use->old && num_true(&use->old->online))
		strbuf_puts(sb, ", it was online at half-way");
	strbuf_puts(sb, ". ");
	words_put_cpu_waiters(f, sb, use->rq);
	if (f->r->nr_scheds && has_op(&f->r->scheds[0], "cpu_offline"))
		strbuf_puts(
			sb,
			" The scheduler has ops.cpu_offline(): what it does there leaves them.");
	finding_about_cpu(f, use->rq, "online");
}

void rule_cpu_offline(struct facts *f)
{
	for (size_t i = 0; i < f->r->nr_rqs; i++)
		find_offline(f, &f->cpus[i]);
}
