/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * walk_maps.c - every BPF map in map_idr, as struct bpf_map describes it
 */
#include <ctype.h>
#include <string.h>

#include "walk.h"

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

static bool visit(struct walk *w, uint64_t index, uint64_t kva, void *arg)
{
	void *maps = w->r->maps;
	struct scxray_map *map = pool_push(w->pool, &maps, &w->r->nr_maps, sizeof(*map));

	(void)arg;
	if (!map) {
		w->r->maps_cut = "report memory is used up";
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
	return true;
}

void walk_maps(struct walk *w)
{
	const char *cut;

	if (!has_symbol(w, S_map_idr) || !has_member(w, M_idr_xa_head) ||
	    !has_member(w, M_bpf_map_name)) {
		w->r->maps_unavailable = "this kernel has no BPF maps (no map_idr)";
		return;
	}
	xarray_walk(w, member_addr(w, w->k->layout.symbol[S_map_idr], M_idr_xa_head),
		    w->settings.max_maps, visit, NULL, &cut);
	if (cut)
		w->r->maps_cut = cut;
}
