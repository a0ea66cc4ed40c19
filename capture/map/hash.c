/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hash.c - kernel/bpf/hashtab.c: buckets of chains that end in an odd word
 */
#include "capture/map/map.h"
#include "capture/base/chain.h"

#define MAX_BUCKETS (1u << 24)
#define MAX_ELEMENTS (1u << 24) /* visited in all, captured or not */
#define MAX_COUNTED (1u << 20)	/* visited to be counted alone */
#define BUCKETS_AT_ONCE 64
#define BPF_F_NO_PREALLOC 1u

struct htab {
	struct walk *w;
	struct scxray_map *map;
	bool (*visit)(struct walk *w, struct scxray_map *map, uint64_t elem);
	bool full;		 /* visit() wants no more: only count */
	struct scxray_num count; /* the kernel's own, where it keeps one */
};

/*
 * Elements that are taken one by one from the allocator are counted by the kernel: in one
 * word, or by percpu_counter where the map is big.  Preallocated ones are not.
 */
static struct scxray_num own_count(struct walk *w, const struct scxray_map *map, uint64_t htab)
{
	uint32_t type = map_u32(map->map_type);
	uint64_t pcount = member_addr(w, htab, M_bpf_htab_pcount);
	struct scxray_num percpu, sum, counters;

	if (!(map_u32(map->map_flags) & BPF_F_NO_PREALLOC) || type == MAP_LRU_HASH ||
	    type == MAP_LRU_PERCPU_HASH || !has_member(w, M_bpf_htab_count) ||
	    !has_member(w, M_bpf_htab_pcount) || !has_member(w, M_percpu_counter_counters))
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

/* A count that makes no sense is none. */
static bool is_counted(const struct htab *h)
{
	return h->count.state == SCXRAY_PRESENT && h->count.value >= h->map->total &&
	       h->count.value <= map_u32(h->map->max_entries);
}

/* Nothing more to be had from a walk: no entry is wanted, and the number is known or too big. */
static bool is_enough(const struct htab *h)
{
	return h->full && (is_counted(h) || h->map->total >= MAX_COUNTED);
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
			return;
		}
		if (status) {
			map_error(h->w, h->map, "hash chain broken at 0x%016llx: %s",
				  (unsigned long long)node, read_status_text(status));
			return;
		}
		h->map->total++;
		if (!h->full && !h->visit(h->w, h->map, elem))
			h->full = true;
		if (is_enough(h))
			return;
		if (chain_is_circle(&guard, node, next)) {
			map_error(h->w, h->map,
				  "hash chain broken at 0x%016llx: it runs in a circle",
				  (unsigned long long)node);
			return;
		}
		node = next;
	}
}

void htab_walk(struct walk *w, struct scxray_map *map,
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
	h.count = own_count(w, map, htab);
	for (uint64_t b = 0; b < nr.value && !is_enough(&h); b += BUCKETS_AT_ONCE) {
		uint32_t count =
			nr.value - b < BUCKETS_AT_ONCE ? (uint32_t)(nr.value - b) : BUCKETS_AT_ONCE;
		uint64_t at = buckets.value + b * stride;
		enum read_status status = guest_read(w->g, at, bytes, count * stride);

		if (status) {
			map_error(w, map, "hash buckets broken at 0x%016llx: %s",
				  (unsigned long long)at, read_status_text(status));
			return;
		}
		for (uint32_t i = 0; i < count && !is_enough(&h); i++) {
			uint64_t first;

			__builtin_memcpy(&first, bytes + i * stride, 8);
			chain(&h, first);
		}
		if (map->total >= MAX_ELEMENTS)
			return;
	}
	if (is_enough(&h) && is_counted(&h))
		map->total = h.count.value;
	else if (is_enough(&h))
		map_error(w, map, "hash table has %u elements or more, not counted further",
			  MAX_COUNTED);
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
