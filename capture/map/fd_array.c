/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fd_array.c - maps whose slots hold a kernel object each
 */
#include <base/array.h>

#include <scxray/map.h>

#include "capture/map/map.h"
#include "capture/read/cgroup.h"
#include "capture/read/read.h"

static const char *perf_event_label(struct walk *w, uint64_t kva)
{
	return pool_printf(w->pool, "perf event entry 0x%016llx", (unsigned long long)kva);
}

/* An entry of a device map points to the device. */
static const char *dtab_label(struct walk *w, uint64_t kva)
{
	struct scxray_num dev = read_member(w, kva, M_bpf_dtab_netdev_dev);

	return dev.state == SCXRAY_PRESENT && dev.value ? map_label_device(w, dev.value) : NULL;
}

static const char *cpu_label(struct walk *w, uint64_t kva)
{
	struct scxray_num cpu = read_optional(w, kva, M_bpf_cpu_map_entry_cpu);

	return cpu.state == SCXRAY_PRESENT
		       ? pool_printf(w->pool, "cpu %llu", (unsigned long long)cpu.value)
		       : NULL;
}

/* Where each type keeps its pointers: in the map's struct, or where a pointer in it leads. */
static const struct {
	enum map_type type;
	enum layout_member map; /* the member that is the struct bpf_map */
	enum layout_member slots;
	bool by_pointer;
	const char *(*label)(struct walk *w, uint64_t kva);
} kinds[] = {
	{ MAP_PROG_ARRAY, M_bpf_array_map, M_bpf_array_ptrs, false, map_label_prog },
	{ MAP_PERF_EVENT_ARRAY, M_bpf_array_map, M_bpf_array_ptrs, false, perf_event_label },
	{ MAP_CGROUP_ARRAY, M_bpf_array_map, M_bpf_array_ptrs, false, cgroup_path },
	{ MAP_ARRAY_OF_MAPS, M_bpf_array_map, M_bpf_array_ptrs, false, map_label_map },
	{ MAP_DEVMAP, M_bpf_dtab_map, M_bpf_dtab_netdev_map, true, dtab_label },
	{ MAP_CPUMAP, M_bpf_cpu_map_map, M_bpf_cpu_map_cpu_map, true, cpu_label },
	{ MAP_SOCKMAP, M_bpf_stab_map, M_bpf_stab_sks, true, map_label_sock },
	{ MAP_XSKMAP, M_xsk_map_map, M_xsk_map_xsk_map, false, map_label_sock },
	{ MAP_REUSEPORT_SOCKARRAY, M_reuseport_array_map, M_reuseport_array_ptrs, false,
	  map_label_sock },
};

static void scan(struct walk *w, struct scxray_map *map, uint64_t at,
		 const char *(*label)(struct walk *w, uint64_t kva))
{
	struct scxray_slots *slots = map->slots;
	uint32_t nr = map_u32(map->max_entries);
	void *array = NULL;

	map->total = nr;
	if (nr > w->settings.max_entries) {
		slots->cut = pool_printf(w->pool, "cut after %u of %u slots",
					 w->settings.max_entries, nr);
		nr = w->settings.max_entries;
	}
	slots->nr_scanned = nr;
	for (uint32_t i = 0; i < nr; i++) {
		struct scxray_num kva = read_int(w, at + i * 8ULL, 8, false);
		struct scxray_slot *slot;

		if (kva.state != SCXRAY_PRESENT)
			slots->nr_unreadable++;
		if (kva.state != SCXRAY_PRESENT || !kva.value)
			continue;
		slot = pool_push(w->pool, &array, &slots->nr_slots, sizeof(*slot));
		if (!slot) {
			slots->cut = POOL_USED_UP;
			break;
		}
		*slot = (struct scxray_slot){ .index = i, .kva = kva };
		slot->holds = label ? label(w, kva.value) : NULL;
	}
	slots->slots = array;
}

void map_walk_fd_array(struct walk *w, struct scxray_map *map)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		uint64_t holder;
		struct scxray_num at;

		if ((uint32_t)kinds[i].type != map_u32(map->map_type))
			continue;
		if (!map_needs(w, map, kinds[i].slots) || !map_needs(w, map, kinds[i].map))
			return;
		map->slots = pool_alloc(w->pool, sizeof(*map->slots));
		if (!map->slots)
			return;
		map->form = SCXRAY_MAP_FD_ARRAY;
		holder = map_container(w, map, kinds[i].map);
		at = kinds[i].by_pointer ? read_member(w, holder, kinds[i].slots)
					 : num_present(member_addr(w, holder, kinds[i].slots));
		if (at.state != SCXRAY_PRESENT) {
			map_error(w, map, "slots at 0x%016llx: %s", (unsigned long long)at.value,
				  at.reason);
			return;
		}
		scan(w, map, at.value, kinds[i].label);
	}
}
