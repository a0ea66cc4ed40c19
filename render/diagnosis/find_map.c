/* SPDX-License-Identifier: BSD-2-Clause */
/* find_map.c - findings about BPF maps that take nothing more */
#include <inttypes.h>

#include <base/array.h>

#include <scxray/host.h>
#include <scxray/map.h>
#include <scxray/report_struct.h>

#include "render/diagnosis/find.h"
#include "render/out/join.h"
#include "render/out/cells.h"

#define MAX_FINDINGS 16

/* LRU maps make room by themselves, arrays are always full. */
static bool can_be_full(const struct scxray_map *map)
{
	static const char *const types[] = { "hash",	 "percpu_hash", "rhash",
					     "lpm_trie", "queue",	"stack" };

	for (size_t i = 0; map->type_name && i < ARRAY_SIZE(types); i++)
		if (!strcmp(map->type_name, types[i]))
			return true;
	return false;
}

static void find_full(struct diagnosis *dg, const struct scxray_report *r, size_t m)
{
	const struct scxray_map *map = &r->maps[m];
	struct strbuf *sb;
	uint64_t max;

	if (!can_be_full(map) || !num_get(&map->max_entries, &max) || !max || map->total < max)
		return;
	sb = finding_begin(dg, RANK_EVIDENCE, SEVERITY_INFO, "map_full");
	strbuf_puts(sb, "Map ");
	cell_text(sb, &map->name);
	cell_owner(sb, map->sched_name);
	strbuf_printf(sb,
		      " is full (%" PRIu64 " of %" PRIu64 " entries): what is new finds no room.",
		      map->total, max);
	finding_add_path(dg, r, "maps[%zu].max_entries", m);
	finding_add_path(dg, r, "maps[%zu].total_entries", m);
}

static void find_full_ring(struct diagnosis *dg, const struct scxray_report *r, size_t m)
{
	const struct scxray_ringbuf *ring = r->maps[m].ringbuf;
	uint64_t capacity, from, to;
	struct strbuf *sb;

	if (!ring || !num_get(&ring->capacity, &capacity) || !capacity ||
	    !num_get(&ring->consumer_pos, &from) || !num_get(&ring->producer_pos, &to))
		return;
	/* more than the capacity is garbage; from nine tenths on reservations begin to fail */
	if (to - from > capacity || (to - from) / 9 < capacity / 10)
		return;
	sb = finding_begin(dg, RANK_EVIDENCE, SEVERITY_INFO, "ringbuf_full");
	strbuf_puts(sb, "Ring buffer ");
	cell_text(sb, &r->maps[m].name);
	cell_owner(sb, r->maps[m].sched_name);
	strbuf_printf(sb,
		      " is full or nearly so: %" PRIu64 " of %" PRIu64 " bytes wait to be read.",
		      to - from, capacity);
	finding_add_path(dg, r, "maps[%zu].ringbuf.producer_pos", m);
	finding_add_path(dg, r, "maps[%zu].ringbuf.consumer_pos", m);
}

void find_maps(struct diagnosis *dg)
{
	const struct scxray_report *r = dg->doc->late;
	size_t before = dg->nr;

	for (size_t m = 0; m < r->nr_maps && dg->nr - before < MAX_FINDINGS; m++) {
		find_full(dg, r, m);
		find_full_ring(dg, r, m);
	}
}
