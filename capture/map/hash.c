/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hash.c - kernel/bpf/hashtab.c: buckets of chains that end in an odd word
 */
#include <scxray/map.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>

#include "capture/base/chain.h"
#include "capture/map/map.h"
#include "capture/read/read.h"

#define MAX_BUCKETS (1u << 24)
#define MAX_ELEMENTS (1u << 24)
#define BUCKETS_AT_ONCE 64
#define BPF_F_NO_PREALLOC 1u

struct htab {
	struct walk *w;
	struct scxray_map *map;
	bool (*visit)(struct walk *w, struct scxray_map *map, uint64_t elem);
	bool full; /* visit() wants no more, so the walk is over */
};

/*
 * Preallocated elements are not counted, but those that are not in use are on free lists
 * (kernel/bpf/percpu_freelist.c): where all of these are empty the map is full.
 */
static struct scxray_num count_full(struct walk *w, const struct scxray_map *map, uint64_t htab)
{
	struct scxray_num heads, extra;

	if (!has_member(w, M_bpf_htab_freelist) || !has_member(w, M_pcpu_freelist_head_first))
		return (struct scxray_num){ 0 };
	heads = read_member(w, htab, M_bpf_htab_freelist);
	extra = read_optional(w, htab, M_bpf_htab_freelist_extra);
	if (heads.state != SCXRAY_PRESENT || extra.state == SCXRAY_UNREADABLE || extra.value)
		return (struct scxray_num){ 0 };
	for (size_t i = 0; i < w->r->nr_rqs; i++) {
		uint64_t head = percpu_addr(w, heads.value, w->r->rqs[i].cpu);
		struct scxray_num first = read_member(w, head, M_pcpu_freelist_head_first);

		if (first.state != SCXRAY_PRESENT || first.value)
			return (struct scxray_num){ 0 };
	}
	return w->r->nr_rqs ? map->max_entries : (struct scxray_num){ 0 };
}

/*
 * Elements that are taken one by one from the allocator are counted by the kernel: in one
 * word, or by percpu_counter where the map is big.
 */
static struct scxray_num own_count(struct walk *w, const struct scxray_map *map, uint64_t htab)
{
	uint32_t type = map_u32(map->map_type);
	uint64_t pcount = member_addr(w, htab, M_bpf_htab_pcount);
	struct scxray_num percpu, sum, counters;

	if (type == MAP_LRU_HASH || type == MAP_LRU_PERCPU_HASH)
		return (struct scxray_num){ 0 };
	if (!(map_u32(map->map_flags) & BPF_F_NO_PREALLOC))
		return count_full(w, map, htab);
	if (!has_member(w, M_bpf_htab_count) || !has_member(w, M_bpf_htab_pcount) ||
	    !has_member(w, M_percpu_counter_counters))
		return (struct scxray_num){ 0 };
	percpu = read_optional(w, htab, M_bpf_htab_use_percpu_counter);
	if (percpu.state != SCXRAY_PRESENT)
		return (struct scxray_num){ 0 };
	if (!percpu.value)
		return read_member(w, htab, M_bpf_htab_count);
	sum = read_member(w, pcount, M_percpu_counter_count);
	counters = read_member(w, pcount, M_percpu_counter_counters);
	for (size_t i = 0; counters.state == SCXRAY_PRESENT && i < w->r->nr_rqs; i++) {
		struct scxray_num part =
			read_int(w, percpu_addr(w, counters.value, w->r->rqs[i].cpu), 4, true);

		if (part.state != SCXRAY_PRESENT)
			return (struct scxray_num){ 0 };
		sum.value += part.value;
	}
	return counters.state == SCXRAY_PRESENT && w->r->nr_rqs ? sum : (struct scxray_num){ 0 };
}

/* The total of a walk that ended early: the kernel's, or (a count that makes no sense is none) the least. */
static void set_total(struct walk *w, struct scxray_map *map, uint64_t htab)
{
	struct scxray_num count = own_count(w, map, htab);

	if (count.state == SCXRAY_PRESENT && count.value >= map->total &&
	    count.value <= map_u32(map->max_entries))
		map->total = count.value;
	else
		map->total_is_least = true;
}

static void chain(struct htab *h, uint64_t node)
{
	struct chain_guard guard = { 0 };

	while (!(node & 1) && node) {
		uint64_t elem = node - h->w->k->layout.member[M_htab_elem_node].offset;
		uint64_t next;
		enum read_status status = guest_read_u64(h->w->g, node, &next);

		if (h->map->total == MAX_ELEMENTS) {
			map_error(h->w, h->map, "hash table has more than %u elements",
				  MAX_ELEMENTS);
			h->full = true;
			return;
		}
		if (status) {
			map_error(h->w, h->map, "hash chain broken at 0x%016llx: %s",
				  (unsigned long long)node, read_status_text(status));
			return;
		}
		h->map->total++;
		if (!h->visit(h->w, h->map, elem)) {
			h->full = true;
			return;
		}
		if (chain_is_circle(&guard, node, next)) {
			map_error(h->w, h->map,
				  "hash chain broken at 0x%016llx: it runs in a circle",
				  (unsigned long long)node);
			return;
		}
		node = next;
	}
}

/*
 * The elements of a hash table: hash, LRU and per-CPU kinds.  visit() gets each
 * element's address; false stops.  Counts them in map->total.
 */
static void htab_walk(struct walk *w, struct scxray_map *map,
		      bool (*visit)(struct walk *w, struct scxray_map *map, uint64_t elem))
{
	struct htab h = { .w = w, .map = map, .visit = visit };
	uint8_t bytes[BUCKETS_AT_ONCE * 64];
	uint64_t htab = map_container(w, map, M_bpf_htab_map);
	struct scxray_num nr, buckets;
	uint32_t stride;

	if (!map_needs(w, map, M_bpf_htab_buckets) || !map_needs(w, map, M_bpf_htab_n_buckets) ||
	    !map_needs(w, map, M_htab_elem_key))
		return;
	/* struct bucket is not unique by name: resolve it through the pointer to it */
	stride = pointee_size(w, M_bpf_htab_buckets);
	nr = read_member(w, htab, M_bpf_htab_n_buckets);
	buckets = read_member(w, htab, M_bpf_htab_buckets);
	if (nr.state != SCXRAY_PRESENT || buckets.state != SCXRAY_PRESENT || stride < 8 ||
	    stride > 64 || nr.value > MAX_BUCKETS) {
		map_error(w, map, "hash table header makes no sense");
		return;
	}
	for (uint64_t b = 0; b < nr.value && !h.full; b += BUCKETS_AT_ONCE) {
		uint32_t count =
			nr.value - b < BUCKETS_AT_ONCE ? (uint32_t)(nr.value - b) : BUCKETS_AT_ONCE;
		uint64_t at = buckets.value + b * stride;
		enum read_status status = guest_read(w->g, at, bytes, count * stride);

		if (status) {
			map_error(w, map, "hash buckets broken at 0x%016llx: %s",
				  (unsigned long long)at, read_status_text(status));
			break;
		}
		for (uint32_t i = 0; i < count && !h.full; i++) {
			uint64_t first;

			__builtin_memcpy(&first, bytes + i * stride, 8);
			chain(&h, first);
		}
	}
	if (h.full || map->error)
		set_total(w, map, htab);
}

static bool entry_of(struct walk *w, struct scxray_map *map, uint64_t elem)
{
	struct scxray_entry *entry = map_add_entry(w, map);
	uint64_t key = member_addr(w, elem, M_htab_elem_key);
	uint32_t to_value = round_up8(map->key_type.size);
	const uint8_t *bytes;
	const char *reason;

	if (!entry)
		return false;
	entry->addr = elem;
	/* key and value in one read: there may be a million */
	bytes = to_value <= UINT32_MAX - map->value_type.size
			? map_read_bytes(w, key, to_value + map->value_type.size, &reason)
			: NULL;
	if (bytes) {
		entry->key = bytes;
		entry->value = bytes + to_value;
		return true;
	}
	entry->key = map_read_bytes(w, key, map->key_type.size, &reason);
	entry->value =
		map_read_bytes(w, htab_value(w, map, elem), map->value_type.size, &entry->reason);
	if (!entry->reason)
		entry->reason = reason;
	return true;
}

void map_walk_hash(struct walk *w, struct scxray_map *map)
{
	map->form = SCXRAY_MAP_ENTRIES;
	htab_walk(w, map, entry_of);
}

static bool percpu_entry(struct walk *w, struct scxray_map *map, uint64_t elem)
{
	struct scxray_num pptr = read_int(w, htab_value(w, map, elem), 8, false);
	struct scxray_entry *entry = map_add_percpu_entry(w, map);
	const char *reason;

	if (!entry)
		return false;
	entry->addr = elem;
	entry->key = map_read_bytes(w, member_addr(w, elem, M_htab_elem_key), map->key_type.size,
				    &reason);
	if (pptr.state == SCXRAY_PRESENT)
		map_percpu_values(w, map, pptr.value);
	else
		entry->reason = pptr.reason;
	return true;
}

void map_walk_percpu_hash(struct walk *w, struct scxray_map *map)
{
	map->form = SCXRAY_MAP_PERCPU_ENTRIES;
	if (map_percpu_start(w, map))
		htab_walk(w, map, percpu_entry);
}

/* The value is a pointer to the inner map. */
static bool inner_map(struct walk *w, struct scxray_map *map, uint64_t elem)
{
	void *slots = map->slots->slots;
	struct scxray_slot *slot;
	const char *reason;

	if (map->slots->nr_slots >= w->settings.max_entries) {
		map->slots->cut =
			pool_printf(w->pool, "cut after %u slots", w->settings.max_entries);
		return false;
	}
	slot = pool_push(w->pool, &slots, &map->slots->nr_slots, sizeof(*slot));
	if (!slot)
		return false;
	map->slots->slots = slots;
	*slot = (struct scxray_slot){ .index = (uint32_t)map->slots->nr_slots - 1 };
	slot->key = map_read_bytes(w, member_addr(w, elem, M_htab_elem_key), map->key_type.size,
				   &reason);
	slot->kva = read_int(w, htab_value(w, map, elem), 8, false);
	if (slot->kva.state == SCXRAY_PRESENT && slot->kva.value)
		slot->holds = map_label_map(w, slot->kva.value);
	else if (slot->kva.state != SCXRAY_PRESENT)
		map->slots->nr_unreadable++;
	return true;
}

void map_walk_hash_of_maps(struct walk *w, struct scxray_map *map)
{
	map->slots = pool_alloc(w->pool, sizeof(*map->slots));
	if (!map->slots)
		return;
	map->form = SCXRAY_MAP_FD_ARRAY;
	htab_walk(w, map, inner_map);
	map->slots->nr_scanned = (uint32_t)map->total;
}
