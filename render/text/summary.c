/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * summary.c - the summary: one line a group, with how much of it there is
 */
#include <inttypes.h>

#include "render/out/escape.h"
#include "render/out/join.h"
#include "render/out/cells.h"
#include "render/out/timeline.h"

/* "{group}: {count} {what}" or "{group}: <unavailable: {reason}>"; nothing for an empty group. */
static void count(struct text *t, const char *group, size_t nr, const char *what,
		  const char *unavailable)
{
	if (!nr && !unavailable)
		return;
	text_styled(t, STYLE_BOLD, group);
	strbuf_puts(&t->out, ": ");
	if (nr)
		strbuf_printf(&t->out, "%zu %s", nr, what);
	if (unavailable) {
		strbuf_puts(&t->out, nr ? ", <unavailable: " : "<unavailable: ");
		cell_string(&t->out, unavailable);
		strbuf_putc(&t->out, '>');
	}
	strbuf_putc(&t->out, '\n');
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
	count(t, "maps", nr, strbuf_str(&sb), r->maps_unavailable);
	strbuf_deinit(&sb);
}

static void vcpus(struct text *t, const struct scxray_report *r)
{
	size_t parked = 0;
	char what[48];

	for (size_t i = 0; i < r->nr_vcpus; i++)
		parked += r->vcpus[i].parked;
	snprintf(what, sizeof(what), "vCPUs, registers of %zu", parked);
	count(t, "vcpu_regs", r->nr_vcpus, what, r->vcpu_regs_unavailable);
}

static void sdts(struct text *t, const struct scxray_report *r)
{
	count(t, "sdt_alloc", r->nr_sdts, "allocators", r->sdt_alloc_unavailable);
	count(t, "scx_static", r->nr_static_ranges, "ranges", NULL);
}

static void progs(struct text *t, const struct scxray_report *r)
{
	count(t, "prog_runtime_stats", r->nr_progs, "programs", r->prog_runtime_stats_unavailable);
}

static void times(struct text *t, const struct scxray_report *r)
{
	count(t, "per_cpu_time", r->nr_cpu_times, "CPUs captured", r->per_cpu_time_unavailable);
	count(t, "per_node_numa", r->nr_numa_nodes, "nodes captured", r->per_node_numa_unavailable);
}

static void psi(struct text *t, const struct scxray_report *r)
{
	count(t, "cgroup_psi", r->nr_cgroup_psi, "cgroups captured", r->cgroup_psi_unavailable);
}

static void tasks(struct text *t, const struct scxray_report *r)
{
	size_t waiting = 0;
	char what[64];

	for (size_t i = 0; i < r->nr_tasks; i++)
		waiting += r->tasks[i].runnable_cpu >= 0 && r->tasks[i].curr_cpu < 0;
	snprintf(what, sizeof(what), "tasks captured, %zu wait to run", waiting);
	count(t, "task_enrichments", r->nr_tasks, what, r->task_enrichments_unavailable);
}

static void scx(struct text *t, const struct scxray_report *r)
{
	if (r->nr_rqs || r->nr_dsqs || r->nr_scheds) {
		text_styled(t, STYLE_BOLD, "scx_walker");
		strbuf_printf(&t->out, ": rq_scx=%zu dsq=%zu sched=%s\n", r->nr_rqs, r->nr_dsqs,
			      r->nr_scheds ? "captured" : "absent");
	}
	count(t, "rq_scx_states", 0, "", r->rq_scx_states_unavailable);
	count(t, "dsq_states", 0, "", r->dsq_states_unavailable);
	count(t, "scx_walker", 0, "", r->scx_walker_unavailable);
}

static void locks(struct text *t, const struct scxray_report *r)
{
	size_t waiting = 0;
	char what[64];

	for (size_t i = 0; i < r->nr_tasks; i++)
		waiting += r->tasks[i].lock_slowpath_match != NULL;
	snprintf(what, sizeof(what), "tasks in lock slow paths, %zu resilient spinlocks held",
		 r->nr_rqspinlocks);
	if (r->nr_rqspinlocks && !waiting)
		count(t, "locks", r->nr_rqspinlocks, "resilient spinlocks held", NULL);
	else
		count(t, "locks", waiting, what, r->rqspinlocks_unavailable);
}

static void timeline(struct text *t, const struct scxray_report *r)
{
	struct timeline tl;
	char what[64];

	timeline_init(&tl, t->doc, r);
	what[0] = '\0';
	if (tl.t.nr_samples)
		snprintf(what, sizeof(what), "samples (%" PRIu64 "–%" PRIu64 "ms)",
			 tl.t.elapsed_ms[0], tl.t.elapsed_ms[tl.t.nr_samples - 1]);
	count(t, "event_counter_timeline", tl.t.nr_samples, what,
	      tl.is_pair ? NULL : r->event_counter_timeline_unavailable);
	timeline_deinit(&tl);
}

static void perf(struct text *t, const struct scxray_report *r)
{
	count(t, "vcpu_perf_at_freeze", r->host ? r->host->nr_perf : 0, "vCPUs",
	      r->vcpu_perf_at_freeze_unavailable);
}

static void truncated(struct text *t, const struct scxray_report *r)
{
	t->any_section = false;
	text_truncated(t, r);
}

static void kernel_log(struct text *t, const struct scxray_report *r)
{
	count(t, "kernel_log", r->nr_log, "records captured", r->kernel_log_unavailable);
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
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (groups_wanted(t->doc->only, lines[i].groups))
			lines[i].put(t, r);
}
