/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff.c - compares the tasks, queues, CPUs and event counters of two reports
 */
#include "render/diff/diff.h"

#include <errno.h>
#include <stdlib.h>

#include <base/array.h>

#include <scxray/dsq.h>
#include <scxray/host.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/sched.h>
#include <scxray/task.h>

#include "render/diff/maps.h"
#include "render/out/pair.h"
#include "render/out/cells.h"
#include "render/out/groups.h"
#include "render/out/join.h"

static void add_entry(struct diff *d, enum diff_group group, enum diff_fate fate, size_t early,
		      size_t late, size_t first_change)
{
	struct diff_entry entry = { .group = group,
				    .fate = fate,
				    .early = early,
				    .late = late,
				    .first_change = first_change,
				    .nr_changes = d->nr_changes - first_change };

	if (fate == DIFF_CHANGED && !entry.nr_changes) {
		d->unchanged[group]++;
		return;
	}
	DIFF_GROW(d, entries);
	d->entries[d->nr_entries++] = entry;
}

static void add_stuck(struct diff *d, enum diff_group group, size_t early, size_t late, size_t text)
{
	strbuf_putc(&d->texts, '\0');
	DIFF_GROW(d, stuck);
	d->stuck[d->nr_stuck++] = (struct diff_stuck){ group, early, late, text };
}

/* ---- tasks --------------------------------------------------------------- */

static void put_custody(struct strbuf *sb, const struct scxray_report *r, const void *task)
{
	cell_custody(sb, r, task);
}

static const struct compared task_members[] = {
	COMPARE_TEXT("where", put_custody),
	COMPARE(scxray_task, state_letter, "state", FIELD_LETTER, DIFF_LABEL),
	COMPARE_NOTED(scxray_task, sched_class, "sched_class", FIELD_STRING, DIFF_LABEL, DIFF_ODD),
	COMPARE_NOTED(scxray_task, cpus_allowed, "cpus_allowed", FIELD_CPUS, DIFF_LABEL, DIFF_ODD),
	COMPARE_NOTED(scxray_task, runnable_at, "runnable_at_jiffies", FIELD_NUM, DIFF_AMOUNT,
		      DIFF_BOOKKEEPING),
	COMPARE(scxray_task, cpu, "cpu", FIELD_NUM, DIFF_LABEL),
	COMPARE(scxray_task, dsq_vtime, "dsq_vtime", FIELD_NUM, DIFF_COUNTER),
	COMPARE_NOTED(scxray_task, dsq_seq, "dsq_seq", FIELD_NUM, DIFF_LABEL, DIFF_BOOKKEEPING),
	COMPARE_NOTED(scxray_task, slice, "slice_ns", FIELD_NUM, DIFF_AMOUNT, DIFF_BOOKKEEPING),
	COMPARE_NOTED(scxray_task, weight, "weight", FIELD_NUM, DIFF_AMOUNT, DIFF_ODD),
	COMPARE_NOTED(scxray_task, prio, "prio", FIELD_SIGNED, DIFF_AMOUNT, DIFF_ODD),
	COMPARE_NOTED(scxray_task, scx_task_state, "scx_task_state", FIELD_NUM, DIFF_LABEL,
		      DIFF_ODD),
	COMPARE_NOTED(scxray_task, ops_qseq, "ops_qseq", FIELD_NUM, DIFF_LABEL, DIFF_BOOKKEEPING),
	COMPARE(scxray_task, selected_cpu, "selected_cpu", FIELD_SIGNED, DIFF_LABEL),
	COMPARE_NOTED(scxray_task, sticky_cpu, "sticky_cpu", FIELD_SIGNED, DIFF_LABEL, DIFF_ODD),
	COMPARE_NOTED(scxray_task, holding_cpu, "holding_cpu", FIELD_SIGNED, DIFF_LABEL, DIFF_ODD),
	COMPARE_NOTED(scxray_task, migration_disabled, "migration_disabled", FIELD_NUM, DIFF_LABEL,
		      DIFF_ODD),
	COMPARE_NOTED(scxray_task, sched_kva, "sched_kva", FIELD_ADDR, DIFF_LABEL, DIFF_ODD),
};

size_t diff_find_task(const struct scxray_report *r, const struct scxray_task *t, size_t hint)
{
	/* reports list tasks in the same order: the counterpart is near */
	for (size_t i = 0; i < r->nr_tasks; i++) {
		size_t at = (hint + i) % r->nr_tasks;

		if (r->tasks[at].kva == t->kva && num_is_same(&r->tasks[at].pid, &t->pid))
			return at;
	}
	return SIZE_MAX;
}

static bool task_waits(const struct scxray_task *t)
{
	return t->runnable_cpu >= 0 && t->curr_cpu < 0;
}

static void compare_task(struct diff *d, size_t e, size_t l)
{
	const struct scxray_task *old = &d->early->tasks[e], *new = &d->late->tasks[l];
	size_t first = d->nr_changes, at;

	diff_compare_members(d, task_members, ARRAY_SIZE(task_members), old, new);
	add_entry(d, DIFF_TASKS, DIFF_CHANGED, e, l, first);

	/* runnable_at is set when a task becomes runnable, and again each time it has run */
	if (!task_waits(old) || !task_waits(new) || old->runnable_at.state != SCXRAY_PRESENT ||
	    !num_is_same(&old->runnable_at, &new->runnable_at))
		return;
	at = d->texts.len;
	strbuf_puts(&d->texts, "runnable at both times and has not run in between (");
	cell_age(&d->texts, old);
	strbuf_puts(&d->texts, " → ");
	cell_age(&d->texts, new);
	strbuf_puts(&d->texts, "), ");
	cell_custody(&d->texts, d->late, new);
	add_stuck(d, DIFF_TASKS, e, l, at);
}

static void compare_tasks(struct diff *d)
{
	bool *seen = calloc(d->late->nr_tasks + 1, 1);

	if (!seen) {
		d->error = ENOMEM;
		return;
	}
	for (size_t e = 0, l = 0; e < d->early->nr_tasks; e++) {
		size_t at = d->late->nr_tasks ? diff_find_task(d->late, &d->early->tasks[e], l)
					      : SIZE_MAX;

		if (at == SIZE_MAX) {
			add_entry(d, DIFF_TASKS, DIFF_GONE, e, 0, d->nr_changes);
			continue;
		}
		seen[at] = true;
		l = at + 1;
		compare_task(d, e, at);
	}
	for (size_t l = 0; l < d->late->nr_tasks; l++)
		if (!seen[l])
			add_entry(d, DIFF_TASKS, DIFF_APPEARED, 0, l, d->nr_changes);
	free(seen);
}

/* ---- queues -------------------------------------------------------------- */

static const struct compared dsq_members[] = {
	COMPARE(scxray_dsq, nr, "nr", FIELD_NUM, DIFF_AMOUNT),
	COMPARE(scxray_dsq, seq, "seq", FIELD_NUM, DIFF_COUNTER),
};

size_t diff_find_dsq(const struct scxray_report *r, const struct scxray_dsq *dsq)
{
	for (size_t i = 0; i < r->nr_dsqs; i++)
		if (r->dsqs[i].kva == dsq->kva && r->dsqs[i].origin == dsq->origin &&
		    num_is_same(&r->dsqs[i].id, &dsq->id))
			return i;
	return SIZE_MAX;
}

static bool stayed(const struct scxray_report *early, const struct scxray_task_ref *old,
		   const struct scxray_report *late, const struct scxray_task_ref *new)
{
	const struct scxray_task *was = report_find_task(early, old),
				 *is = report_find_task(late, new);

	if (old->kva != new->kva || !was || !is)
		return false;
	if (was->dsq_seq.state == SCXRAY_PRESENT)
		return num_is_same(&was->dsq_seq, &is->dsq_seq);
	return was->runnable_at.state == SCXRAY_PRESENT &&
	       num_is_same(&was->runnable_at, &is->runnable_at);
}

size_t diff_same_head(const struct scxray_report *early_report, const struct scxray_dsq *early,
		      const struct scxray_report *late_report, const struct scxray_dsq *late)
{
	size_t n = 0;

	while (n < early->nr_tasks && n < late->nr_tasks &&
	       stayed(early_report, &early->tasks[n], late_report, &late->tasks[n]))
		n++;
	return n;
}

static void compare_dsq(struct diff *d, size_t e, size_t l)
{
	const struct scxray_dsq *old = &d->early->dsqs[e], *new = &d->late->dsqs[l];
	size_t first = d->nr_changes, at;

	diff_compare_members(d, dsq_members, ARRAY_SIZE(dsq_members), old, new);
	add_entry(d, DIFF_DSQS, DIFF_CHANGED, e, l, first);
	if (!old->nr_tasks || diff_same_head(d->early, old, d->late, new) < old->nr_tasks)
		return;
	at = d->texts.len;
	strbuf_printf(&d->texts, "the same %zu task%s at its head, in the same order",
		      old->nr_tasks, old->nr_tasks == 1 ? "" : "s");
	if (new->nr_tasks > old->nr_tasks)
		strbuf_printf(&d->texts, ", %zu more behind", new->nr_tasks - old->nr_tasks);
	add_stuck(d, DIFF_DSQS, e, l, at);
}

static void compare_dsqs(struct diff *d)
{
	for (size_t e = 0; e < d->early->nr_dsqs; e++) {
		size_t l = diff_find_dsq(d->late, &d->early->dsqs[e]);

		if (l == SIZE_MAX)
			add_entry(d, DIFF_DSQS, DIFF_GONE, e, 0, d->nr_changes);
		else
			compare_dsq(d, e, l);
	}
	for (size_t l = 0; l < d->late->nr_dsqs; l++)
		if (diff_find_dsq(d->early, &d->late->dsqs[l]) == SIZE_MAX)
			add_entry(d, DIFF_DSQS, DIFF_APPEARED, 0, l, d->nr_changes);
}

/* ---- CPUs and events ----------------------------------------------------- */

static void put_curr(struct strbuf *sb, const struct scxray_report *r, const void *item)
{
	const struct scxray_rq *rq = item;

	(void)r;
	cell_text(sb, &rq->curr_comm);
	strbuf_putc(sb, '[');
	cell_signed(sb, &rq->curr_pid);
	strbuf_puts(sb, "] ");
	cell_string(sb, rq->curr_class);
}

static const struct compared cpu_members[] = {
	COMPARE_TEXT("curr", put_curr),
	COMPARE(scxray_rq, flag_names, "flags", FIELD_STRING, DIFF_LABEL),
	COMPARE(scxray_rq, nr_running, "nr_running", FIELD_NUM, DIFF_AMOUNT),
	COMPARE(scxray_rq, rq_nr_running, "rq_nr_running", FIELD_NUM, DIFF_AMOUNT),
	COMPARE(scxray_rq, cfs_nr_queued, "cfs_nr_queued", FIELD_NUM, DIFF_AMOUNT),
	COMPARE(scxray_rq, rt_nr_running, "rt_nr_running", FIELD_NUM, DIFF_AMOUNT),
	COMPARE(scxray_rq, dl_nr_running, "dl_nr_running", FIELD_NUM, DIFF_AMOUNT),
	COMPARE_NOTED(scxray_rq, cpu_released, "cpu_released", FIELD_FLAG, DIFF_LABEL, DIFF_ODD),
	COMPARE(scxray_rq, nr_immed, "nr_immed", FIELD_NUM, DIFF_AMOUNT),
	COMPARE_NOTED(scxray_rq, ops_qseq, "ops_qseq", FIELD_NUM, DIFF_COUNTER, DIFF_BOOKKEEPING),
	COMPARE_NOTED(scxray_rq, kick_sync, "kick_sync", FIELD_NUM, DIFF_COUNTER, DIFF_BOOKKEEPING),
};

/* rq->scx.clock is a copy of rq->clock; not all kernels have it. One of them is enough. */
static const struct compared clock_member[] = {
	COMPARE_NOTED(scxray_rq, clock, "clock_ns", FIELD_NUM, DIFF_COUNTER, DIFF_BOOKKEEPING),
};

static const struct compared scx_clock_member[] = {
	COMPARE_NOTED(scxray_rq, rq_clock, "rq_clock", FIELD_NUM, DIFF_COUNTER, DIFF_BOOKKEEPING),
};

static void compare_cpu(struct diff *d, size_t e, size_t l)
{
	const struct scxray_rq *old = &d->early->rqs[e], *new = &d->late->rqs[l];
	size_t first = d->nr_changes, at;

	diff_compare_members(d, cpu_members, ARRAY_SIZE(cpu_members), old, new);
	diff_compare_members(d,
			     new->clock.state == SCXRAY_PRESENT ? clock_member : scx_clock_member,
			     1, old, new);
	add_entry(d, DIFF_CPUS, DIFF_CHANGED, e, l, first);

	/* an idle CPU without a tick does not update its clock */
	if (old->clock.state != SCXRAY_PRESENT || !num_is_same(&old->clock, &new->clock) ||
	    (new->curr_class && !strcmp(new->curr_class, "idle") && !num_true(&new->nr_running)))
		return;
	at = d->texts.len;
	strbuf_puts(&d->texts, "its clock stood still at ");
	cell_num(&d->texts, &new->clock);
	strbuf_puts(&d->texts, ", curr ");
	put_curr(&d->texts, d->late, new);
	add_stuck(d, DIFF_CPUS, e, l, at);
}

static void compare_cpus(struct diff *d)
{
	for (size_t l = 0; l < d->late->nr_rqs; l++) {
		const struct scxray_rq *old = report_find_rq(d->early, d->late->rqs[l].cpu);

		if (old)
			compare_cpu(d, (size_t)(old - d->early->rqs), l);
		else
			add_entry(d, DIFF_CPUS, DIFF_APPEARED, 0, l, d->nr_changes);
	}
	for (size_t e = 0; e < d->early->nr_rqs; e++)
		if (!report_find_rq(d->late, d->early->rqs[e].cpu))
			add_entry(d, DIFF_CPUS, DIFF_GONE, e, 0, d->nr_changes);
}

/* Each CPU's part of a counter, where it has changed. */
static void compare_per_cpu(struct diff *d, const struct scxray_event *old,
			    const struct scxray_event *new)
{
	for (size_t cpu = 0; cpu < old->nr_cpus && cpu < new->nr_cpus; cpu++) {
		struct diff_change change = { .key = "per_cpu",
					      .kind = FIELD_SIGNED,
					      .sense = DIFF_COUNTER,
					      .note = DIFF_BOOKKEEPING,
					      .is_cpu = true,
					      .cpu = (uint32_t)cpu,
					      .old = old->per_cpu[cpu],
					      .new = new->per_cpu[cpu] };

		if (!num_is_same(&change.old, &change.new))
			diff_add_change(d, &change);
	}
}

static void compare_events_of(struct diff *d, const struct scxray_sched *old, size_t sched)
{
	const struct scxray_sched *new = &d->late->scheds[sched];

	for (size_t l = 0; l < new->nr_events; l++) {
		size_t first = d->nr_changes, entries = d->nr_entries;

		for (size_t e = 0; e < old->nr_events; e++) {
			struct diff_change change = { .key = "total",
						      .kind = FIELD_SIGNED,
						      .sense = DIFF_COUNTER };

			if (strcmp(old->events[e].name, new->events[l].name) != 0)
				continue;
			change.old = old->events[e].total;
			change.new = new->events[l].total;
			if (!num_is_same(&change.old, &change.new))
				diff_add_change(d, &change);
			compare_per_cpu(d, &old->events[e], &new->events[l]);
			add_entry(d, DIFF_EVENTS, DIFF_CHANGED, e, l, first);
			break;
		}
		if (d->nr_entries > entries)
			d->entries[entries].sched = sched;
	}
}

static void compare_events(struct diff *d)
{
	for (size_t l = 0; l < d->late->nr_scheds; l++)
		for (size_t e = 0; e < d->early->nr_scheds; e++)
			if (num_is_same(&d->early->scheds[e].sched_kva,
					&d->late->scheds[l].sched_kva)) {
				compare_events_of(d, &d->early->scheds[e], l);
				break;
			}
}

static void elapsed(struct diff *d)
{
	const struct scxray_guest *early = &d->early->guest, *late = &d->late->guest;
	uint64_t from, to, hz;

	if (!num_get(&early->jiffies, &from) || !num_get(&late->jiffies, &to))
		return;
	d->elapsed_jiffies = (struct scxray_num){ .value = to - from, .state = SCXRAY_PRESENT };
	/* HZ is 100 to 1000; other values are garbage */
	if (num_get(&late->hz, &hz) && hz && hz <= 10000 && to > from && to - from < 1ULL << 40)
		d->elapsed_ms = (struct scxray_num){ .value = (to - from) * 1000 / hz,
						     .state = SCXRAY_PRESENT };
}

void diff_make(struct diff *d, const struct scxray_document *doc)
{
	memset(d, 0, sizeof(*d));
	strbuf_init(&d->texts, NULL);
	if (!is_comparable(doc))
		return;
	d->early = doc->early;
	d->late = doc->late;
	elapsed(d);
	compare_tasks(d);
	compare_dsqs(d);
	compare_cpus(d);
	compare_events(d);
	if (group_wanted(doc->only, GROUP_DIFF))
		diff_maps(d, doc->only);
	if (d->texts.error)
		d->error = d->texts.error;
}

void diff_deinit(struct diff *d)
{
	free(d->entries);
	free(d->changes);
	free(d->stuck);
	free(d->maps);
	free(d->items);
	strbuf_deinit(&d->texts);
}
