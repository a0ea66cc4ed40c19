/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * find_map.c - findings about BPF maps: where the scheduler keeps the tasks that
 * it holds, and maps that take nothing more
 */
#include "render/diagnosis/find.h"

#include <inttypes.h>

#include "render/out/join.h"
#include "render/out/cells.h"

#define MAX_FINDINGS 16

/* A whole value that is one integer. */
static bool as_integer(const struct scxray_map *map, const struct scxray_entry *entry, uint64_t *v)
{
	uint32_t low;

	if (!entry->value)
		return false;
	switch (map->value_type.size) {
	case sizeof(low):
		memcpy(&low, entry->value, sizeof(low));
		*v = low;
		return true;
	case sizeof(*v):
		memcpy(v, entry->value, sizeof(*v));
		return true;
	default:
		return false;
	}
}

/* The place of the task in a queue of pids or task addresses, SIZE_MAX if it is not there. */
static size_t place_in(const struct scxray_map *map, const struct scxray_task *t, bool *by_pid)
{
	uint64_t pid, v;

	if (map->form != SCXRAY_MAP_QUEUE || !num_get(&t->pid, &pid))
		return SIZE_MAX;
	for (size_t i = 0; i < map->nr_entries; i++) {
		if (!as_integer(map, &map->entries[i], &v))
			continue;
		*by_pid = v == pid;
		if (*by_pid || v == t->kva)
			return i;
	}
	return SIZE_MAX;
}

static void find_held(struct diagnosis *dg, const struct scxray_report *r,
		      const struct scxray_task *t)
{
	for (size_t m = 0; m < r->nr_maps; m++) {
		const struct scxray_map *map = &r->maps[m];
		bool by_pid = false;
		size_t place = place_in(map, t, &by_pid);
		struct strbuf *sb;

		if (place == SIZE_MAX)
			continue;
		sb = find(dg, is_stalled(r, t, false) ? SEVERITY_ERROR : SEVERITY_WARNING,
			  "held_in_map");
		strbuf_puts(sb, "Inferred: ");
		cell_task(sb, t, t->kva);
		strbuf_puts(sb, " is kept in map ");
		cell_text(sb, &map->name);
		cell_owner(sb, map->sched_name);
		strbuf_printf(sb, ", at place %zu of %zu: the value there is its %s.", place + 1,
			      map->nr_entries, by_pid ? "pid" : "address");
		evidence(dg, r, "maps[%zu].array_entries[%zu].value", m, place);
	}
}

/* LRU maps make room by themselves, arrays are always full. */
static bool can_be_full(const struct scxray_map *map)
{
	static const char *const types[] = { "hash",	 "percpu_hash", "rhash",
					     "lpm_trie", "queue",	"stack" };

	for (size_t i = 0; map->type_name && i < sizeof(types) / sizeof(types[0]); i++)
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
	sb = find(dg, SEVERITY_WARNING, "map_full");
	strbuf_puts(sb, "Map ");
	cell_text(sb, &map->name);
	cell_owner(sb, map->sched_name);
	strbuf_printf(sb,
		      " is full (%" PRIu64 " of %" PRIu64 " entries): what is new finds no room.",
		      map->total, max);
	evidence(dg, r, "maps[%zu].max_entries", m);
	evidence(dg, r, "maps[%zu].total_entries", m);
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
	sb = find(dg, SEVERITY_WARNING, "ringbuf_full");
	strbuf_puts(sb, "Ring buffer ");
	cell_text(sb, &r->maps[m].name);
	cell_owner(sb, r->maps[m].sched_name);
	strbuf_printf(sb,
		      " is full or nearly so: %" PRIu64 " of %" PRIu64 " bytes wait to be read.",
		      to - from, capacity);
	evidence(dg, r, "maps[%zu].ringbuf.producer_pos", m);
	evidence(dg, r, "maps[%zu].ringbuf.consumer_pos", m);
}

void find_maps(struct diagnosis *dg)
{
	const struct scxray_report *r = dg->doc->late;
	size_t before = dg->nr;

	for (size_t i = 0; i < r->nr_tasks && dg->nr - before < MAX_FINDINGS; i++)
		if (is_stalled(r, &r->tasks[i], true) &&
		    task_custody(r, &r->tasks[i]) == CUSTODY_BPF)
			find_held(dg, r, &r->tasks[i]);
	before = dg->nr;
	for (size_t m = 0; m < r->nr_maps && dg->nr - before < MAX_FINDINGS; m++) {
		find_full(dg, r, m);
		find_full_ring(dg, r, m);
	}
}
