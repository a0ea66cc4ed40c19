/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * summary.c - the summary: how much of each group there is, and which ones are unavailable
 */
#include <errno.h>
#include <inttypes.h>

#include <base/array.h>

#include <scxray/group.h>
#include <scxray/host.h>
#include <scxray/map.h>
#include <scxray/report_struct.h>
#include <scxray/sched.h>
#include <scxray/task.h>
#include <scxray/vcpu.h>

#include "render/out/escape.h"
#include "render/out/join.h"
#include "render/out/cells.h"
#include "render/out/reasons.h"
#include "render/out/timeline.h"
#include "render/text/report.h"

#define MAX_SCHEDS 8 /* whose names are told */

/* Each returns how many there are, and writes what else is to be said of them. */
typedef size_t counter(const struct text *t, const struct scxray_report *r, struct strbuf *note);

static size_t maps(const struct text *t, const struct scxray_report *r, struct strbuf *note)
{
	size_t nr = 0, active = 0, broken = 0;

	for (size_t i = 0; i < r->nr_maps; i++) {
		if (!map_wanted(t->doc->only, &r->maps[i]))
			continue;
		nr++;
		active += r->maps[i].active;
		broken += r->maps[i].error != NULL;
	}
	if (active)
		strbuf_printf(note, "%zu the live scheduler's own", active);
	if (broken)
		strbuf_printf(note, "%s%zu with an error", active ? ", " : "", broken);
	return nr;
}

static size_t vcpus(const struct text *t, const struct scxray_report *r, struct strbuf *note)
{
	size_t parked = 0;

	(void)t;
	for (size_t i = 0; i < r->nr_vcpus; i++)
		parked += r->vcpus[i].parked;
	if (parked < r->nr_vcpus)
		strbuf_printf(note, "registers of %zu", parked);
	return r->nr_vcpus;
}

static size_t tasks(const struct text *t, const struct scxray_report *r, struct strbuf *note)
{
	size_t nr = 0, waiting = 0;

	for (size_t i = 0; i < r->nr_tasks; i++) {
		if (!task_wanted(t->doc->only, &r->tasks[i]))
			continue;
		nr++;
		waiting += r->tasks[i].runnable_cpu >= 0 && r->tasks[i].curr_cpu < 0;
	}
	strbuf_printf(note, "%zu %s to run", waiting, waiting == 1 ? "waits" : "wait");
	return nr;
}

static size_t scheds(const struct text *t, const struct scxray_report *r, struct strbuf *note)
{
	(void)t;
	for (size_t i = 0; i < r->nr_scheds && i < MAX_SCHEDS; i++) {
		strbuf_puts(note, i ? ", " : "");
		cell_text(note, &r->scheds[i].name);
	}
	return r->nr_scheds;
}

static size_t held_files(const struct text *t, const struct scxray_report *r, struct strbuf *note)
{
	(void)t;
	(void)note;
	return held_files_tasks(r);
}

/* Both are locks: those that tasks wait for, and those that CPUs hold. */
static size_t locks(const struct text *t, const struct scxray_report *r, struct strbuf *note)
{
	size_t waiting = 0;

	(void)t;
	for (size_t i = 0; i < r->nr_tasks; i++)
		waiting += r->tasks[i].lock_slowpath_match != NULL;
	strbuf_printf(note, "%zu task%s in slow paths, %zu resilient spinlock%s held", waiting,
		      plural_s(waiting), r->nr_rqspinlocks, plural_s(r->nr_rqspinlocks));
	return waiting + r->nr_rqspinlocks;
}

static size_t timeline(const struct text *t, const struct scxray_report *r, struct strbuf *note)
{
	struct timeline tl;
	size_t nr;

	timeline_init(&tl, t->doc, r);
	nr = tl.t.nr_samples;
	if (nr)
		strbuf_printf(note, "%" PRIu64 "–%" PRIu64 "ms", tl.t.elapsed_ms[0],
			      tl.t.elapsed_ms[nr - 1]);
	timeline_deinit(&tl);
	return nr;
}

static size_t perf(const struct text *t, const struct scxray_report *r, struct strbuf *note)
{
	(void)t;
	(void)note;
	return r->host ? r->host->nr_perf : 0;
}

#define MEMBER(nr_) NULL, offsetof(struct scxray_report, nr_)

/* In the order of the report: a counter, or the member that is the count. */
static const struct {
	enum group wanted;
	enum scxray_group group;
	counter *count;
	size_t member;
} rows[] = {
	{ GROUP_MAPS, SCXRAY_GROUP_MAPS, maps, 0 },
	{ GROUP_VCPUS, SCXRAY_GROUP_VCPUS, vcpus, 0 },
	{ GROUP_SDT, SCXRAY_GROUP_SDTS, MEMBER(nr_sdts) },
	{ GROUP_PROGS, SCXRAY_GROUP_PROGS, MEMBER(nr_progs) },
	{ GROUP_TIMES, SCXRAY_GROUP_CPU_TIMES, MEMBER(nr_cpu_times) },
	{ GROUP_TIMES, SCXRAY_GROUP_NUMA, MEMBER(nr_numa_nodes) },
	{ GROUP_PSI, SCXRAY_GROUP_PSI, MEMBER(nr_cgroup_psi) },
	{ GROUP_TASKS, SCXRAY_GROUP_TASKS, tasks, 0 },
	{ GROUP_SCHED, SCXRAY_GROUP_SCHEDS, scheds, 0 },
	{ GROUP_SCHED, SCXRAY_GROUP_HELD_FILES, held_files, 0 },
	{ GROUP_RQS, SCXRAY_GROUP_RQS, MEMBER(nr_rqs) },
	{ GROUP_DSQS, SCXRAY_GROUP_DSQS, MEMBER(nr_dsqs) },
	{ GROUP_LOCKS, SCXRAY_GROUP_LOCKS, locks, 0 },
	{ GROUP_TIMELINE, SCXRAY_GROUP_TIMELINE, timeline, 0 },
	{ GROUP_PERF, SCXRAY_GROUP_PERF, perf, 0 },
	{ GROUP_LOG, SCXRAY_GROUP_LOG, MEMBER(nr_log) },
};

static size_t count_row(const struct text *t, const struct scxray_report *r, size_t i,
			struct strbuf *note)
{
	size_t nr = 0;

	if (rows[i].count)
		return rows[i].count(t, r, note);
	memcpy(&nr, (const char *)r + rows[i].member, sizeof(nr));
	return nr;
}

static void put_count(const struct text *t, const struct scxray_report *r, size_t i,
		      struct strbuf *counts)
{
	struct strbuf note;
	size_t nr, start;

	strbuf_init(&note, NULL);
	nr = count_row(t, r, i, &note);
	strbuf_puts(counts, nr && counts->len ? ", " : "");
	start = counts->len;
	if (nr)
		strbuf_printf(counts, "%s %zu", group_names[rows[i].group].text, nr);
	cell_keep_words(counts, start);
	if (nr && note.len)
		strbuf_printf(counts, " (%s)", strbuf_str(&note));
	if (note.error)
		counts->error = note.error;
	strbuf_deinit(&note);
}

static const char *row_reason(const struct text *t, const struct scxray_report *r, size_t i)
{
	struct strbuf note;
	size_t nr;

	strbuf_init(&note, NULL);
	nr = count_row(t, r, i, &note);
	strbuf_deinit(&note);
	/* a pair of images has a timeline of two samples all the same */
	if ((nr && rows[i].group == SCXRAY_GROUP_TIMELINE) ||
	    (rows[i].group == SCXRAY_GROUP_SDTS && !text_may_have_sdts(t, r)))
		return NULL;
	return reason_of(r, rows[i].group, nr);
}

static void put_reason(struct text *t, const struct scxray_report *r, size_t i)
{
	const char *why = row_reason(t, r, i);

	/* of an early half, only what it lacks and the late one has; the host is one for both */
	if (!why ||
	    (t->late && (rows[i].group >= SCXRAY_NR_GUEST_GROUPS || row_reason(t, t->late, i))))
		return;
	strbuf_puts(&t->out, t->late ? "early " : "");
	text_styled(t, STYLE_BOLD, group_names[rows[i].group].text);
	strbuf_puts(&t->out, ": <unavailable: ");
	cell_string(&t->out, why);
	strbuf_puts(&t->out, ">\n");
}

static void put_counts(struct text *t, const struct scxray_report *r)
{
	struct strbuf counts;

	strbuf_init(&counts, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (group_wanted(t->doc->only, rows[i].wanted))
			put_count(t, r, i, &counts);
	if (r->nr_static_ranges && group_wanted(t->doc->only, GROUP_SDT))
		strbuf_printf(&counts, "%sscx_static %zu", counts.len ? ", " : "",
			      r->nr_static_ranges);
	if (counts.len) {
		text_styled(t, STYLE_BOLD, "captured");
		strbuf_puts(&t->out, ": ");
		text_wrap(t, strbuf_str(&counts), 10, 2);
	}
	if (counts.error)
		t->out.error = ENOMEM;
	strbuf_deinit(&counts);
}

void text_summary(struct text *t, const struct scxray_report *r)
{
	t->report = r;
	if (report_is_empty(r)) {
		strbuf_puts(&t->out, "(empty failure dump)\n");
		return;
	}
	if (!t->late)
		put_counts(t, r);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (group_wanted(t->doc->only, rows[i].wanted))
			put_reason(t, r, i);
	t->any_section = false;
	text_truncated(t, r);
}
