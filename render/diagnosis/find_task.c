/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * find_task.c - findings about tasks: which of them waited too long, and in
 * whose hands they are
 */
#include "render/diagnosis/find.h"

#include <errno.h>
#include <stdlib.h>

#include "render/out/join.h"
#include "render/out/cells.h"

/* Tasks that get a finding of their own; further ones are counted. */
#define MAX_TASKS 8

static size_t task_index(const struct scxray_report *r, const struct scxray_task *t)
{
	return (size_t)(t - r->tasks);
}

/* The message of the exit names a task as comm[pid] at its beginning. */
static bool named_by_kernel(const struct scxray_report *r, const struct scxray_task *t)
{
	char name[64];

	if (t->comm.state != SCXRAY_PRESENT || t->pid.state != SCXRAY_PRESENT)
		return false;
	snprintf(name, sizeof(name), "%.32s[%lld] ", t->comm.bytes, (long long)num_signed(&t->pid));
	for (size_t i = 0; i < r->nr_scheds; i++) {
		const struct scxray_text *msg = &r->scheds[i].exit_info.msg;

		if (msg->state == SCXRAY_PRESENT && !strncmp(msg->bytes, name, strlen(name)))
			return true;
	}
	return false;
}

static void put_timeout(struct strbuf *sb, const struct scxray_report *r,
			const struct scxray_task *t)
{
	uint64_t timeout = sched_timeout_jiffies(r, &t->sched_kva), hz;

	if (num_get(&r->guest.hz, &hz) && hz && hz <= 10000)
		cell_ms(sb, (int64_t)(timeout * 1000 / hz));
	else
		strbuf_printf(sb, "%lluj", (unsigned long long)timeout);
}

/* "behind a[1] and b[2]", "behind a[1] and 3 others" */
static void behind_whom(struct strbuf *sb, const struct scxray_report *r,
			const struct scxray_dsq *dsq, uint32_t pos)
{
	if (!pos || !dsq->nr_tasks)
		return;
	strbuf_puts(sb, ", behind ");
	cell_task(sb, report_find_task(r, &dsq->tasks[0]), dsq->tasks[0].kva);
	if (pos == 2 && dsq->nr_tasks > 1) {
		strbuf_puts(sb, " and ");
		cell_task(sb, report_find_task(r, &dsq->tasks[1]), dsq->tasks[1].kva);
	} else if (pos > 2) {
		strbuf_printf(sb, " and %u others", pos - 1);
	}
}

static void on_dsq(struct diagnosis *dg, struct strbuf *sb, const struct scxray_report *r,
		   const struct scxray_task *t)
{
	const struct scxray_dsq *dsq = task_find_dsq(r, t);
	const struct scxray_rq *rq;

	strbuf_puts(sb, dsq->origin == SCXRAY_DSQ_USER ? "It waits on DSQ " : "It waits on the ");
	if (dsq->origin == SCXRAY_DSQ_LOCAL)
		strbuf_printf(sb, "local DSQ of CPU %u", dsq->index);
	else
		cell_dsq(sb, dsq);
	if (dsq->origin != SCXRAY_DSQ_USER && dsq->origin != SCXRAY_DSQ_LOCAL)
		strbuf_puts(sb, " DSQ");
	cell_owner(sb, dsq->sched_name);
	strbuf_printf(sb, " at position %u of %zu", t->dsq_pos + 1, dsq->nr_tasks);
	behind_whom(sb, r, dsq, t->dsq_pos);
	evidence(dg, r, "dsq_states[%zu].task_kvas[%u]", (size_t)(dsq - r->dsqs), t->dsq_pos);
	if (dsq->origin != SCXRAY_DSQ_LOCAL)
		return;
	rq = report_find_rq(r, dsq->index);
	if (!rq || rq->curr_pid.state != SCXRAY_PRESENT)
		return;
	strbuf_puts(sb, "; that CPU runs ");
	cell_text(sb, &rq->curr_comm);
	strbuf_printf(sb, "[%lld]", (long long)num_signed(&rq->curr_pid));
	if (rq->curr_class)
		strbuf_printf(sb, " of class %s", rq->curr_class);
	evidence(dg, r, "rq_scx_states[%zu].curr_pid", (size_t)(rq - r->rqs));
}

static void custody(struct diagnosis *dg, struct strbuf *sb, const struct scxray_report *r,
		    const struct scxray_task *t)
{
	size_t i = task_index(r, t);

	switch (task_custody(r, t)) {
	case CUSTODY_RUNNING:
		strbuf_printf(sb, "At the freeze it was CPU %d's current task", t->curr_cpu);
		return;
	case CUSTODY_DSQ:
		on_dsq(dg, sb, r, t);
		return;
	case CUSTODY_LOST_DSQ:
		strbuf_puts(sb, "It points at DSQ ");
		cell_dsq_id(sb, &t->dsq_id);
		strbuf_puts(sb, ", on whose list it was not found");
		evidence(dg, r, "task_enrichments[%zu].dsq_kva", i);
		return;
	case CUSTODY_BPF:
		strbuf_puts(sb, "The BPF scheduler");
		if (r->nr_scheds > 1 && t->sched_name) {
			strbuf_putc(sb, ' ');
			cell_string(sb, t->sched_name);
		}
		strbuf_puts(sb, " holds it: it was enqueued (ops_state QUEUED) and is "
				"on no DSQ; only the scheduler's own maps can say where");
		break;
	case CUSTODY_QUEUEING:
		strbuf_puts(sb, "It is in the middle of ops.enqueue() (ops_state QUEUEING)");
		break;
	case CUSTODY_DISPATCHING:
		strbuf_puts(sb, "It is in the middle of being dispatched (ops_state DISPATCHING)");
		break;
	case CUSTODY_MOVING:
		strbuf_printf(sb, "CPU %lld holds it on its way to a local DSQ (holding_cpu)",
			      (long long)num_signed(&t->holding_cpu));
		evidence(dg, r, "task_enrichments[%zu].holding_cpu", i);
		return;
	default:
		strbuf_printf(sb,
			      "It is linked on CPU %d's runnable list, on no DSQ, and the BPF "
			      "scheduler does not have it either",
			      t->runnable_cpu);
		return;
	}
	if (t->ops_state.state == SCXRAY_PRESENT)
		evidence(dg, r, "task_enrichments[%zu].ops_state", i);
}

/* Where it may run, if that is not everywhere. */
static void allowed(struct diagnosis *dg, struct strbuf *sb, const struct scxray_report *r,
		    const struct scxray_task *t)
{
	uint64_t nr, cpus;

	if (num_true(&t->migration_disabled) && t->cpu.state == SCXRAY_PRESENT) {
		strbuf_printf(sb, " It may not leave CPU %llu (migration disabled).",
			      (unsigned long long)t->cpu.value);
		evidence(dg, r, "task_enrichments[%zu].migration_disabled", task_index(r, t));
		return;
	}
	if (t->cpus_allowed.state != SCXRAY_PRESENT || !num_get(&t->nr_cpus_allowed, &nr) ||
	    !num_get(&r->guest.nr_cpus, &cpus) || nr >= cpus)
		return;
	strbuf_puts(sb, nr == 1 ? " It may only run on CPU " : " It may only run on CPUs ");
	cell_cpus(sb, &t->cpus_allowed);
	strbuf_putc(sb, '.');
	evidence(dg, r, "task_enrichments[%zu].cpus_allowed", task_index(r, t));
}

static void stalled(struct diagnosis *dg, const struct scxray_report *r,
		    const struct scxray_task *t)
{
	bool past = is_stalled(r, t, false);
	struct strbuf *sb = find(dg, past ? SEVERITY_ERROR : SEVERITY_WARNING,
				 past ? "task_stalled" : "task_half_way");

	evidence(dg, r, "task_enrichments[%zu].runnable_age_jiffies", task_index(r, t));
	cell_task(sb, t, t->kva);
	strbuf_puts(sb, " has been runnable for ");
	cell_age(sb, t);
	strbuf_puts(sb, past ? " without running, over the timeout of "
			     : " without running, more than half the timeout of ");
	put_timeout(sb, r, t);
	if ((past || dg->half_way) && named_by_kernel(dg->doc->late, t))
		strbuf_puts(sb, " (the kernel's message names it)");
	strbuf_puts(sb, ". ");
	custody(dg, sb, r, t);
	strbuf_putc(sb, '.');
	allowed(dg, sb, r, t);
	if (t->sched_class && strcmp(t->sched_class, "ext") != 0) {
		strbuf_printf(sb,
			      " Its class is %s: priority inheritance or a policy change took it "
			      "out of sched_ext while it was runnable.",
			      t->sched_class);
		evidence(dg, r, "task_enrichments[%zu].sched_class", task_index(r, t));
	}
}

struct aged {
	const struct scxray_task *task;
	int64_t age;
};

/* The kernel's own choice first, then the longest runnable; pid order decides ties. */
static int by_age(const void *va, const void *vb)
{
	const struct aged *a = va, *b = vb;

	if (a->age != b->age)
		return a->age > b->age ? -1 : 1;
	return a->task < b->task ? -1 : a->task > b->task;
}

static void none_stalled(struct diagnosis *dg, const struct scxray_report *r)
{
	const struct scxray_task *oldest = NULL;
	struct strbuf *sb;

	for (size_t i = 0; i < r->nr_tasks; i++) {
		const struct scxray_task *t = &r->tasks[i];

		if (t->runnable_cpu >= 0 && t->runnable_age_jiffies.state == SCXRAY_PRESENT &&
		    (!oldest || num_signed(&t->runnable_age_jiffies) >
					num_signed(&oldest->runnable_age_jiffies)))
			oldest = t;
	}
	if (!oldest || !r->nr_scheds)
		return;
	sb = find(dg, SEVERITY_INFO, "no_task_stalled");
	strbuf_puts(sb,
		    "No task had been runnable for half the watchdog's timeout; the longest was ");
	cell_task(sb, oldest, oldest->kva);
	strbuf_puts(sb, " with ");
	cell_age(sb, oldest);
	strbuf_putc(sb, '.');
	evidence(dg, r, "task_enrichments[%zu].runnable_age_jiffies", task_index(r, oldest));
}

/* Returns how many tasks of the report are stalled. */
static size_t find_in(struct diagnosis *dg, const struct scxray_report *r)
{
	struct aged *aged = calloc(r->nr_tasks + 1, sizeof(*aged));
	size_t nr = 0, past = 0;

	if (!aged) {
		dg->error = ENOMEM;
		return 0;
	}
	for (size_t i = 0; i < r->nr_tasks; i++) {
		if (!is_stalled(r, &r->tasks[i], true))
			continue;
		aged[nr++] = (struct aged){ &r->tasks[i],
					    num_signed(&r->tasks[i].runnable_age_jiffies) };
		past += is_stalled(r, &r->tasks[i], false);
	}
	qsort(aged, nr, sizeof(*aged), by_age);
	for (size_t i = 0; i < nr && i < MAX_TASKS; i++)
		stalled(dg, r, aged[i].task);
	if (nr > MAX_TASKS) {
		struct strbuf *sb = find(dg, past > MAX_TASKS ? SEVERITY_ERROR : SEVERITY_WARNING,
					 "more_tasks");

		strbuf_printf(sb,
			      "%zu tasks in all have been runnable for half the timeout or longer, "
			      "%zu of them for all of it.",
			      nr, past);
		evidence(dg, r, "task_enrichments");
	}
	free(aged);
	return nr;
}

/* Whether the kernel has taken the tasks from the scheduler: they are where bypass put them. */
static bool has_let_go(const struct scxray_report *r)
{
	for (size_t i = 0; i < r->nr_scheds; i++)
		if (num_true(&r->scheds[i].bypass_depth))
			return true;
	return !r->nr_scheds;
}

void find_stalled_tasks(struct diagnosis *dg)
{
	const struct scxray_report *late = dg->doc->late, *early = dg->doc->early;

	if (find_in(dg, late))
		return;
	if (early && has_let_go(late)) {
		dg->half_way = true;
		find_in(dg, early);
		dg->half_way = false;
	} else {
		none_stalled(dg, late);
	}
}
