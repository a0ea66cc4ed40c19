/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * plan.c - what a look needs that does not change while a kernel runs
 */
#include <stdlib.h>
#include <string.h>

#include <scxray/map.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>

#include "capture/live/live.h"

#define MAX_NODES 64

/* Counters' names outlive the kernel's types: looks hand them out. */
static const char *keep_name(struct scxray_live *live, const char *name)
{
	char **names;

	for (size_t i = 0; i < live->nr_names; i++)
		if (!strcmp(live->names[i], name))
			return live->names[i];
	names = realloc(live->names, (live->nr_names + 1) * sizeof(*names));
	if (!names)
		return NULL;
	live->names = names;
	names[live->nr_names] = strndup(name, 100);
	return names[live->nr_names] ? names[live->nr_names++] : NULL;
}

static void plan_events(struct scxray_live *live)
{
	const struct types *types = &live->kernel.types;
	struct live_plan *plan = &live->plan;
	uint32_t id = types_find(types, "scx_event_stats", BTF_KIND_STRUCT);
	const struct btf_type *t = id ? btf__type_by_id(types->btf, id) : NULL;

	for (uint32_t i = 0; t && i < btf_vlen(t) && plan->nr_events < SCXRAY_LOOK_MAX_EVENTS;
	     i++) {
		const char *name = btf__str_by_offset(types->btf, btf_members(t)[i].name_off);
		struct member m = types_member(types, id, name);

		if (!m.present || !m.size || m.size > 8 || m.bits || m.offset > LIVE_MAX_STATS - 8)
			continue;
		name = keep_name(live, name);
		if (!name)
			return;
		plan->events[plan->nr_events++] = (struct live_event){
			.name = name, .offset = m.offset, .size = m.size, .is_signed = m.is_signed
		};
		if (plan->stats_size < m.offset + m.size)
			plan->stats_size = m.offset + m.size;
	}
}

int live_plan_look(struct scxray_live *live, struct scxray_error *err)
{
	const struct scxray_report *r = &live->report;
	const struct types *types = &live->kernel.types;
	struct live_plan *plan = &live->plan;

	plan->hz = r->guest.hz;
	plan->hz.reason = NULL; /* the text may be the walk's, which ends before */
	plan->nr_nodes = 1;
	if (r->guest.nr_nodes.state == SCXRAY_PRESENT && r->guest.nr_nodes.value <= MAX_NODES)
		plan->nr_nodes = (uint32_t)r->guest.nr_nodes.value;
	plan->cpus = calloc(r->nr_rqs ? r->nr_rqs : 1, sizeof(*plan->cpus));
	if (!plan->cpus)
		return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	for (size_t i = 0; i < r->nr_rqs; i++)
		plan->cpus[plan->nr_cpus++] = r->rqs[i].cpu;
	plan->queued = 1;
	types_enumerator(types, "scx_ent_flags", "SCX_TASK_QUEUED", &plan->queued);
	plan->has_disabled = types_enumerator(types, "scx_ops_enable_state", "SCX_OPS_DISABLED",
					      &plan->disabled);
	plan_events(live);
	return 0;
}
