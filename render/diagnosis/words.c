/* SPDX-License-Identifier: BSD-2-Clause */
/* words.c - what the sentences of findings have in common */
#include "render/diagnosis/words.h"

#include <inttypes.h>

#include <scxray/dsq.h>
#include <scxray/map.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/sched.h>
#include <scxray/task.h>

#include "render/out/cells.h"

/* Tasks that are named, and those whose CPUs are told; further ones are counted. */
#define MAX_NAMED 3

bool wait_is_off_cpu(const struct facts *f, const struct wait *w, const void *arg)
{
	(void)f;
	(void)arg;
	return w->task->curr_cpu < 0;
}

size_t waits_pick(struct facts *f,
		  bool (*explains)(const struct facts *f, const struct wait *w, const void *arg),
		  const void *arg)
{
	size_t nr = 0;

	for (size_t i = 0; i < f->nr_waits; i++) {
		f->waits[i].picked = !f->waits[i].claimed && explains(f, &f->waits[i], arg);
		nr += f->waits[i].picked;
	}
	return nr;
}

struct strbuf *finding_tell_picked(struct facts *f, const char *kind, bool inferred)
{
	struct strbuf *sb = finding_begin(f->dg, RANK_CAUSE, SEVERITY_WARNING, kind);
	struct finding *finding = finding_last(f->dg);

	finding->r = f->r;
	if (inferred)
		finding_infer(f->dg);
	for (size_t i = 0; i < f->nr_waits; i++) {
		struct wait *w = &f->waits[i];

		if (!w->picked)
			continue;
		w->picked = false;
		w->claimed = true;
		finding_add_task(f->dg, w->index);
		if (w->past)
			finding->severity = SEVERITY_ERROR;
		/* whom the kernel ended it for comes first, then who waits longest */
		if (!finding->weight)
			finding->weight = (uint64_t)w->age;
		if (w->named)
			finding->weight |= 1ULL << 63;
		if (finding->nr_tasks == 1)
			finding_add_path(f->dg, f->r, "task_enrichments[%zu].runnable_age_jiffies",
					 w->index);
	}
	return sb;
}

static const struct scxray_task *told(const struct facts *f, size_t i)
{
	const struct finding *finding = finding_last(f->dg);

	return &f->r->tasks[f->dg->tasks[finding->first_task + i]];
}

void words_put_names(struct facts *f, struct strbuf *sb)
{
	size_t nr = finding_last(f->dg)->nr_tasks;

	for (size_t i = 0; i < nr && i < MAX_NAMED; i++) {
		if (i)
			strbuf_puts(sb, i + 1 == nr ? " and " : ", ");
		cell_task(sb, told(f, i), told(f, i)->kva);
	}
	if (nr > MAX_NAMED)
		strbuf_printf(sb, " and %zu more", nr - MAX_NAMED);
}

void words_put_longest(struct facts *f, struct strbuf *sb)
{
	const struct scxray_task *t;

	if (!finding_last(f->dg)->nr_tasks)
		return;
	t = told(f, 0);
	cell_wait(sb, &f->r->guest.hz, t->runnable_age_jiffies.value);
	strbuf_puts(sb, " (timeout ");
	cell_wait(sb, &f->r->guest.hz, sched_timeout_jiffies(f->r, &t->sched_kva));
	strbuf_putc(sb, ')');
}

static void put_cpus(struct strbuf *sb, const struct scxray_task *t)
{
	uint64_t nr;

	if (num_true(&t->migration_disabled) && t->cpu.state == SCXRAY_PRESENT) {
		strbuf_printf(sb, "CPU %" PRIu64 " only (migration disabled)", t->cpu.value);
		return;
	}
	strbuf_puts(sb, num_get(&t->nr_cpus_allowed, &nr) && nr == 1 ? "CPU " : "CPUs ");
	cell_cpus(sb, &t->cpus_allowed);
	strbuf_puts(sb, " only");
}

bool finding_has_only_kthreads(const struct facts *f)
{
	size_t nr = finding_last(f->dg)->nr_tasks;

	for (size_t i = 0; i < nr; i++)
		if (!task_is_kthread(told(f, i)) || !task_is_bound(f, told(f, i)))
			return false;
	return nr > 0;
}

bool finding_may_use_cpu(const struct facts *f, uint32_t cpu)
{
	for (size_t i = 0; i < finding_last(f->dg)->nr_tasks; i++)
		if (task_may_use(told(f, i), cpu))
			return true;
	return false;
}

/* Whose miss the kernel ended the scheduler for. */
static void put_worker(struct facts *f, struct strbuf *sb)
{
	for (size_t i = 0; f->watchdog_missed && i < finding_last(f->dg)->nr_tasks; i++) {
		if (!task_is_unbound_worker(told(f, i)))
			continue;
		strbuf_putc(sb, ' ');
		cell_task(sb, told(f, i), told(f, i)->kva);
		strbuf_puts(sb, " is a worker of an unbound pool, as the watchdog's own is: that "
				"the watchdog did not check in follows from this.");
		return;
	}
}

static bool same_cpus(const struct facts *f, const struct scxray_task *a,
		      const struct scxray_task *b)
{
	for (size_t i = 0; i < f->r->nr_rqs; i++)
		if (task_may_use(a, f->r->rqs[i].cpu) != task_may_use(b, f->r->rqs[i].cpu))
			return false;
	return true;
}

/* True, and said in one, where all of several are bound alike. */
static bool put_common_bound(struct facts *f, struct strbuf *sb)
{
	size_t nr = finding_last(f->dg)->nr_tasks;

	if (nr < 2 || !task_is_bound(f, told(f, 0)))
		return false;
	for (size_t i = 1; i < nr; i++)
		if (!same_cpus(f, told(f, 0), told(f, i)))
			return false;
	strbuf_puts(sb, nr == 2 ? " Both may run on " : " All of them may run on ");
	put_cpus(sb, told(f, 0));
	strbuf_putc(sb, '.');
	finding_add_path(f->dg, f->r, "task_enrichments[%zu].cpus_allowed",
			 (size_t)(told(f, 0) - f->r->tasks));
	return true;
}

static void put_each_bound(struct facts *f, struct strbuf *sb)
{
	size_t nr = finding_last(f->dg)->nr_tasks, named = 0, more = 0;

	for (size_t i = 0; i < nr; i++) {
		const struct scxray_task *t = told(f, i);

		if (!task_is_bound(f, t))
			continue;
		if (named == MAX_NAMED) {
			more++;
			continue;
		}
		strbuf_puts(sb, named ? ", " : " ");
		cell_task(sb, t, t->kva);
		if (task_is_kthread(t))
			strbuf_puts(sb, " (a kernel thread)");
		strbuf_puts(sb, named ? " on " : " may run on ");
		put_cpus(sb, t);
		finding_add_path(f->dg, f->r, "task_enrichments[%zu].cpus_allowed",
				 (size_t)(t - f->r->tasks));
		named++;
	}
	if (more)
		strbuf_printf(sb, ", %zu more are bound too", more);
	if (named)
		strbuf_putc(sb, '.');
}

/* A cgroup below the root that all of them are in, and no task of sched_ext that does not wait. */
static const char *shared_cgroup(const struct facts *f)
{
	const char *path = told(f, 0)->cgroup_path;
	const struct finding *finding = finding_last(f->dg);

	if (!path || !strcmp(path, "/"))
		return NULL;
	for (size_t i = 0; i < finding->nr_tasks; i++)
		if (!told(f, i)->cgroup_path || strcmp(told(f, i)->cgroup_path, path) != 0)
			return NULL;
	for (size_t i = 0; i < f->r->nr_tasks; i++) {
		const struct scxray_task *t = &f->r->tasks[i];

		if (name_is(t->sched_class, "ext") && name_is(t->cgroup_path, path) &&
		    (t->runnable_cpu >= 0 || t->curr_cpu >= 0) && !task_is_stalled(f->r, t, true))
			return NULL;
	}
	return path;
}

void words_put_cgroup(struct facts *f, struct strbuf *sb)
{
	size_t nr = finding_last(f->dg)->nr_tasks;
	const char *path = nr ? shared_cgroup(f) : NULL;

	if (!path)
		return;
	strbuf_puts(sb, nr == 1 ? " It is" : nr == 2 ? " Both are" : " All of them are");
	strbuf_puts(sb, " in cgroup ");
	cell_string(sb, path);
	strbuf_puts(sb, ", of which no other task is runnable.");
	finding_add_path(f->dg, f->r, "task_enrichments[%zu].cgroup_path",
			 (size_t)(told(f, 0) - f->r->tasks));
}

void words_put_timers(struct facts *f, struct strbuf *sb)
{
	size_t idle = SIZE_MAX;

	for (size_t m = 0; m < f->r->nr_maps; m++) {
		for (size_t i = 0; f->r->maps[m].active && i < f->r->nr_pointees; i++) {
			const struct scxray_pointee *timer = &f->r->pointees[i];

			if (timer->map_kva != f->r->maps[m].map_kva || !timer->label)
				continue;
			if (!strncmp(timer->label, "armed", 5))
				return;
			if (!strncmp(timer->label, "not armed", 9))
				idle = m;
		}
	}
	if (idle == SIZE_MAX)
		return;
	strbuf_puts(sb, " The BPF timer in map ");
	cell_text(sb, &f->r->maps[idle].name);
	strbuf_puts(sb, " is not armed.");
	finding_add_path(f->dg, f->r, "maps[%zu].name", idle);
}

void words_put_bounds(struct facts *f, struct strbuf *sb)
{
	if (!put_common_bound(f, sb))
		put_each_bound(f, sb);
	put_worker(f, sb);
}

void words_put_dsq(struct strbuf *sb, const struct scxray_dsq *dsq)
{
	if (dsq->origin == SCXRAY_DSQ_LOCAL) {
		strbuf_printf(sb, "the local DSQ of CPU %" PRIu32, dsq->index);
		return;
	}
	strbuf_puts(sb, dsq->origin == SCXRAY_DSQ_USER ? "DSQ " : "the ");
	cell_dsq(sb, dsq);
	if (dsq->origin != SCXRAY_DSQ_USER)
		strbuf_puts(sb, " DSQ");
	cell_owner(sb, dsq->sched_name);
}

void words_begin_dsq(struct strbuf *sb, const struct scxray_dsq *dsq)
{
	size_t start = sb->len;

	words_put_dsq(sb, dsq);
	if (sb->len > start && sb->data[start] == 't')
		sb->data[start] = 'T';
}

void words_put_curr(struct strbuf *sb, const struct scxray_rq *rq)
{
	if (rq->curr_pid.state != SCXRAY_PRESENT) {
		strbuf_puts(sb, "a task at ");
		cell_hex(sb, &rq->curr_kva);
		return;
	}
	cell_text(sb, &rq->curr_comm);
	strbuf_printf(sb, "[%" PRId64 "]", num_signed(&rq->curr_pid));
}

void words_put_elapsed(struct strbuf *sb, const struct diagnosis *dg)
{
	if (dg->diff->elapsed_ms.state != SCXRAY_PRESENT)
		return;
	strbuf_puts(sb, " (");
	cell_ms(sb, num_signed(&dg->diff->elapsed_ms));
	strbuf_puts(sb, " apart)");
}

void words_put_sched(struct strbuf *sb, const struct scxray_sched *s)
{
	strbuf_puts(sb, s->is_root ? "scheduler " : "sub-scheduler ");
	cell_text(sb, &s->name);
}

const struct scxray_sched *task_find_sched(const struct scxray_report *r,
					   const struct scxray_task *t)
{
	for (size_t i = 0; i < r->nr_scheds && t->sched_kva.state == SCXRAY_PRESENT; i++)
		if (num_is(&r->scheds[i].sched_kva, t->sched_kva.value))
			return &r->scheds[i];
	return r->nr_scheds ? &r->scheds[0] : NULL;
}

void finding_about_dsq(struct facts *f, const struct scxray_dsq *dsq, const char *member)
{
	finding_last(f->dg)->r = f->r;
	finding_last(f->dg)->dsq = (int32_t)(dsq - f->r->dsqs);
	finding_add_path(f->dg, f->r, "dsq_states[%zu].%s", (size_t)(dsq - f->r->dsqs), member);
}

void finding_about_cpu(struct facts *f, const struct scxray_rq *rq, const char *member)
{
	finding_last(f->dg)->r = f->r;
	finding_last(f->dg)->cpu = (int32_t)rq->cpu;
	finding_add_path(f->dg, f->r, "rq_scx_states[%zu].%s", (size_t)(rq - f->r->rqs), member);
}
