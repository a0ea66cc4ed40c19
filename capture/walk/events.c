/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * events.c - SCX_EV_* counters: whatever struct scx_event_stats lists
 */
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/sched.h>

#include "capture/read/read.h"
#include "capture/walk/scheds.h"

#define MAX_EVENTS 256

static void one_event(struct walk *w, struct scxray_event *event, uint64_t stats,
		      const struct member *m)
{
	event->nr_cpus = w->r->nr_rqs;
	event->per_cpu = pool_alloc(w->pool, event->nr_cpus * sizeof(*event->per_cpu));
	if (!event->per_cpu) {
		event->nr_cpus = 0;
		return;
	}
	event->total = num_present(0);
	for (size_t i = 0; i < w->r->nr_rqs; i++) {
		uint64_t at = percpu_addr(w, stats, w->r->rqs[i].cpu) + m->offset;

		event->per_cpu[i] = read_int(w, at, m->size, m->is_signed);
		if (event->per_cpu[i].state != SCXRAY_PRESENT)
			event->total = event->per_cpu[i]; /* a sum over some CPUs is no sum */
		else if (event->total.state == SCXRAY_PRESENT)
			event->total.value += event->per_cpu[i].value;
	}
}

void walk_events(struct walk *w, struct scxray_sched *sched, uint64_t stats)
{
	uint32_t id = types_find(&w->k->types, "scx_event_stats", BTF_KIND_STRUCT);
	const struct btf_type *t = id ? btf__type_by_id(w->k->types.btf, id) : NULL;
	uint32_t nr = t ? btf_vlen(t) : 0;

	if (!nr) {
		sched->events_unavailable = "this kernel has no struct scx_event_stats";
		return;
	}
	if (nr > MAX_EVENTS)
		nr = MAX_EVENTS;
	sched->events = pool_alloc(w->pool, nr * sizeof(*sched->events));
	if (!sched->events) {
		sched->events_unavailable = POOL_USED_UP;
		return;
	}
	for (uint32_t i = 0; i < nr; i++) {
		const char *name = btf__str_by_offset(w->k->types.btf, btf_members(t)[i].name_off);
		struct member m = types_member(&w->k->types, id, name);
		struct scxray_event *event = &sched->events[sched->nr_events];

		if (!m.present || m.size > 8 || m.bits)
			continue;
		event->name = pool_printf(w->pool, "%.100s", name);
		one_event(w, event, stats, &m);
		sched->nr_events++;
	}
}
