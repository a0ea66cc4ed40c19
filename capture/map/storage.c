/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * storage.c - task, cgroup, inode and socket storage (kernel/bpf/bpf_local_storage.c):
 * a map's buckets list its elements; an element's storage knows its owner.  And the
 * older per-cgroup storage (kernel/bpf/local_storage.c): one list per map.
 */
#include <scxray/map.h>

#include "capture/map/map.h"
#include "capture/read/cgroup.h"
#include "capture/read/list.h"
#include "capture/read/read.h"

#define MAX_BUCKET_LOG 20

static const char *owner_label(struct walk *w, const struct scxray_map *map, uint64_t kva)
{
	switch (map_u32(map->map_type)) {
	case MAP_TASK_STORAGE:
		return map_label_task(w, kva);
	case MAP_CGRP_STORAGE:
		return cgroup_path(w, kva);
	case MAP_INODE_STORAGE:
		return map_label_inode(w, kva);
	default:
		return pool_printf(w->pool, "sock 0x%016llx", (unsigned long long)kva);
	}
}

static void set_owner(struct walk *w, struct scxray_map *map, struct scxray_entry *entry,
		      uint64_t kva)
{
	void *owners = map->owners;
	const char *label = owner_label(w, map, kva);
	const char **slot;

	if (!label)
		return;
	slot = pool_push(w->pool, &owners, &map->nr_owners, sizeof(*slot));
	if (!slot)
		return;
	*slot = label;
	map->owners = owners;
	entry->owner = (uint32_t)map->nr_owners;
}

static bool element(struct walk *w, struct scxray_map *map, uint64_t elem)
{
	struct scxray_num storage, owner = { 0 };
	struct scxray_entry *entry;
	uint8_t *key;

	map->total++;
	entry = map_add_entry(w, map);
	if (!entry)
		return false;
	entry->addr = elem;
	entry->value = map_read_bytes(w, member_addr(w, elem, M_bpf_local_storage_elem_data),
				      map->value_type.size, &entry->reason);
	storage = read_member(w, elem, M_bpf_local_storage_elem_local_storage);
	if (storage.state == SCXRAY_PRESENT && storage.value)
		owner = read_member(w, storage.value, M_bpf_local_storage_owner);
	if (owner.state != SCXRAY_PRESENT)
		return true;
	/* the key that a reader wants is the owner: its address, beside its name */
	key = pool_alloc(w->pool, 8);
	if (key)
		__builtin_memcpy(key, &owner.value, 8);
	entry->key = key;
	set_owner(w, map, entry, owner.value);
	return true;
}

static bool bucket(struct walk *w, struct scxray_map *map, uint64_t at)
{
	struct scxray_num node = read_int(w, at, 8, false);

	for (uint64_t steps = 0; node.state == SCXRAY_PRESENT && node.value; steps++) {
		if (steps == w->settings.max_entries) {
			map_error(w, map, "storage list at 0x%016llx is cut after %u elements",
				  (unsigned long long)at, w->settings.max_entries);
			return false;
		}
		if (!element(w, map,
			     node.value -
				     w->k->layout.member[M_bpf_local_storage_elem_map_node].offset))
			return false;
		node = read_int(w, node.value, 8, false);
	}
	if (node.state != SCXRAY_PRESENT)
		map_error(w, map, "storage list broken at 0x%016llx: %s",
			  (unsigned long long)node.value, node.reason);
	return true;
}

void map_walk_storage(struct walk *w, struct scxray_map *map)
{
	uint64_t smap = map_container(w, map, M_bpf_local_storage_map_map);
	struct scxray_num log, buckets;
	uint32_t stride;

	if (!map_needs(w, map, M_bpf_local_storage_map_buckets) ||
	    !map_needs(w, map, M_bpf_local_storage_elem_data) ||
	    !map_needs(w, map, M_bpf_local_storage_elem_map_node))
		return;
	map->form = SCXRAY_MAP_ENTRIES;
	map->key_type = (struct scxray_type){ .size = 8 };
	stride = pointee_size(w, M_bpf_local_storage_map_buckets);
	log = read_member(w, smap, M_bpf_local_storage_map_bucket_log);
	buckets = read_member(w, smap, M_bpf_local_storage_map_buckets);
	if (log.state != SCXRAY_PRESENT || buckets.state != SCXRAY_PRESENT ||
	    log.value > MAX_BUCKET_LOG || !stride) {
		map_error(w, map, "storage map header makes no sense");
		return;
	}
	for (uint64_t b = 0; b < 1ULL << log.value; b++)
		if (!bucket(w, map, buckets.value + b * stride))
			break;
	map->total_is_least = map->error != NULL;
}

void map_walk_cgroup_storage(struct walk *w, struct scxray_map *map)
{
	bool percpu = map_u32(map->map_type) == MAP_PERCPU_CGROUP_STORAGE;
	struct list_iter it;
	uint64_t node;

	if (!map_needs(w, map, M_bpf_cgroup_storage_map_list) ||
	    !map_needs(w, map, M_bpf_cgroup_storage_list_map) ||
	    !map_needs(w, map, M_bpf_storage_buffer_data))
		return;
	map->form = percpu ? SCXRAY_MAP_PERCPU_ENTRIES : SCXRAY_MAP_ENTRIES;
	if (percpu && !map_percpu_start(w, map))
		return;
	list_start(&it, w,
		   member_addr(w, map_container(w, map, M_bpf_cgroup_storage_map_map),
			       M_bpf_cgroup_storage_map_list),
		   w->settings.max_entries);
	while (list_next(&it, &node)) {
		uint64_t storage = node - w->k->layout.member[M_bpf_cgroup_storage_list_map].offset;
		struct scxray_num buf = read_member(w, storage, M_bpf_cgroup_storage_buf);
		struct scxray_entry *entry =
			percpu ? map_add_percpu_entry(w, map) : map_add_entry(w, map);
		const char *reason;

		if (!entry)
			return;
		map->total++;
		entry->addr = storage;
		entry->key = map_read_bytes(w, member_addr(w, storage, M_bpf_cgroup_storage_key),
					    map->key_type.size, &reason);
		if (buf.state != SCXRAY_PRESENT)
			entry->reason = buf.reason;
		else if (percpu)
			map_percpu_values(w, map, buf.value);
		else
			entry->value = map_read_bytes(
				w, member_addr(w, buf.value, M_bpf_storage_buffer_data),
				map->value_type.size, &entry->reason);
	}
	if (it.cut)
		map_error(w, map, "%s", it.cut);
	map->total_is_least = map->error != NULL;
}
