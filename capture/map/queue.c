/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queue.c - kernel/bpf/queue_stack_maps.c: a ring of max_entries + 1 elements;
 * a queue is read from tail to head, a stack from below head down
 */
#include <base/array.h>

#include <scxray/map.h>

#include "capture/map/map.h"
#include "capture/read/read.h"

void map_walk_queue(struct walk *w, struct scxray_map *map)
{
	uint64_t qs = map_container(w, map, M_bpf_queue_stack_map), elements;
	bool stack = map_u32(map->map_type) == MAP_STACK;
	struct scxray_num head, tail, size;
	const struct scxray_num *const header[] = { &head, &tail, &size };
	uint64_t nr;

	if (!map_needs(w, map, M_bpf_queue_stack_elements))
		return;
	map->form = SCXRAY_MAP_QUEUE;
	head = read_member(w, qs, M_bpf_queue_stack_head);
	tail = read_member(w, qs, M_bpf_queue_stack_tail);
	size = read_member(w, qs, M_bpf_queue_stack_size);
	for (size_t i = 0; i < ARRAY_SIZE(header); i++)
		if (header[i]->state != SCXRAY_PRESENT) {
			map_error(w, map, "queue header: %s", header[i]->reason);
			return;
		}
	if (!size.value || head.value >= size.value || tail.value >= size.value) {
		map_error(w, map, "queue positions make no sense: head %llu, tail %llu of %llu",
			  (unsigned long long)head.value, (unsigned long long)tail.value,
			  (unsigned long long)size.value);
		return;
	}
	nr = (head.value + size.value - tail.value) % size.value;
	map->total = nr;
	elements = member_addr(w, qs, M_bpf_queue_stack_elements);
	for (uint64_t i = 0; i < nr; i++) {
		uint64_t slot = stack ? head.value + size.value - 1 - i : tail.value + i;
		struct scxray_entry *entry = map_add_entry(w, map);

		if (!entry)
			return;
		entry->index = (uint32_t)i;
		entry->addr = elements + slot % size.value * map->value_type.size;
		entry->value = map_read_bytes(w, entry->addr, map->value_type.size, &entry->reason);
	}
}
