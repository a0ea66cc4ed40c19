/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bloom.c - kernel/bpf/bloom_filter.c: a bit set; what was put in cannot be
 * listed, how full it is can
 */
#include <scxray/map.h>

#include "capture/map/map.h"
#include "capture/read/read.h"

#define MAX_COUNTED (8u << 20) /* bits: 256 pages, that a frozen guest waits for */

void map_walk_bloom(struct walk *w, struct scxray_map *map)
{
	uint64_t filter = map_container(w, map, M_bpf_bloom_filter_map), bitset, nr_words, set = 0;
	struct scxray_bloom *bloom = pool_alloc(w->pool, sizeof(*bloom));
	uint64_t words[512];

	if (!bloom || !map_needs(w, map, M_bpf_bloom_filter_bitset))
		return;
	map->form = SCXRAY_MAP_BLOOM;
	map->bloom = bloom;
	bloom->nr_hash_funcs = read_member(w, filter, M_bpf_bloom_filter_nr_hash_funcs);
	bloom->nr_bits = read_member(w, filter, M_bpf_bloom_filter_bitset_mask);
	if (bloom->nr_bits.state != SCXRAY_PRESENT)
		return;
	bloom->nr_bits.value++;
	bitset = member_addr(w, filter, M_bpf_bloom_filter_bitset);
	if (bloom->nr_bits.value > MAX_COUNTED) {
		bloom->nr_set = (struct scxray_num){
			.value = bitset,
			.reason = "not counted: its bit set is larger than 1 MiB",
			.state = SCXRAY_UNREADABLE,
		};
		return;
	}
	nr_words = (bloom->nr_bits.value + 63) / 64;
	for (uint64_t at = 0; at < nr_words; at += 512) {
		uint64_t n = nr_words - at < 512 ? nr_words - at : 512;
		enum read_status status = guest_read(w->g, bitset + at * 8, words, n * 8);

		if (status) {
			bloom->nr_set = num_unreadable(bitset + at * 8, status);
			map_error(w, map, "bit set broken at 0x%016llx: %s",
				  (unsigned long long)(bitset + at * 8), read_status_text(status));
			return;
		}
		for (uint64_t i = 0; i < n; i++)
			set += (uint64_t)__builtin_popcountll(words[i]);
	}
	bloom->nr_set = num_present(set);
}
