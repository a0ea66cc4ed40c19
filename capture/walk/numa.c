/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * numa.c - each node's NUMA counters (mm/vmstat.c)
 *
 * A zone's vm_numa_event[] is what was folded in; the rest is in its per-CPU
 * statistics.  A zone without pages uses those of all others' boot time: not its own.
 */
#include <scxray/group.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/system.h>

#include "capture/read/read.h"
#include "capture/walk/walkers.h"

#define MAX_NODES 1024 /* 1 << NODES_SHIFT, at most 10 */
#define MAX_ZONES 16
#define NR_EVENTS 6

static const char *const event_names[NR_EVENTS] = {
	"NUMA_HIT", "NUMA_MISS", "NUMA_FOREIGN", "NUMA_INTERLEAVE_HIT", "NUMA_LOCAL", "NUMA_OTHER",
};

struct events {
	struct scxray_num num[NR_EVENTS];
};

/* Adds; what can't be read makes the sum so. */
static void add(struct scxray_num *sum, struct scxray_num part)
{
	if (part.state != SCXRAY_PRESENT)
		*sum = part;
	else if (sum->state == SCXRAY_PRESENT)
		sum->value += part.value;
}

/* Adds the array member m of the struct at `base`. */
static void add_array(struct walk *w, struct events *events, uint64_t base, enum layout_member m)
{
	const struct member *member = &w->k->layout.member[m];
	uint32_t size;

	if (is_recording(w)) {
		touch_member(w, base, m);
		return;
	}
	size = element_size(w, m);
	for (int e = 0; e < NR_EVENTS; e++) {
		struct scxray_num part = { .reason = event_names[e], .state = SCXRAY_MISSING };
		uint64_t index;

		if (types_enumerator(&w->k->types, "numa_stat_item", event_names[e], &index) &&
		    size && index < member->size / size)
			part = read_int(w, base + member->offset + index * size, size, false);
		add(&events->num[e], part);
	}
}

static void add_all(struct events *events, struct scxray_num part)
{
	for (int e = 0; e < NR_EVENTS; e++)
		add(&events->num[e], part);
}

static void zone_events(struct walk *w, struct events *events, uint64_t zone)
{
	struct scxray_num present = read_member(w, zone, M_zone_present_pages), stats;

	add_array(w, events, zone, M_zone_vm_numa_event);
	if (present.state != SCXRAY_PRESENT)
		add_all(events, present);
	if (present.state != SCXRAY_PRESENT || !present.value)
		return;
	stats = read_member(w, zone, M_zone_per_cpu_zonestats);
	if (stats.state != SCXRAY_PRESENT) {
		add_all(events, stats);
		return;
	}
	for (size_t i = 0; i < w->r->nr_rqs; i++)
		add_array(w, events, percpu_addr(w, stats.value, w->r->rqs[i].cpu),
			  M_per_cpu_zonestat_vm_numa_event);
}

static void one_node(struct walk *w, uint32_t node, struct scxray_num pgdat)
{
	uint32_t size = element_size(w, M_pglist_data_node_zones);
	uint32_t nr = size ? w->k->layout.member[M_pglist_data_node_zones].size / size : 0;
	void *nodes = w->r->numa_nodes;
	struct scxray_numa_node *to = pool_push(w->pool, &nodes, &w->r->nr_numa_nodes, sizeof(*to));
	struct events events;

	if (!to) {
		w->r->unavailable[SCXRAY_GROUP_NUMA] = POOL_USED_UP;
		return;
	}
	w->r->numa_nodes = nodes;
	for (int e = 0; e < NR_EVENTS; e++)
		events.num[e] = pgdat.state == SCXRAY_PRESENT ? num_present(0) : pgdat;
	for (uint32_t z = 0; pgdat.state == SCXRAY_PRESENT && z < nr && z < MAX_ZONES; z++)
		zone_events(w, &events,
			    member_addr(w, pgdat.value, M_pglist_data_node_zones) +
				    (uint64_t)z * size);
	*to = (struct scxray_numa_node){
		.node = node,
		.hit = events.num[0],
		.miss = events.num[1],
		.foreign = events.num[2],
		.interleave_hit = events.num[3],
		.local = events.num[4],
		.other = events.num[5],
	};
}

void walk_numa(struct walk *w)
{
	const struct scxray_num *nr = &w->r->guest.nr_nodes;
	struct scxray_num pgdat;

	if (!has_symbol(w, S_node_data) || !has_member(w, M_zone_vm_numa_event) ||
	    !has_member(w, M_per_cpu_zonestat_vm_numa_event) ||
	    !has_member(w, M_pglist_data_node_zones)) {
		w->r->unavailable[SCXRAY_GROUP_NUMA] =
			"this kernel counts nothing by node (no NUMA)";
		return;
	}
	if (nr->state != SCXRAY_PRESENT || !w->r->nr_rqs) {
		w->r->unavailable[SCXRAY_GROUP_NUMA] = nr->state != SCXRAY_PRESENT
							       ? "the number of nodes is not known"
							       : "per-CPU memory not found";
		return;
	}
	for (uint32_t node = 0; node < nr->value && node < MAX_NODES; node++) {
		pgdat = read_int(w, w->k->layout.symbol[S_node_data] + node * 8ULL, 8, false);
		if (pgdat.state != SCXRAY_PRESENT || pgdat.value)
			one_node(w, node, pgdat);
	}
	if (!w->r->nr_numa_nodes && !w->r->unavailable[SCXRAY_GROUP_NUMA])
		w->r->unavailable[SCXRAY_GROUP_NUMA] = "node_data has no node";
}
