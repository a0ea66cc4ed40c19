/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * stack_trace.c - kernel/bpf/stackmap.c: an array of pointers to buckets, each
 * with `nr` addresses, or (BPF_F_STACK_BUILD_ID) struct bpf_stack_build_id
 */
#include <scxray/map.h>

#include "capture/map/map.h"
#include "capture/read/read.h"
#include "capture/read/symbol_of.h"

#define BPF_F_STACK_BUILD_ID (1u << 5)
#define BUILD_ID_BYTES 32
#define MAX_BUCKETS (1u << 20)

static void frames(struct walk *w, struct scxray_map *map, struct scxray_stack *stack,
		   uint64_t bucket)
{
	uint64_t data = member_addr(w, bucket, M_stack_map_bucket_data);
	uint32_t max = w->settings.max_stack_pcs, nr = stack->nr;

	if (nr > max) {
		stack->reason = pool_printf(w->pool, "%u of %u frames shown", max, nr);
		nr = max;
	}
	if (map->stacks->build_id_mode) {
		const char *reason;

		stack->build_ids = map_read_bytes(w, data, nr * BUILD_ID_BYTES, &reason);
		if (reason)
			stack->reason = reason;
		stack->nr_pcs = stack->build_ids ? nr : 0;
		return;
	}
	stack->pcs = pool_alloc(w->pool, nr * sizeof(*stack->pcs));
	for (uint32_t i = 0; stack->pcs && i < nr; i++) {
		stack->pcs[i].addr = read_int(w, data + i * 8ULL, 8, false);
		if (stack->pcs[i].addr.state == SCXRAY_PRESENT)
			stack->pcs[i].symbol = symbol_of(w, stack->pcs[i].addr.value);
		stack->nr_pcs = i + 1;
	}
}

void map_walk_stack_trace(struct walk *w, struct scxray_map *map)
{
	uint64_t smap = map_container(w, map, M_bpf_stack_map_map), buckets;
	struct scxray_stacks *stacks = pool_alloc(w->pool, sizeof(*stacks));
	struct scxray_num nr;
	void *array = NULL;

	if (!stacks || !map_needs(w, map, M_bpf_stack_map_buckets) ||
	    !map_needs(w, map, M_stack_map_bucket_data))
		return;
	map->form = SCXRAY_MAP_STACK_TRACE;
	map->stacks = stacks;
	stacks->build_id_mode = map_u32(map->map_flags) & BPF_F_STACK_BUILD_ID;
	nr = read_member(w, smap, M_bpf_stack_map_n_buckets);
	if (nr.state != SCXRAY_PRESENT || nr.value > MAX_BUCKETS) {
		map_error(w, map, "stack map header makes no sense");
		return;
	}
	stacks->nr_buckets = (uint32_t)nr.value;
	buckets = member_addr(w, smap, M_bpf_stack_map_buckets);
	for (uint32_t i = 0; i < nr.value; i++) {
		struct scxray_num bucket = read_int(w, buckets + i * 8ULL, 8, false), depth;
		struct scxray_stack *stack;

		if (bucket.state != SCXRAY_PRESENT) {
			stacks->nr_unreadable++;
			continue;
		}
		if (!bucket.value)
			continue;
		map->total++;
		if (stacks->nr_stacks >= w->settings.max_stacks) {
			stacks->cut = pool_printf(w->pool, "cut after %u buckets",
						  w->settings.max_stacks);
			map->total_is_least = true;
			break;
		}
		stack = pool_push(w->pool, &array, &stacks->nr_stacks, sizeof(*stack));
		if (!stack) {
			stacks->cut = POOL_USED_UP;
			break;
		}
		*stack = (struct scxray_stack){ .id = i };
		depth = read_member(w, bucket.value, M_stack_map_bucket_nr);
		if (depth.state == SCXRAY_PRESENT) {
			stack->nr = (uint32_t)depth.value;
			frames(w, map, stack, bucket.value);
		} else {
			stack->reason = depth.reason;
			stacks->nr_unreadable++;
		}
	}
	stacks->stacks = array;
}
