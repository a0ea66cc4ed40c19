/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_model.h - questions about a map that diff, text and JSON ask
 */
#ifndef RENDER_MAP_MODEL_H
#define RENDER_MAP_MODEL_H

#include <scxray/atoms.h>

struct scxray_entry;
struct scxray_map;
struct scxray_report;
struct scxray_ringbuf;
struct scxray_stack;

/* Task, cgroup, inode and socket storage: keys are their owners' addresses. */
bool map_is_storage(const struct scxray_map *map);

/* The name of an entry's owner in a storage map, NULL where it is not known. */
const char *map_owner(const struct scxray_map *map, const struct scxray_entry *entry);

/* The key as an address, in storage maps. */
uint64_t map_owner_kva(const struct scxray_entry *entry);

/* The task that owns an entry of task storage, NULL where it is not known, or no task. */
const struct scxray_task *map_owner_task(const struct scxray_report *r,
					 const struct scxray_map *map,
					 const struct scxray_entry *entry);

/* The value of entry `e` on the CPU with index `c`; unreadable where there is none. */
struct scxray_value map_percpu_value(const struct scxray_map *map, size_t e, size_t c);

/* True if the kernel has no memory for the value; false if the memory could not be read. */
bool map_is_unmapped(const struct scxray_map *map, size_t e, size_t c);

/* True if the map consists of entries, so that their number means something. */
bool map_has_entries(const struct scxray_map *map);

/* True if it is known which maps are the live scheduler's own. */
bool maps_any_active(const struct scxray_report *r);

/* Bytes between consumer and producer; false where either is not known. */
bool ringbuf_pending(const struct scxray_ringbuf *ring, uint64_t *pending);

/* Buckets that hold a stack, captured or not. */
uint64_t stacks_populated(const struct scxray_map *map);

/* struct bpf_stack_build_id (include/uapi/linux/bpf.h) */
struct build_id_frame {
	int32_t status; /* 1: file offset in `at`; 2: no build id, address in `at`; 0: end */
	const uint8_t *build_id;
	uint64_t at;
};

#define BUILD_ID_SIZE 20

struct build_id_frame build_id_frame(const struct scxray_stack *stack, size_t i);

#endif
