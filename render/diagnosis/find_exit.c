/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * find_exit.c - findings about the scheduler itself: how it ended, bypass, the
 * watchdog, what the report lacks
 */
#include <scxray/host.h>
#include <scxray/log.h>
#include <scxray/report_struct.h>
#include <scxray/sched.h>
#include <scxray/task.h>

#include "render/diagnosis/exit_site.h"
#include "render/diagnosis/find.h"
#include "render/diagnosis/words.h"
#include "render/out/cells.h"
#include "render/out/join.h"

/* enum scx_exit_kind: below are orderly exits, from here on errors. */
#define SCX_EXIT_ERROR 1024
#define SCX_EXIT_ERROR_BPF 1025
#define SCX_EXIT_ERROR_STALL 1026

/* Path of a scheduler's object: the root is scx_sched_state, others hang below it. */
static void sched_evidence(struct diagnosis *dg, const struct scxray_report *r, size_t i,
			   const char *member)
{
	/* a sub-scheduler's place in the tree is told by its name in the sentence */
	if (!i)
		finding_add_path(dg, r, "scx_sched_state.%s", member);
	else
		finding_add_path(dg, r, "scx_sched_state.sub_schedulers");
}

static bool has_text(const struct scxray_text *text)
{
	return text->state == SCXRAY_PRESENT && text->len;
}

/* A sub-scheduler's end is not that of the one above it. */
static void put_parent(struct strbuf *sb, const struct scxray_report *r,
		       const struct scxray_sched *s)
{
	for (size_t i = 0; i < r->nr_scheds && s->parent_kva.state == SCXRAY_PRESENT; i++) {
		const struct scxray_sched *parent = &r->scheds[i];
		bool in_info;

		if (!num_is(&parent->sched_kva, s->parent_kva.value) ||
		    !num_is(&parent->exit_kind, 0) || exit_kind(parent, &in_info))
			continue;
		strbuf_puts(sb, " Above it ");
		words_put_sched(sb, parent);
		strbuf_puts(sb, " is not ending: the tasks go there.");
		return;
	}
}

/* What the CPU of the exit has to do with it. */
static void put_exit_cpu(struct strbuf *sb, const struct scxray_exit_info *info, uint64_t kind)
{
	if (info->exit_cpu.state != SCXRAY_PRESENT || num_signed(&info->exit_cpu) < 0)
		return;
	strbuf_printf(sb,
		      kind == SCX_EXIT_ERROR_STALL ? " The watchdog saw it from CPU %lld."
		      : kind >= SCX_EXIT_ERROR	   ? " It was found on CPU %lld."
						   : " It was asked for on CPU %lld.",
		      (long long)num_signed(&info->exit_cpu));
}

static void find_verdict(struct diagnosis *dg, const struct scxray_report *r, size_t i)
{
	const struct scxray_sched *s = &r->scheds[i];
	const struct scxray_exit_info *info = &s->exit_info;
	bool in_info;
	uint64_t kind = exit_kind(s, &in_info);
	const char *kind_name = in_info ? info->kind_name : s->exit_kind_name;
	struct strbuf *sb;

	if (!kind)
		return;
	sb = finding_begin(dg, RANK_VERDICT,
			   kind >= SCX_EXIT_ERROR ? SEVERITY_ERROR : SEVERITY_INFO,
			   "scheduler_exit");
	strbuf_puts(sb, kind >= SCX_EXIT_ERROR ? "The kernel ended " : "It ended: ");
	words_put_sched(sb, s);
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
	put_exit_cpu(sb, info, kind);
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
	sb = finding_begin(dg, RANK_VERDICT, SEVERITY_WARNING, "sub_scheduler_gone");
	strbuf_puts(sb, "Between the two snapshots ");
	words_put_sched(sb, s);
	strbuf_puts(sb, " ended and went: what it was is in the early one.");
	finding_add_path(dg, early, "scx_sched_state.sub_schedulers");
	if (!longest)
		return;
	strbuf_puts(sb, " There ");
	cell_task(sb, longest, longest->kva);
	strbuf_puts(sb, " had been runnable for ");
	cell_age(sb, longest);
	strbuf_puts(sb, ", the longest of its tasks.");
	finding_add_path(dg, early, "task_enrichments[%zu].runnable_age_jiffies",
			 (size_t)(longest - early->tasks));
}

static void bypass_of(struct diagnosis *dg, const struct scxray_report *r, size_t i)
{
	const struct scxray_sched *s = &r->scheds[i];
	bool bypass = num_true(&s->bypass_depth), aborting = num_true(&s->aborting);
	struct strbuf *sb;

	if (!bypass && !aborting)
		return;
	sb = finding_begin(dg, RANK_NOTE, SEVERITY_INFO, "bypass");
	if (bypass) {
		strbuf_puts(sb, "The kernel had put ");
		words_put_sched(sb, s);
		strbuf_printf(
			sb,
			" in bypass mode (depth %lld): it schedules the tasks itself, so what "
			"the queues hold may no longer be the scheduler's doing.",
			(long long)num_signed(&s->bypass_depth));
		sched_evidence(dg, r, i, "bypass_depth");
	} else {
		strbuf_puts(sb, "At the freeze ");
		words_put_sched(sb, s);
		strbuf_puts(sb, " was being aborted; bypass mode had not begun: tasks are where it "
				"left them.");
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
	sb = finding_begin(dg, RANK_EVIDENCE, SEVERITY_ERROR, "watchdog_late");
	strbuf_printf(sb,
		      "The watchdog itself has not run for %llu jiffies, its timeout is %llu: its "
		      "worker got no CPU, or ticks were lost.",
		      (unsigned long long)age, (unsigned long long)timeout);
	sched_evidence(dg, r, 0, "watchdog_age_jiffies");
}

/* The kernel's last words about sched_ext, which name the reason. */
static void put_last_words(struct diagnosis *dg, struct strbuf *sb, const struct scxray_report *r)
{
	size_t first = r->nr_log, nr = 0;

	for (size_t i = r->nr_log; i-- > 0 && nr < 3;) {
		const struct scxray_text *text = &r->log[i].text;

		if (text->state == SCXRAY_PRESENT && !strncmp(text->bytes, "sched_ext: ", 11)) {
			first = i;
			nr++;
		}
	}
	if (!nr)
		return;
	strbuf_puts(sb, " The kernel's log says:");
	for (size_t i = first; i < r->nr_log; i++) {
		const struct scxray_text *text = &r->log[i].text;

		if (text->state != SCXRAY_PRESENT || strncmp(text->bytes, "sched_ext: ", 11) != 0)
			continue;
		strbuf_puts(sb, i == first ? " \"" : ", \"");
		cell_text(sb, text);
		strbuf_putc(sb, '"');
		finding_add_path(dg, r, "kernel_log[%zu].text", i);
	}
	strbuf_putc(sb, '.');
}

static void find_unavailable(struct diagnosis *dg, const struct scxray_report *r)
{
	struct strbuf *sb =
		finding_begin(dg, RANK_CAUSE, SEVERITY_WARNING, "scx_walker_unavailable");

	strbuf_puts(sb, "The state of sched_ext is not in the report: ");
	cell_string(sb, r->unavailable[SCXRAY_GROUP_SCHEDS]);
	strbuf_putc(sb, '.');
	put_last_words(dg, sb, r);
	if (strstr(r->unavailable[SCXRAY_GROUP_SCHEDS], "no scheduler attached"))
		strbuf_puts(sb, " An image has to be taken while the scheduler is attached: at the "
				"error exit (scxray watch, or a breakpoint on scx_dump_state()).");
	finding_add_path(dg, r, "scx_walker_unavailable");
}

void find_exits(struct diagnosis *dg)
{
	const struct scxray_report *r = dg->doc->late, *early = dg->doc->early;

	if (r->unavailable[SCXRAY_GROUP_SCHEDS])
		find_unavailable(dg, r);
	for (size_t i = 0; i < r->nr_scheds; i++)
		find_verdict(dg, r, i);
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
