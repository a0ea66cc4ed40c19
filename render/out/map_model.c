/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_model.c - questions about a map that diff, text and JSON ask
 */
#include "render/out/map_model.h"

#include <string.h>

#include <scxray/map.h>
#include <scxray/report_struct.h>
#include <scxray/task.h>

#define FRAME_SIZE 32

bool map_is_storage(const struct scxray_map *map)
{
	/* enum bpf_map_type: sk, inode, task, cgrp storage */
	static const uint8_t types[] = { 24, 28, 29, 32 };

	if (map->map_type.state != SCXRAY_PRESENT || map->key_type.btf || map->key_type.size != 8)
		return false;
	for (size_t i = 0; i < sizeof(types); i++)
		if (map->map_type.value == types[i])
			return true;
	return false;
}

const char *map_owner(const struct scxray_map *map, const struct scxray_entry *entry)
{
	return entry->owner && entry->owner <= map->nr_owners ? map->owners[entry->owner - 1]
							      : NULL;
}

uint64_t map_owner_kva(const struct scxray_entry *entry)
{
	uint64_t kva = 0;

	if (entry->key)
		memcpy(&kva, entry->key, sizeof(kva));
	return kva;
}

const struct scxray_task *map_owner_task(const struct scxray_report *r,
					 const struct scxray_map *map,
					 const struct scxray_entry *entry)
{
	/* other storage has its owners at other addresses */
	if (!map_is_storage(map) || !entry->key)
		return NULL;
	for (size_t i = 0; i < r->nr_tasks; i++)
		if (r->tasks[i].kva == map_owner_kva(entry))
			return &r->tasks[i];
	return NULL;
}

struct scxray_value map_percpu_value(const struct scxray_map *map, size_t e, size_t c)
{
	const struct scxray_entry *entry = &map->entries[e];
	struct scxray_value value =
		scxray_map_value(map, entry, map->per_cpu[e * map->nr_cpus + c]);

	if (map_is_unmapped(map, e, c))
		value.reason = "unmapped";
	return value;
}

bool map_is_unmapped(const struct scxray_map *map, size_t e, size_t c)
{
	return !map->per_cpu[e * map->nr_cpus + c] && !map->entries[e].reason;
}

bool map_has_entries(const struct scxray_map *map)
{
	switch (map->form) {
	case SCXRAY_MAP_VALUE:
	case SCXRAY_MAP_ARRAY:
	case SCXRAY_MAP_ENTRIES:
	case SCXRAY_MAP_PERCPU_ARRAY:
	case SCXRAY_MAP_PERCPU_ENTRIES:
	case SCXRAY_MAP_QUEUE:
		return true;
	default:
		return false;
	}
}

bool ringbuf_pending(const struct scxray_ringbuf *ring, uint64_t *pending)
{
	uint64_t from;

	if (ring->consumer_pos.state != SCXRAY_PRESENT ||
	    ring->producer_pos.state != SCXRAY_PRESENT)
		return false;
	/* overwritten records are not pending, as in the kernel's ringbuf_avail_data_sz() */
	from = ring->consumer_pos.value;
	if (ring->overwrite_pos.state == SCXRAY_PRESENT && ring->overwrite_pos.value > from)
		from = ring->overwrite_pos.value;
	*pending = ring->producer_pos.value - from;
	return true;
}

uint64_t stacks_populated(const struct scxray_map *map)
{
	return map->total > map->stacks->nr_stacks ? map->total : map->stacks->nr_stacks;
}

struct build_id_frame build_id_frame(const struct scxray_stack *stack, size_t i)
{
	const uint8_t *at = stack->build_ids + i * FRAME_SIZE;
	struct build_id_frame frame = { .build_id = at + 4 };

	memcpy(&frame.status, at, sizeof(frame.status));
	memcpy(&frame.at, at + 24, sizeof(frame.at));
	return frame;
}

bool maps_any_active(const struct scxray_report *r)
{
	for (size_t i = 0; i < r->nr_maps; i++)
		if (r->maps[i].active)
			return true;
	return false;
}
