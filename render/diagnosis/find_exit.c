/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * find_exit.c - findings about the scheduler itself: how it ended, bypass, the
 * watchdog, what the report lacks
 */
#include "render/diagnosis/find.h"

#include "render/out/join.h"
#include "render/out/cells.h"

/* enum scx_exit_kind: below are orderly exits, from here on errors. */
#define SCX_EXIT_DONE 1
#define SCX_EXIT_ERROR 1024
#define SCX_EXIT_ERROR_BPF 1025

/* Path of a scheduler's object: the root is scx_sched_state, others hang below it. */
static void sched_evidence(struct diagnosis *dg, const struct scxray_report *r, size_t i,
			   const char *member)
{
	/* a sub-scheduler's place in the tree is told by its name in the sentence */
	if (!i)
		evidence(dg, r, "scx_sched_state.%s", member);
	else
		evidence(dg, r, "scx_sched_state.sub_schedulers");
}

static bool has_text(const struct scxray_text *text)
{
	return text->state == SCXRAY_PRESENT && text->len;
}

static void sched_name(struct strbuf *sb, const struct scxray_sched *s)
{
	strbuf_puts(sb, s->is_root ? "scheduler " : "sub-scheduler ");
	cell_text(sb, &s->name);
}

/*
 * Before 6.16 there is no atomic beside the exit_info; once a scheduler is being disabled the
 * atomic says DONE, and the exit_info what ended it.
 */
static bool kind_is_in_info(const struct scxray_sched *s, uint64_t *kind)
{
	bool atomic = num_get(&s->exit_kind, kind) && *kind;
	uint64_t info;

	if ((atomic && *kind != SCX_EXIT_DONE) || !num_get(&s->exit_info.kind, &info) || !info)
		return false;
	*kind = info;
	return true;
}

/* A sub-scheduler's end is not that of the one above it. */
static void put_parent(struct strbuf *sb, const struct scxray_report *r,
		       const struct scxray_sched *s)
{
	for (size_t i = 0; i < r->nr_scheds && s->parent_kva.state == SCXRAY_PRESENT; i++) {
		const struct scxray_sched *parent = &r->scheds[i];
		uint64_t kind;

		if (!num_is(&parent->sched_kva, s->parent_kva.value) ||
		    !num_is(&parent->exit_kind, 0) || kind_is_in_info(parent, &kind))
			continue;
		strbuf_puts(sb, " Above it ");
		sched_name(sb, parent);
		strbuf_puts(sb, " is not ending: the tasks go there.");
		return;
	}
}

static void find_exit(struct diagnosis *dg, const struct scxray_report *r, size_t i)
{
	const struct scxray_sched *s = &r->scheds[i];
	const struct scxray_exit_info *info = &s->exit_info;
	uint64_t kind = 0;
	bool in_info = kind_is_in_info(s, &kind);
	const char *kind_name = in_info ? info->kind_name : s->exit_kind_name;
	struct strbuf *sb;

	if (!kind)
		return;
	sb = find(dg, kind >= SCX_EXIT_ERROR ? SEVERITY_ERROR : SEVERITY_INFO, "scheduler_exit");
	if (kind == SCX_EXIT_ERROR_BPF) {
		strbuf_puts(sb, "The BPF program of ");
		sched_name(sb, s);
		strbuf_puts(sb, " called scx_bpf_error()");
	} else {
		strbuf_puts(sb, kind >= SCX_EXIT_ERROR ? "The kernel ended " : "It ended: ");
		sched_name(sb, s);
	}
	if (kind_name) {
		strbuf_puts(sb, " with ");
		cell_string(sb, kind_name);
	} else {
		strbuf_printf(sb, " with exit kind %llu", (unsigned long long)kind);
	}
	if (has_text(&info->reason)) {
		strbuf_puts(sb, ", ");
		cell_text(sb, &info->reason);
	}
	if (has_text(&info->msg)) {
		strbuf_puts(sb, ": ");
		cell_text(sb, &info->msg);
	}
	strbuf_putc(sb, '.');
	if (info->exit_cpu.state == SCXRAY_PRESENT && num_signed(&info->exit_cpu) >= 0)
		strbuf_printf(sb, " It happened on CPU %lld.",
			      (long long)num_signed(&info->exit_cpu));
	put_parent(sb, r, s);
	sched_evidence(dg, r, i, in_info ? "exit_info.kind" : "exit_kind");
	if (has_text(&info->msg))
		sched_evidence(dg, r, i, "exit_info.msg");
}

static const struct scxray_task *longest_of(const struct scxray_report *r, uint64_t sched_kva)
{
	const struct scxray_task *longest = NULL;

	for (size_t i = 0; i < r->nr_tasks; i++) {
		const struct scxray_task *t = &r->tasks[i];

		if (num_is(&t->sched_kva, sched_kva) &&
		    t->runnable_age_jiffies.state == SCXRAY_PRESENT &&
		    (!longest || num_signed(&t->runnable_age_jiffies) >
					 num_signed(&longest->runnable_age_jiffies)))
			longest = t;
	}
	return longest;
}

/* A sub-scheduler is taken off the list while the root goes on: then only the early half has it. */
static void find_gone(struct diagnosis *dg, const struct scxray_report *early,
		      const struct scxray_report *late, const struct scxray_sched *s)
{
	const struct scxray_task *longest = longest_of(early, s->sched_kva.value);
	struct strbuf *sb;

	for (size_t i = 0; i < late->nr_scheds; i++)
		if (num_is(&late->scheds[i].sched_kva, s->sched_kva.value))
			return;
	sb = find(dg, SEVERITY_WARNING, "sub_scheduler_gone");
	strbuf_puts(sb, "Between the two snapshots ");
	sched_name(sb, s);
	strbuf_puts(sb, " ended and went: what it was is in the early one.");
	evidence(dg, early, "scx_sched_state.sub_schedulers");
	if (!longest)
		return;
	strbuf_puts(sb, " There ");
	cell_task(sb, longest, longest->kva);
	strbuf_puts(sb, " had been runnable for ");
	cell_age(sb, longest);
	strbuf_puts(sb, ", the longest of its tasks.");
	evidence(dg, early, "task_enrichments[%zu].runnable_age_jiffies",
		 (size_t)(longest - early->tasks));
}

static void bypass_of(struct diagnosis *dg, const struct scxray_report *r, size_t i)
{
	const struct scxray_sched *s = &r->scheds[i];
	bool bypass = num_true(&s->bypass_depth), aborting = num_true(&s->aborting);
	struct strbuf *sb;

	if (!bypass && !aborting)
		return;
	sb = find(dg, SEVERITY_INFO, "bypass");
	if (bypass) {
		strbuf_puts(sb, "The kernel had put ");
		sched_name(sb, s);
		strbuf_printf(
			sb,
			" in bypass mode (depth %lld): it schedules the tasks itself, so what "
			"the queues hold may no longer be the scheduler's doing.",
			(long long)num_signed(&s->bypass_depth));
		sched_evidence(dg, r, i, "bypass_depth");
	} else {
		strbuf_puts(sb, "At the freeze ");
		sched_name(sb, s);
		strbuf_puts(sb, " was being aborted; bypass mode had not begun.");
	}
	if (aborting)
		sched_evidence(dg, r, i, "aborting");
}

static void find_watchdog(struct diagnosis *dg, const struct scxray_report *r)
{
	const struct scxray_sched *s = &r->scheds[0];
	uint64_t age, timeout = sched_timeout_jiffies(r, NULL);
	struct strbuf *sb;

	if (!num_get(&s->watchdog_age_jiffies, &age) || !timeout || (int64_t)age <= 0 ||
	    age <= timeout)
		return;
	sb = find(dg, SEVERITY_ERROR, "watchdog_late");
	strbuf_printf(sb,
		      "The watchdog itself has not run for %llu jiffies, its timeout is %llu: its "
		      "worker got no CPU, or ticks were lost.",
		      (unsigned long long)age, (unsigned long long)timeout);
	sched_evidence(dg, r, 0, "watchdog_age_jiffies");
}

void find_exits(struct diagnosis *dg)
{
	const struct scxray_report *r = dg->doc->late, *early = dg->doc->early;

	if (r->unavailable[SCXRAY_GROUP_SCHEDS]) {
		struct strbuf *sb = find(dg, SEVERITY_WARNING, "scx_walker_unavailable");

		strbuf_puts(sb, "The state of sched_ext is not in the report: ");
		cell_string(sb, r->unavailable[SCXRAY_GROUP_SCHEDS]);
		strbuf_putc(sb, '.');
		evidence(dg, r, "scx_walker_unavailable");
	}
	for (size_t i = 0; i < r->nr_scheds; i++)
		find_exit(dg, r, i);
	for (size_t i = 0; early && r->nr_scheds && i < early->nr_scheds; i++)
		if (!early->scheds[i].is_root && early->scheds[i].sched_kva.state == SCXRAY_PRESENT)
			find_gone(dg, early, r, &early->scheds[i]);
	if (r->nr_scheds)
		find_watchdog(dg, r);
}

void find_bypass(struct diagnosis *dg)
{
	const struct scxray_report *r = dg->doc->late;

	for (size_t i = 0; i < r->nr_scheds; i++)
		bypass_of(dg, r, i);
}
