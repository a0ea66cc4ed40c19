/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * xarray.c - include/linux/xarray.h
 *
 * A word w is a node if (w & 3) == 2 and w > 4096; the node is then at w - 2.  Other words with
 * these bits are retry, zero and sibling marks.  Bit 0 marks a plain value.
 */
#include "capture/read/xarray.h"

#include "capture/read/read.h"

#define MAX_DEPTH 11 /* 64 bits in steps of 6 */
#define MAX_SLOTS 64
#define MAX_WORDS (4u << 20) /* in the whole walk: a tree of garbage would never end */

struct xarray_level {
	uint64_t node;
	uint64_t base; /* index of its first slot */
	uint32_t shift;
	uint32_t slot;
};

/* How far a walk over the nodes has come. */
struct xarray_position {
	struct xarray_level stack[MAX_DEPTH];
	int depth; /* -1: all nodes are done */
	uint32_t nr_slots;
	uint32_t nr_words;
};

static bool is_internal(uint64_t word)
{
	return (word & 3) == 2;
}

static bool is_node(uint64_t word)
{
	return is_internal(word) && word > 4096;
}

/* Fills the level for the node in `word`; false if the node is broken. */
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
	if (shift.value >= parent_shift) { /* this also ends a cycle */
		*cut = pool_printf(w->pool, "xarray broken at 0x%016llx: shift %llu below shift %u",
				   (unsigned long long)level->node, (unsigned long long)shift.value,
				   parent_shift);
		return false;
	}
	level->shift = (uint32_t)shift.value;
	return true;
}

/*
 * Finds the next entry below the nodes of `at`, in the order of indexes.  False: there is none, or
 * the tree is broken; then *cut says how.
 */
static bool next_entry(struct walk *w, struct xarray_position *at, uint64_t *index, uint64_t *entry,
		       const char **cut)
{
	while (at->depth >= 0) {
		struct xarray_level *level = &at->stack[at->depth];
		struct scxray_num word;

		if (level->slot == at->nr_slots) {
			at->depth--;
			continue;
		}
		if (at->nr_words++ == MAX_WORDS) {
			*cut = "xarray is larger than any believable one";
			return false;
		}
		*index = level->base + ((uint64_t)level->slot << level->shift);
		word = read_int(w,
				level->node + w->k->layout.member[M_xa_node_slots].offset +
					level->slot++ * 8ULL,
				8, false);
		if (word.state != SCXRAY_PRESENT) {
			*cut = pool_printf(w->pool, "xarray broken at 0x%016llx: %s",
					   (unsigned long long)level->node, word.reason);
			return false;
		}
		if (is_node(word.value)) {
			if (at->depth + 1 == MAX_DEPTH) {
				*cut = "xarray is deeper than any valid one";
				return false;
			}
			if (!enter(w, &at->stack[at->depth + 1], word.value, *index, level->shift,
				   cut))
				return false;
			at->depth++;
		} else if (word.value && !is_internal(word.value)) {
			*entry = word.value;
			return true;
		}
	}
	return false;
}

void xarray_walk(struct walk *w, uint64_t head_addr, uint32_t max,
		 bool (*visit)(struct walk *w, uint64_t index, uint64_t entry, void *arg),
		 void *arg, const char **cut)
{
	const struct member *slots = &w->k->layout.member[M_xa_node_slots];
	struct scxray_num head = read_int(w, head_addr, 8, false);
	struct xarray_position at = {
		.nr_slots = slots->size / 8 < MAX_SLOTS ? slots->size / 8 : MAX_SLOTS,
	};
	uint64_t index, entry;
	uint32_t seen = 0;

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
	if (!at.nr_slots || !enter(w, &at.stack[0], head.value, 0, 64, cut))
		return;
	while (next_entry(w, &at, &index, &entry, cut)) {
		if (seen++ == max) {
			*cut = pool_printf(w->pool, "cut after %u entries", max);
			return;
		}
		if (!visit(w, index, entry, arg))
			return;
	}
}
