/* SPDX-License-Identifier: BSD-2-Clause */
/* facts.c - who waits, what moved between the snapshots */
#include "render/diagnosis/facts.h"

#include <errno.h>
#include <stdlib.h>

#include <scxray/dsq.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/sched.h>
#include <scxray/task.h>

#include "render/out/field.h"

bool name_is(const char *class, const char *name)
{
	return class && !strcmp(class, name);
}

/*
 * The order of the classes in kernel/sched/sched.h: stop, dl, rt, fair, ext, idle.  A scheduler
 * that has taken all of class fair leaves none there.
 */
bool class_is_above_ext(const struct facts *f, const char *class)
{
	return name_is(class, "rt") || name_is(class, "dl") || name_is(class, "stop") ||
	       (f->partial && name_is(class, "fair"));
}

bool task_may_use(const struct scxray_task *t, uint32_t cpu)
{
	if (num_true(&t->migration_disabled))
		return num_is(&t->cpu, cpu);
	return t->cpus_allowed.state != SCXRAY_PRESENT || cpumask_has(&t->cpus_allowed, cpu);
}

bool task_is_bound(const struct facts *f, const struct scxray_task *t)
{
	for (size_t i = 0; i < f->r->nr_rqs; i++)
		if (!task_may_use(t, f->r->rqs[i].cpu))
			return true;
	return false;
}

struct cpu_use *facts_cpu_use(const struct facts *f, uint64_t cpu)
{
	const struct scxray_rq *rq = report_find_rq(f->r, cpu);

	return rq ? &f->cpus[rq - f->r->rqs] : NULL;
}

/* PF_KTHREAD of include/linux/sched.h. */
bool task_is_kthread(const struct scxray_task *t)
{
	return t->flags.state == SCXRAY_PRESENT && t->flags.value & 0x00200000;
}

/* PF_WQ_WORKER, and create_worker()'s name for a worker of no single CPU. */
bool task_is_unbound_worker(const struct scxray_task *t)
{
	return t->flags.state == SCXRAY_PRESENT && t->flags.value & 0x20 &&
	       t->comm.state == SCXRAY_PRESENT && !strncmp(t->comm.bytes, "kworker/u", 9);
}

const struct scxray_task *facts_early_task(const struct facts *f, const struct scxray_task *t)
{
	const struct scxray_task *old = f->early ? scxray_report_task(f->early, t->kva) : NULL;

	for (size_t i = 0; f->early && !f->early->task_slots && i < f->early->nr_tasks; i++)
		if (f->early->tasks[i].kva == t->kva)
			old = &f->early->tasks[i];
	/* a task_struct is used again for another task */
	return old && t->pid.state == SCXRAY_PRESENT && num_is(&old->pid, t->pid.value) ? old
											: NULL;
}

struct queue_moves queue_moves(const struct facts *f, const struct scxray_dsq *dsq)
{
	size_t e = f->early ? diff_find_dsq(f->early, dsq) : SIZE_MAX;
	struct queue_moves m = { .old = e != SIZE_MAX ? &f->early->dsqs[e] : NULL };
	uint64_t seq, old_seq, nr, old_nr;

	/* seq counts what was ever put on the queue: as many as are on it: none ever left */
	m.never = dsq->nr_tasks && num_is(&dsq->seq, dsq->nr_tasks) &&
		  num_is(&dsq->nr, dsq->nr_tasks);
	if (!m.old)
		return m;
	m.stood = m.old->nr_tasks && diff_same_head(f->early, m.old, f->r, dsq) == m.old->nr_tasks;
	if (!num_get(&dsq->seq, &seq) || !num_get(&m.old->seq, &old_seq) ||
	    !num_get(&dsq->nr, &nr) || !num_get(&m.old->nr, &old_nr))
		return m;
	m.inserted = (uint32_t)(seq - old_seq);
	/* so many can only be a counter that went back */
	m.counted = m.inserted <= INT32_MAX && old_nr + m.inserted >= nr;
	m.taken = m.counted ? old_nr + m.inserted - nr : 0;
	/* that the old ones are its head shows nothing where others were taken past them */
	m.stood = m.stood && !m.taken;
	return m;
}

/* So often a CPU has asked ops.dispatch() that a queue it never took from is not its own. */
#define MANY_SWITCHES 20

bool queue_others_leave(const struct facts *f, const struct scxray_dsq *dsq,
			const struct cpu_use *use)
{
	struct queue_moves m = queue_moves(f, dsq);

	if (dsq->origin == SCXRAY_DSQ_LOCAL || m.never || !m.stood)
		return false;
	for (size_t i = 0; i < f->r->nr_rqs; i++) {
		const struct cpu_use *other = &f->cpus[i];
		uint64_t now, then;

		if (other == use || other->keeper || !other->old || num_is(&other->rq->online, 0) ||
		    !num_get(&other->rq->nr_switches, &now) ||
		    !num_get(&other->old->nr_switches, &then))
			continue;
		if (now - then >= MANY_SWITCHES)
			return true;
	}
	return false;
}

bool wait_is_overtaken(const struct facts *f, const struct wait *w, uint64_t *nr)
{
	uint64_t seq, own, there = 0;

	if (!w->dsq || w->dsq->cut || !num_get(&w->dsq->seq, &seq) ||
	    !num_get(&w->task->dsq_seq, &own))
		return false;
	for (size_t i = 0; i < w->dsq->nr_tasks; i++) {
		const struct scxray_task *t = report_find_task(f->r, &w->dsq->tasks[i]);
		uint64_t other;

		if (!t || !num_get(&t->dsq_seq, &other))
			return false;
		there += (int32_t)(uint32_t)(other - own) > 0;
	}
	/* both are 32 bits wide and wrap */
	*nr = (uint32_t)(seq - own);
	if (*nr < there)
		return false;
	*nr -= there;
	return true;
}

/* The message of the exit names a task as comm[pid] at its beginning. */
static bool named_by_kernel(const struct facts *f, const struct scxray_task *t)
{
	const struct scxray_report *late = f->dg->doc->late;
	char name[64];

	if (t->comm.state != SCXRAY_PRESENT || t->pid.state != SCXRAY_PRESENT)
		return false;
	snprintf(name, sizeof(name), "%.32s[%lld] ", t->comm.bytes, (long long)num_signed(&t->pid));
	for (size_t i = 0; i < late->nr_scheds; i++) {
		const struct scxray_text *msg = &late->scheds[i].exit_info.msg;

		if (msg->state == SCXRAY_PRESENT && !strncmp(msg->bytes, name, strlen(name)))
			return true;
	}
	return false;
}

/* The longest runnable first; the report's order decides ties. */
static int by_age(const void *va, const void *vb)
{
	const struct wait *a = va, *b = vb;

	if (a->age != b->age)
		return a->age > b->age ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

static bool is_missed(const struct facts *f)
{
	const struct scxray_report *late = f->dg->doc->late;

	for (size_t i = 0; i < late->nr_scheds; i++) {
		const struct scxray_text *msg = &late->scheds[i].exit_info.msg;

		if (msg->state == SCXRAY_PRESENT &&
		    strstr(msg->bytes, "watchdog failed to check in"))
			return true;
	}
	return false;
}

/*
 * The watchdog is a work item of an unbound pool, queued each half of the timeout: where it is
 * missed, a worker of such a pool that has waited for a quarter is one to look at.
 */
static bool is_late_worker(const struct facts *f, const struct scxray_task *t)
{
	uint64_t age, timeout = sched_timeout_jiffies(f->r, &t->sched_kva);

	return f->watchdog_missed && task_is_unbound_worker(t) && t->runnable_cpu >= 0 && timeout &&
	       num_get(&t->runnable_age_jiffies, &age) && (int64_t)age > 0 && age >= timeout / 4;
}

static void find_waits(struct facts *f)
{
	const struct scxray_report *r = f->r;

	f->watchdog_missed = is_missed(f);

	f->waits = calloc(r->nr_tasks + 1, sizeof(*f->waits));
	if (!f->waits) {
		f->dg->error = ENOMEM;
		return;
	}
	for (size_t i = 0; i < r->nr_tasks; i++) {
		const struct scxray_task *t = &r->tasks[i];

		f->nr_ext += name_is(t->sched_class, "ext");
		if (!task_is_stalled(r, t, true) && !is_late_worker(f, t))
			continue;
		f->waits[f->nr_waits++] = (struct wait){
			.task = t,
			.index = i,
			.age = num_signed(&t->runnable_age_jiffies),
			.past = task_is_stalled(r, t, false),
			.named = named_by_kernel(f, t) ||
				 (f->watchdog_missed && task_is_unbound_worker(t)),
			.custody = task_custody(r, t),
			.dsq = task_find_dsq(r, t),
		};
	}
	qsort(f->waits, f->nr_waits, sizeof(*f->waits), by_age);
}

void facts_make(struct facts *f, struct diagnosis *dg, const struct scxray_report *r,
		const struct scxray_report *early)
{
	*f = (struct facts){
		.dg = dg,
		.r = r,
		.early = early,
		.partial = r->nr_scheds && num_is(&r->switching_all, 0),
	};
	if (early && dg->diff->elapsed_ms.state == SCXRAY_PRESENT &&
	    num_signed(&dg->diff->elapsed_ms) > 0)
		f->elapsed_ns = dg->diff->elapsed_ms.value * 1000000;
	find_waits(f);
	f->cpus = calloc(r->nr_rqs + 1, sizeof(*f->cpus));
	if (!f->cpus) {
		dg->error = ENOMEM;
		return;
	}
	for (size_t i = 0; i < r->nr_rqs; i++) {
		f->cpus[i].rq = &r->rqs[i];
		f->cpus[i].old = early ? report_find_rq(early, r->rqs[i].cpu) : NULL;
	}
}

void facts_deinit(struct facts *f)
{
	free(f->waits);
	free(f->cpus);
}
