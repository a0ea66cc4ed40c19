/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maps.h - all BPF maps, and the types of their values
 */
#ifndef CAPTURE_MAP_MAPS_H
#define CAPTURE_MAP_MAPS_H

#include <stddef.h>

struct walk;

void walk_maps(struct walk *w);

/* Frees the BTF objects of walk.btfs. */
void map_types_deinit(void *btfs, size_t nr);

/* The types of maps that a rehearsal met, for the recordings that follow it. */
struct btf_cache *btf_cache_create(void);
void btf_cache_destroy(struct btf_cache *cache);

#endif
