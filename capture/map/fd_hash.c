/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fd_hash.c - hash tables whose elements hold a kernel object each: devices
 * (kernel/bpf/devmap.c) and sockets (net/core/sock_map.c), chained by hlists
 */
#include <base/array.h>

#include <scxray/map.h>

#include "capture/map/map.h"
#include "capture/read/read.h"

#define MAX_BUCKETS (1u << 22)

/* Where each type keeps its buckets, and its elements their key and object. */
static const struct kind {
	enum map_type type;
	enum layout_member map; /* the member that is the struct bpf_map */
	enum layout_member buckets, nr_buckets;
	enum layout_member node, key, object; /* of an element */
	const char *(*label)(struct walk *w, uint64_t kva);
} kinds[] = {
	{ MAP_DEVMAP_HASH, M_bpf_dtab_map, M_bpf_dtab_dev_index_head, M_bpf_dtab_n_buckets,
	  M_bpf_dtab_netdev_index_hlist, M_bpf_dtab_netdev_idx, M_bpf_dtab_netdev_dev,
	  map_label_device },
	{ MAP_SOCKHASH, M_bpf_shtab_map, M_bpf_shtab_buckets, M_bpf_shtab_buckets_num,
	  M_bpf_shtab_elem_node, M_bpf_shtab_elem_key, M_bpf_shtab_elem_sk, map_label_sock },
};

static bool element(struct walk *w, struct scxray_map *map, const struct kind *kind, uint64_t elem)
{
	struct scxray_slots *slots = map->slots;
	void *array = slots->slots;
	struct scxray_slot *slot;
	const char *reason;

	map->total++;
	if (slots->nr_slots >= w->settings.max_entries) {
		slots->cut = pool_printf(w->pool, "cut after %u slots", w->settings.max_entries);
		return false;
	}
	slot = pool_push(w->pool, &array, &slots->nr_slots, sizeof(*slot));
	if (!slot) {
		slots->cut = POOL_USED_UP;
		return false;
	}
	slots->slots = array;
	*slot = (struct scxray_slot){ .index = (uint32_t)slots->nr_slots - 1 };
	slot->key = map_read_bytes(w, member_addr(w, elem, kind->key), map->key_type.size, &reason);
	slot->kva = read_member(w, elem, kind->object);
	slots->nr_unreadable += slot->kva.state != SCXRAY_PRESENT;
	if (slot->kva.state == SCXRAY_PRESENT && slot->kva.value)
		slot->holds = kind->label(w, slot->kva.value);
	return true;
}

/* The nodes of one bucket, no more of them than the map may have in all. */
static bool bucket(struct walk *w, struct scxray_map *map, const struct kind *kind, uint64_t at)
{
	uint32_t max = map_u32(map->max_entries);
	struct scxray_num node = read_int(w, at, 8, false);

	while (node.state == SCXRAY_PRESENT && node.value) {
		if (map->total >= max) {
			map_error(w, map, "chain at 0x%016llx: more than %u elements",
				  (unsigned long long)at, max);
			return false;
		}
		if (!element(w, map, kind, node.value - w->k->layout.member[kind->node].offset))
			return false;
		node = read_int(w, node.value, 8, false);
	}
	if (node.state != SCXRAY_PRESENT)
		map_error(w, map, "chain broken at 0x%016llx: %s", (unsigned long long)node.value,
			  node.reason);
	return true;
}

static void walk(struct walk *w, struct scxray_map *map, const struct kind *kind)
{
	uint64_t holder = map_container(w, map, kind->map);
	uint32_t stride = pointee_size(w, kind->buckets);
	struct scxray_num buckets, nr;

	map->slots = pool_alloc(w->pool, sizeof(*map->slots));
	if (!map->slots)
		return;
	map->form = SCXRAY_MAP_FD_ARRAY;
	buckets = read_member(w, holder, kind->buckets);
	nr = read_member(w, holder, kind->nr_buckets);
	if (buckets.state != SCXRAY_PRESENT || nr.state != SCXRAY_PRESENT || !stride ||
	    nr.value > MAX_BUCKETS) {
		map_error(w, map, "hash table header makes no sense");
		return;
	}
	for (uint64_t b = 0; b < nr.value; b++)
		if (!bucket(w, map, kind, buckets.value + b * stride))
			break;
	map->slots->nr_scanned = (uint32_t)map->total;
}

void map_walk_fd_hash(struct walk *w, struct scxray_map *map)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if ((uint32_t)kinds[i].type == map_u32(map->map_type) &&
		    map_needs(w, map, kinds[i].map) && map_needs(w, map, kinds[i].buckets) &&
		    map_needs(w, map, kinds[i].nr_buckets) && map_needs(w, map, kinds[i].node) &&
		    map_needs(w, map, kinds[i].key) && map_needs(w, map, kinds[i].object))
			walk(w, map, &kinds[i]);
}
