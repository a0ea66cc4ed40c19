/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * summary.c - the summary: one line a group, with how much of it there is
 */
#include <inttypes.h>

#include <base/array.h>

#include <scxray/group.h>
#include <scxray/host.h>
#include <scxray/map.h>
#include <scxray/report_struct.h>
#include <scxray/task.h>
#include <scxray/vcpu.h>

#include "render/out/escape.h"
#include "render/out/join.h"
#include "render/out/cells.h"
#include "render/out/reasons.h"
#include "render/out/timeline.h"

/* "{group}: {count} {noun}s {rest}" (a noun or a rest may be "") or "{group}: <unavailable: {reason}>"; nothing for an empty group. */
static void count_line(struct text *t, const char *group, size_t nr, const char *noun,
		       const char *rest, const char *unavailable)
{
	if (!nr && !unavailable)
		return;
	text_styled(t, STYLE_BOLD, group);
	strbuf_puts(&t->out, ": ");
	if (nr)
		strbuf_printf(&t->out, "%zu%s%s%s%s%s", nr, *noun ? " " : "", noun,
			      *noun ? plural_s(nr) : "", *rest && *rest != ',' ? " " : "", rest);
	if (unavailable) {
		strbuf_puts(&t->out, nr ? ", <unavailable: " : "<unavailable: ");
		cell_string(&t->out, unavailable);
		strbuf_putc(&t->out, '>');
	}
	strbuf_putc(&t->out, '\n');
}

static void count(struct text *t, const struct scxray_report *r, enum scxray_group group, size_t nr,
		  const char *noun, const char *rest)
{
	count_line(t, group_names[group].text, nr, noun, rest, reason_of(r, group, nr));
}

static void maps(struct text *t, const struct scxray_report *r)
{
	size_t nr = 0, active = 0, broken = 0;
	struct strbuf sb;

	for (size_t i = 0; i < r->nr_maps; i++) {
		if (!map_wanted(t->doc->only, &r->maps[i]))
			continue;
		nr++;
		active += r->maps[i].active;
		broken += r->maps[i].error != NULL;
	}
	strbuf_init(&sb, NULL);
	strbuf_puts(&sb, "captured");
	if (active)
		strbuf_printf(&sb, ", %zu of them the live scheduler's own", active);
	if (broken)
		strbuf_printf(&sb, ", %zu with an error", broken);
	count(t, r, SCXRAY_GROUP_MAPS, nr, "", strbuf_str(&sb));
	strbuf_deinit(&sb);
}

static void vcpus(struct text *t, const struct scxray_report *r)
{
	size_t parked = 0;
	char what[48];

	for (size_t i = 0; i < r->nr_vcpus; i++)
		parked += r->vcpus[i].parked;
	snprintf(what, sizeof(what), ", registers of %zu", parked);
	count(t, r, SCXRAY_GROUP_VCPUS, r->nr_vcpus, "vCPU", what);
}

static void sdts(struct text *t, const struct scxray_report *r)
{
	count(t, r, SCXRAY_GROUP_SDTS, r->nr_sdts, "allocator", "");
	count_line(t, "scx_static", r->nr_static_ranges, "range", "", NULL);
}

static void progs(struct text *t, const struct scxray_report *r)
{
	count(t, r, SCXRAY_GROUP_PROGS, r->nr_progs, "program", "");
}

static void times(struct text *t, const struct scxray_report *r)
{
	count(t, r, SCXRAY_GROUP_CPU_TIMES, r->nr_cpu_times, "CPU", "captured");
	count(t, r, SCXRAY_GROUP_NUMA, r->nr_numa_nodes, "node", "captured");
}

static void psi(struct text *t, const struct scxray_report *r)
{
	count(t, r, SCXRAY_GROUP_PSI, r->nr_cgroup_psi, "cgroup", "captured");
}

static void tasks(struct text *t, const struct scxray_report *r)
{
	size_t nr = 0, waiting = 0;
	char what[64];

	for (size_t i = 0; i < r->nr_tasks; i++) {
		if (!task_wanted(t->doc->only, &r->tasks[i]))
			continue;
		nr++;
		waiting += r->tasks[i].runnable_cpu >= 0 && r->tasks[i].curr_cpu < 0;
	}
	snprintf(what, sizeof(what), "captured, %zu %s to run", waiting,
		 waiting == 1 ? "waits" : "wait");
	count(t, r, SCXRAY_GROUP_TASKS, nr, "task", what);
}

static void scx(struct text *t, const struct scxray_report *r)
{
	if (r->nr_rqs || r->nr_dsqs || r->nr_scheds) {
		text_styled(t, STYLE_BOLD, "scx_walker");
		strbuf_printf(&t->out, ": rq_scx=%zu dsq=%zu sched=%s\n", r->nr_rqs, r->nr_dsqs,
			      r->nr_scheds ? "captured" : "absent");
	}
	count(t, r, SCXRAY_GROUP_RQS, 0, "", "");
	count(t, r, SCXRAY_GROUP_DSQS, 0, "", "");
	count(t, r, SCXRAY_GROUP_HELD_FILES, held_files_tasks(r), "task",
	      "with files of schedulers open");
	count(t, r, SCXRAY_GROUP_SCHEDS, 0, "", "");
}

static void locks(struct text *t, const struct scxray_report *r)
{
	size_t waiting = 0;
	char what[64];

	for (size_t i = 0; i < r->nr_tasks; i++)
		waiting += r->tasks[i].lock_slowpath_match != NULL;
	snprintf(what, sizeof(what), "in lock slow paths, %zu resilient spinlock%s held",
		 r->nr_rqspinlocks, plural_s(r->nr_rqspinlocks));
	if (r->nr_rqspinlocks && !waiting)
		count(t, r, SCXRAY_GROUP_LOCKS, r->nr_rqspinlocks, "resilient spinlock", "held");
	else
		count(t, r, SCXRAY_GROUP_LOCKS, waiting, "task", what);
}

static void timeline(struct text *t, const struct scxray_report *r)
{
	struct timeline tl;
	char what[64];

	timeline_init(&tl, t->doc, r);
	what[0] = '\0';
	if (tl.t.nr_samples)
		snprintf(what, sizeof(what), "(%" PRIu64 "–%" PRIu64 "ms)", tl.t.elapsed_ms[0],
			 tl.t.elapsed_ms[tl.t.nr_samples - 1]);
	count_line(t, group_names[SCXRAY_GROUP_TIMELINE].text, tl.t.nr_samples, "sample", what,
		   tl.is_pair ? NULL : r->unavailable[SCXRAY_GROUP_TIMELINE]);
	timeline_deinit(&tl);
}

static void perf(struct text *t, const struct scxray_report *r)
{
	count(t, r, SCXRAY_GROUP_PERF, r->host ? r->host->nr_perf : 0, "vCPU", "");
}

static void truncated(struct text *t, const struct scxray_report *r)
{
	t->any_section = false;
	text_truncated(t, r);
}

static void kernel_log(struct text *t, const struct scxray_report *r)
{
	count(t, r, SCXRAY_GROUP_LOG, r->nr_log, "record", "captured");
}

/* In the order of the report. */
static const struct {
	uint32_t groups;
	void (*put)(struct text *t, const struct scxray_report *r);
} lines[] = {
	{ GROUP_BIT(GROUP_MAPS), maps },      { GROUP_BIT(GROUP_VCPUS), vcpus },
	{ GROUP_BIT(GROUP_SDT), sdts },	      { GROUP_BIT(GROUP_PROGS), progs },
	{ GROUP_BIT(GROUP_TIMES), times },    { GROUP_BIT(GROUP_PSI), psi },
	{ GROUP_BIT(GROUP_TASKS), tasks },    { GROUPS_OF_SCX, scx },
	{ GROUP_BIT(GROUP_LOCKS), locks },    { GROUP_BIT(GROUP_TIMELINE), timeline },
	{ GROUP_BIT(GROUP_PERF), perf },      { UINT32_MAX, truncated },
	{ GROUP_BIT(GROUP_LOG), kernel_log },
};

void text_summary(struct text *t, const struct scxray_report *r)
{
	t->report = r;
	if (report_is_empty(r)) {
		strbuf_puts(&t->out, "(empty failure dump)\n");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		if (groups_wanted(t->doc->only, lines[i].groups))
			lines[i].put(t, r);
}
