/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rule_kick.c - CPUs that wait for each other's kicks
 *
 * kick_cpus_irq_workfn() waits with interrupts off until each CPU of cpus_to_wait has gone
 * through a pick (kick_sync, pnt_seq before 6.19).  Two that wait for each other wait for good;
 * 7.1 waits in balance_one() for those of cpus_to_sync (commit 9147566d8016).
 */
#include <inttypes.h>
#include <stdlib.h>

#include <scxray/host.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/task.h>

#include "render/diagnosis/rules.h"
#include "render/diagnosis/words.h"
#include "render/out/cells.h"
#include "render/out/field.h"

/* Has it made no progress since the early report? */
static bool stood(const struct cpu_use *use)
{
	return use->old && use->rq->kick_sync.state == SCXRAY_PRESENT &&
	       num_is(&use->old->kick_sync, use->rq->kick_sync.value);
}

/* The first CPU that this one waits for, itself not counted; SIZE_MAX: none. */
static size_t waits_for(const struct facts *f, size_t cpu)
{
	const struct scxray_rq *rq = f->cpus[cpu].rq;

	for (size_t i = 0; i < f->r->nr_rqs; i++)
		if (i != cpu && (cpumask_has(&rq->cpus_to_wait, f->r->rqs[i].cpu) ||
				 cpumask_has(&rq->cpus_to_sync, f->r->rqs[i].cpu)))
			return i;
	return SIZE_MAX;
}

/* Of the first circle a CPU; SIZE_MAX: there is none. */
static size_t find_circle(const struct facts *f)
{
	for (size_t first = 0; first < f->r->nr_rqs; first++) {
		size_t at = first, steps = 0;

		while (at != SIZE_MAX && steps++ <= f->r->nr_rqs) {
			at = waits_for(f, at);
			if (at == first)
				return first;
		}
	}
	return SIZE_MAX;
}

void rule_kick_circle(struct facts *f)
{
	size_t first = find_circle(f), at = first;
	bool all_stood = true;
	struct strbuf *sb;

	if (first == SIZE_MAX)
		return;
	do {
		/* one that went through a pick since is not in it for good */
		if (f->cpus[at].old && !stood(&f->cpus[at]))
			return;
		all_stood = all_stood && stood(&f->cpus[at]);
		at = waits_for(f, at);
	} while (at != first);
	if (!waits_pick(f, wait_is_off_cpu, NULL))
		return;
	sb = finding_tell_picked(f, "kick_circle", !all_stood);
	strbuf_puts(sb, "CPUs wait for each other's kicks (SCX_KICK_WAIT) in a circle: ");
	do {
		strbuf_printf(sb, "CPU %" PRIu32 " for ", f->r->rqs[at].cpu);
		at = waits_for(f, at);
		strbuf_printf(sb, "CPU %" PRIu32 "%s", f->r->rqs[at].cpu, at == first ? "" : ", ");
	} while (at != first);
	if (all_stood)
		strbuf_puts(sb, "; none of them went through a pick between the snapshots "
				"(kick_sync)");
	strbuf_puts(sb, ". ");
	words_put_names(f, sb);
	strbuf_puts(sb, finding_last(f->dg)->nr_tasks == 1 ? " waits for "
							   : " wait meanwhile, the first for ");
	words_put_longest(f, sb);
	strbuf_putc(sb, '.');
	words_put_bounds(f, sb);
	finding_about_cpu(f, f->cpus[first].rq, "cpus_to_wait");
}
