/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xarray.c - include/linux/xarray.h: a word is a node if (w & 3) == 2 and w > 4096,
 * then the node is at w - 2; other words with these bits are retry, zero and
 * sibling marks; bit 0 marks a plain value.
 */
#include "capture/read/xarray.h"

#include "capture/read/read.h"

#define MAX_DEPTH 11 /* 64 bits in steps of 6 */
#define MAX_SLOTS 64
#define MAX_WORDS (4u << 20) /* in all: a tree of garbage would never end */

struct xarray_level {
	uint64_t node;
	uint64_t base; /* index of its first slot */
	uint32_t shift;
	uint32_t slot;
};

static bool is_internal(uint64_t word)
{
	return (word & 3) == 2;
}

static bool is_node(uint64_t word)
{
	return is_internal(word) && word > 4096;
}

/* Fills the level for the node in `word`; false when it is broken. */
static bool enter(struct walk *w, struct xarray_level *level, uint64_t word, uint64_t base,
		  uint32_t parent_shift, const char **cut)
{
	struct scxray_num shift;

	level->node = word - 2;
	level->base = base;
	level->slot = 0;
	shift = read_member(w, level->node, M_xa_node_shift);
	if (shift.state != SCXRAY_PRESENT) {
		*cut = pool_printf(w->pool, "xarray broken at 0x%016llx: %s",
				   (unsigned long long)level->node, shift.reason);
		return false;
	}
	if (shift.value >= parent_shift) { /* also what ends a cycle */
		*cut = pool_printf(w->pool, "xarray broken at 0x%016llx: shift %llu below shift %u",
				   (unsigned long long)level->node, (unsigned long long)shift.value,
				   parent_shift);
		return false;
	}
	level->shift = (uint32_t)shift.value;
	return true;
}

void xarray_walk(struct walk *w, uint64_t head_addr, uint32_t max,
		 bool (*visit)(struct walk *w, uint64_t index, uint64_t entry, void *arg),
		 void *arg, const char **cut)
{
	const struct member *slots = &w->k->layout.member[M_xa_node_slots];
	struct scxray_num head = read_int(w, head_addr, 8, false);
	struct xarray_level stack[MAX_DEPTH];
	uint32_t nr_slots = slots->size / 8 < MAX_SLOTS ? slots->size / 8 : MAX_SLOTS;
	uint32_t seen = 0, nr_words = 0;
	int depth = 0;

	*cut = NULL;
	if (head.state != SCXRAY_PRESENT) {
		*cut = pool_printf(w->pool, "xarray head at 0x%016llx: %s",
				   (unsigned long long)head_addr, head.reason);
		return;
	}
	if (!is_node(head.value)) {
		if (head.value && !is_internal(head.value))
			visit(w, 0, head.value, arg);
		return;
	}
	if (!nr_slots || !enter(w, &stack[0], head.value, 0, 64, cut))
		return;
	while (depth >= 0) {
		struct xarray_level *level = &stack[depth];
		struct scxray_num word;
		uint64_t index;

		if (level->slot == nr_slots) {
			depth--;
			continue;
		}
		if (nr_words++ == MAX_WORDS) {
			*cut = "xarray is larger than any believable one";
			return;
		}
		index = level->base + ((uint64_t)level->slot << level->shift);
		word = read_int(w, level->node + slots->offset + level->slot++ * 8ULL, 8, false);
		if (word.state != SCXRAY_PRESENT) {
			*cut = pool_printf(w->pool, "xarray broken at 0x%016llx: %s",
					   (unsigned long long)level->node, word.reason);
			return;
		}
		if (!word.value)
			continue;
		if (is_node(word.value)) {
			if (depth + 1 == MAX_DEPTH) {
				*cut = "xarray is deeper than any valid one";
				return;
			}
			if (!enter(w, &stack[depth + 1], word.value, index, level->shift, cut))
				return;
			depth++;
		} else if (!is_internal(word.value)) {
			if (seen++ == max) {
				*cut = pool_printf(w->pool, "cut after %u entries", max);
				return;
			}
			if (!visit(w, index, word.value, arg))
				return;
		}
	}
}
