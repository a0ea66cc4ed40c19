/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maps.c - every BPF map in map_idr: its header, then its contents by type
 */
#include <ctype.h>
#include <string.h>

#include <base/array.h>

#include <scxray/group.h>
#include <scxray/map.h>
#include <scxray/report_struct.h>
#include <scxray/sched.h>

#include "capture/map/maps.h"

#include "capture/base/address_set.h"
#include "capture/base/sort.h"
#include "capture/map/map.h"
#include "capture/read/owner.h"
#include "capture/read/read.h"
#include "capture/read/xarray.h"

/* Every type that has contents to show: a new one is a new row (and a file). */
static const struct {
	enum map_type type;
	map_walk_fn walk;
} walkers[] = {
	{ MAP_ARRAY, map_walk_array },
	{ MAP_PERCPU_ARRAY, map_walk_percpu_array },
	{ MAP_HASH, map_walk_hash },
	{ MAP_LRU_HASH, map_walk_hash },
	{ MAP_PERCPU_HASH, map_walk_percpu_hash },
	{ MAP_LRU_PERCPU_HASH, map_walk_percpu_hash },
	{ MAP_RHASH, map_walk_rhash },
	{ MAP_TASK_STORAGE, map_walk_storage },
	{ MAP_CGRP_STORAGE, map_walk_storage },
	{ MAP_INODE_STORAGE, map_walk_storage },
	{ MAP_SK_STORAGE, map_walk_storage },
	{ MAP_CGROUP_STORAGE, map_walk_cgroup_storage },
	{ MAP_PERCPU_CGROUP_STORAGE, map_walk_cgroup_storage },
	{ MAP_STRUCT_OPS, map_walk_struct_ops },
	{ MAP_ARENA, map_walk_arena },
	{ MAP_RINGBUF, map_walk_ringbuf },
	{ MAP_USER_RINGBUF, map_walk_ringbuf },
	{ MAP_STACK_TRACE, map_walk_stack_trace },
	{ MAP_PROG_ARRAY, map_walk_fd_array },
	{ MAP_PERF_EVENT_ARRAY, map_walk_fd_array },
	{ MAP_CGROUP_ARRAY, map_walk_fd_array },
	{ MAP_ARRAY_OF_MAPS, map_walk_fd_array },
	{ MAP_HASH_OF_MAPS, map_walk_hash_of_maps },
	{ MAP_DEVMAP, map_walk_fd_array },
	{ MAP_CPUMAP, map_walk_fd_array },
	{ MAP_SOCKMAP, map_walk_fd_array },
	{ MAP_XSKMAP, map_walk_fd_array },
	{ MAP_REUSEPORT_SOCKARRAY, map_walk_fd_array },
	{ MAP_DEVMAP_HASH, map_walk_fd_hash },
	{ MAP_SOCKHASH, map_walk_fd_hash },
	{ MAP_QUEUE, map_walk_queue },
	{ MAP_STACK, map_walk_queue },
	{ MAP_LPM_TRIE, map_walk_lpm_trie },
	{ MAP_BLOOM_FILTER, map_walk_bloom },
	{ MAP_INSN_ARRAY, map_walk_insn_array },
};

/* "percpu_array" for BPF_MAP_TYPE_PERCPU_ARRAY, by the kernel's own enum. */
static const char *type_name(struct walk *w, uint64_t type)
{
	static const char prefix[] = "BPF_MAP_TYPE_";
	const char *name = types_enum_name(&w->k->types, "bpf_map_type", type);
	char *lower;

	if (!name || strncmp(name, prefix, strlen(prefix)))
		return NULL;
	name += strlen(prefix);
	lower = pool_strndup(w->pool, name, strnlen(name, 64));
	for (char *c = lower; c && *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return lower;
}

static void contents(struct walk *w, struct scxray_map *map)
{
	if (map->map_type.state != SCXRAY_PRESENT) {
		map_error(w, map, "type unreadable");
		return;
	}
	map_set_types(w, map);
	for (size_t i = 0; i < ARRAY_SIZE(walkers); i++)
		if ((uint32_t)walkers[i].type == map->map_type.value) {
			walkers[i].walk(w, map);
			map_follow_fields(w, map);
			return;
		}
	map_error(w, map, "map type %llu is not known to this scxray",
		  (unsigned long long)map->map_type.value);
}

static bool visit(struct walk *w, uint64_t index, uint64_t kva, void *arg)
{
	void *maps = w->r->maps;
	uint64_t missing = w->g->phys->nr_missing;
	struct scxray_map *map;

	if (!address_set_add(arg, kva)) {
		w->r->cut[SCXRAY_GROUP_MAPS] = "map_idr names one map several times: shown once";
		return true;
	}
	map = pool_push(w->pool, &maps, &w->r->nr_maps, sizeof(*map));
	if (!map) {
		w->r->cut[SCXRAY_GROUP_MAPS] = POOL_USED_UP;
		return false;
	}
	w->r->maps = maps;
	map->id = (uint32_t)index;
	map->map_kva = kva;
	map->name = read_text_array(w, kva, M_bpf_map_name);
	map->map_type = read_member(w, kva, M_bpf_map_map_type);
	if (map->map_type.state == SCXRAY_PRESENT)
		map->type_name = type_name(w, map->map_type.value);
	map->key_size = read_member(w, kva, M_bpf_map_key_size);
	map->value_size = read_member(w, kva, M_bpf_map_value_size);
	map->max_entries = read_member(w, kva, M_bpf_map_max_entries);
	map->map_flags = read_member(w, kva, M_bpf_map_map_flags);
	map->active = owner_of(w, kva, &map->sched_kva, &map->sched_name);
	contents(w, map);
	if (w->g->phys->missing_status) /* a recording was cut */
		w->r->maps_truncated += w->g->phys->nr_missing != missing;
	return true;
}

struct map_at {
	uint64_t kva;
	uint32_t index;
};

static int by_kva(const void *a, const void *b)
{
	const struct map_at *x = a, *y = b;

	return x->kva < y->kva ? -1 : x->kva > y->kva;
}

static bool holds_maps(const struct scxray_map *map)
{
	return map->slots && map->map_type.state == SCXRAY_PRESENT &&
	       (map->map_type.value == MAP_ARRAY_OF_MAPS ||
		map->map_type.value == MAP_HASH_OF_MAPS);
}

static struct scxray_map *map_at(struct walk *w, const struct map_at *maps, uint64_t kva)
{
	size_t at = LOWER_BOUND(w->r->nr_maps, i, maps[i].kva < kva);

	return at < w->r->nr_maps && maps[at].kva == kva ? &w->r->maps[maps[at].index] : NULL;
}

/*
 * No program names the maps inside its maps of maps: they are the scheduler's as well.
 * Inner maps have no inner maps of their own.
 */
void map_mark_inner(struct walk *w)
{
	struct map_at *maps = NULL;

	for (size_t i = 0; i < w->r->nr_maps; i++) {
		const struct scxray_map *outer = &w->r->maps[i];

		if (!outer->active || !holds_maps(outer))
			continue;
		if (!maps) {
			maps = pool_alloc(w->pool, w->r->nr_maps * sizeof(*maps));
			if (!maps)
				return;
			for (size_t m = 0; m < w->r->nr_maps; m++)
				maps[m] = (struct map_at){ w->r->maps[m].map_kva, (uint32_t)m };
			sort_array(maps, w->r->nr_maps, sizeof(*maps), by_kva);
		}
		for (size_t s = 0; s < outer->slots->nr_slots; s++) {
			struct scxray_map *inner =
				map_at(w, maps, outer->slots->slots[s].kva.value);

			if (!inner || inner->active)
				continue;
			inner->active = true;
			inner->sched_kva = outer->sched_kva;
			inner->sched_name = outer->sched_name;
		}
	}
}

/* Is it the map of a sub-scheduler? */
static bool is_sub_scheds(const struct walk *w, const struct scxray_map *map)
{
	const struct scxray_num *root = &w->r->scheds[0].sched_kva;

	return map->sched_kva.state == SCXRAY_PRESENT && root->state == SCXRAY_PRESENT &&
	       map->sched_kva.value != root->value;
}

/* "scxfix" of the one active "scxfix.bss", ".data" or ".rodata"; with sub-schedulers the root's. */
static void active_object(struct walk *w)
{
	static const char *const sections[] = { ".bss", ".data", ".rodata" };

	for (size_t s = 0; s < ARRAY_SIZE(sections); s++)
		for (size_t i = 0; i < w->r->nr_maps; i++) {
			const struct scxray_map *map = &w->r->maps[i];
			const char *dot;

			if (!map->active || map->name.state != SCXRAY_PRESENT ||
			    is_sub_scheds(w, map))
				continue;
			dot = strchr(map->name.bytes, '.');
			if (!dot || dot == map->name.bytes ||
			    strncmp(dot, sections[s], strlen(dot)))
				continue; /* the kernel cuts names at 15: "scxfix.roda" may be all */
			w->r->active_obj_name = pool_strndup(w->pool, map->name.bytes,
							     (size_t)(dot - map->name.bytes));
			return;
		}
}

void walk_maps(struct walk *w)
{
	struct address_set met;
	const char *cut;

	if (!has_symbol(w, S_map_idr) || !has_member(w, M_idr_xa_head) ||
	    !has_member(w, M_bpf_map_name)) {
		w->r->unavailable[SCXRAY_GROUP_MAPS] = "this kernel has no BPF maps (no map_idr)";
		return;
	}
	if (!address_set_init(&met, w->pool, w->settings.max_maps)) {
		w->r->unavailable[SCXRAY_GROUP_MAPS] = POOL_USED_UP;
		return;
	}
	xarray_walk(w, member_addr(w, w->k->layout.symbol[S_map_idr], M_idr_xa_head),
		    w->settings.max_maps, visit, &met, &cut);
	if (cut)
		w->r->cut[SCXRAY_GROUP_MAPS] = cut;
	map_sort_pointees(w);
	map_mark_inner(w);
	active_object(w);
	map_walk_allocators(w);
	map_find_arena_globals(w);
	map_type_records(w);
}
