/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * reasons.c - the names of a report's groups, and their reasons put out by those names
 */
#include <scxray/group.h>
#include <scxray/report_struct.h>

#include "render/out/reasons.h"

const struct group_names group_names[SCXRAY_NR_GROUPS] = {
	[SCXRAY_GROUP_MAPS] = { "maps", "maps_unavailable", "maps_cut" },
	[SCXRAY_GROUP_POINTEES] = { "map pointees", NULL, "map_pointees_cut" },
	[SCXRAY_GROUP_VCPUS] = { "vcpu_regs", "vcpu_regs_unavailable", NULL },
	[SCXRAY_GROUP_SDTS] = { "sdt_alloc", "sdt_alloc_unavailable", NULL },
	[SCXRAY_GROUP_PROGS] = { "prog_runtime_stats", "prog_runtime_stats_unavailable",
				 "prog_runtime_stats_cut" },
	[SCXRAY_GROUP_CPU_TIMES] = { "per_cpu_time", "per_cpu_time_unavailable", NULL },
	[SCXRAY_GROUP_NUMA] = { "per_node_numa", "per_node_numa_unavailable", NULL },
	[SCXRAY_GROUP_PSI] = { "cgroup_psi", "cgroup_psi_unavailable", "cgroup_psi_cut" },
	[SCXRAY_GROUP_TASKS] = { "task_enrichments", "task_enrichments_unavailable",
				 "task_enrichments_cut" },
	[SCXRAY_GROUP_HELD_FILES] = { "held_files", "held_files_unavailable", "held_files_cut" },
	[SCXRAY_GROUP_SCHEDS] = { "scx_walker", "scx_walker_unavailable", "scx_sched_state_cut" },
	[SCXRAY_GROUP_RQS] = { "rq_scx_states", "rq_scx_states_unavailable", NULL },
	[SCXRAY_GROUP_LOCKS] = { "locks", "held_rqspinlocks_unavailable", "held_rqspinlocks_cut" },
	[SCXRAY_GROUP_DSQS] = { "dsq_states", "dsq_states_unavailable", "dsq_states_cut" },
	[SCXRAY_GROUP_LOG] = { "kernel_log", "kernel_log_unavailable", "kernel_log_cut" },
	[SCXRAY_GROUP_TIMELINE] = { "event_counter_timeline", "event_counter_timeline_unavailable",
				    NULL },
	[SCXRAY_GROUP_PERF] = { "vcpu_perf_at_freeze", "vcpu_perf_at_freeze_unavailable", NULL },
};

void json_reasons(struct json *j, const struct scxray_report *r, enum scxray_group group)
{
	const struct group_names *names = &group_names[group];

	if (names->unavailable)
		json_opt_string(j, names->unavailable, r->unavailable[group]);
	if (names->cut)
		json_opt_string(j, names->cut, r->cut[group]);
}

void text_reason(struct text *t, const struct scxray_report *r, enum scxray_group group, size_t nr)
{
	text_unavailable(t, group_names[group].text, reason_of(r, group, nr));
}

void text_cut(struct text *t, const struct scxray_report *r, enum scxray_group group, size_t indent)
{
	if (!r->cut[group])
		return;
	strbuf_fill(&t->out, ' ', indent);
	strbuf_puts(&t->out, "(cut: ");
	cell_string(&t->out, r->cut[group]);
	strbuf_puts(&t->out, ")\n");
}
