/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * rhashtable.c - include/linux/rhashtable.h
 *
 * Bit 0 of a bucket's word is its lock.  A chain ends in a word with bit 0 set (or 0).
 * While the table is resized, `future_tbl` holds the objects that were moved already.
 * A table that could not be allocated in one piece is nested.
 */
#include "capture/read/rhashtable.h"

#include "capture/base/chain.h"
#include "capture/read/read.h"

#define MAX_BUCKETS (1u << 20)
#define MAX_TABLES 8 /* resizes in flight */
#define NEST_SLOTS (PAGE_SIZE / 8)
#define MAX_NEST_DEPTH 4
#define MAX_WORDS (4u << 20) /* in the whole walk: a nested table of garbage would never end */

struct rht {
	struct walk *w;
	bool (*visit)(struct walk *w, uint64_t node, void *arg);
	void *arg;
	uint32_t nr, max;
	uint32_t nr_words;
	bool stopped;
	const char *cut;
};

static void chain(struct rht *ht, uint64_t word)
{
	struct chain_guard guard = { 0 };
	uint64_t node = word & ~1ULL;

	while (node && !ht->stopped) {
		struct scxray_num next;

		if (ht->nr++ == ht->max) {
			ht->cut = pool_printf(ht->w->pool, "cut after %u objects", ht->max);
			ht->stopped = true;
			return;
		}
		if (!ht->visit(ht->w, node, ht->arg)) {
			ht->stopped = true;
			return;
		}
		next = read_int(ht->w, node, 8, false); /* struct rhash_head's only member */
		if (next.state != SCXRAY_PRESENT) {
			ht->cut = pool_printf(ht->w->pool, "hash chain broken at 0x%016llx: %s",
					      (unsigned long long)node, next.reason);
			return;
		}
		if (next.value & 1 || !next.value)
			return;
		if (chain_is_circle(&guard, node, next.value)) {
			ht->cut = pool_printf(ht->w->pool,
					      "hash chain broken at 0x%016llx: it runs in a circle",
					      (unsigned long long)node);
			return;
		}
		node = next.value;
	}
}

/* An array of words that are buckets, or (depth > 0) pointers to further arrays. */
static void words(struct rht *ht, uint64_t addr, uint64_t nr, unsigned depth)
{
	for (uint64_t i = 0; i < nr && !ht->stopped; i++) {
		struct scxray_num word = read_int(ht->w, addr + i * 8, 8, false);

		if (ht->nr_words++ == MAX_WORDS) {
			ht->cut = "hash table is larger than any believable one";
			ht->stopped = true;
			return;
		}
		if (word.state != SCXRAY_PRESENT) {
			ht->cut = pool_printf(ht->w->pool, "hash buckets broken at 0x%016llx: %s",
					      (unsigned long long)(addr + i * 8), word.reason);
			return;
		}
		if (depth && word.value)
			words(ht, word.value, NEST_SLOTS, depth - 1);
		else if (!(word.value & ~1ULL))
			continue;
		else
			chain(ht, word.value);
	}
}

static void table(struct rht *ht, uint64_t tbl)
{
	struct scxray_num size = read_member(ht->w, tbl, M_bucket_table_size);
	struct scxray_num nest = read_member(ht->w, tbl, M_bucket_table_nest);
	uint64_t buckets = member_addr(ht->w, tbl, M_bucket_table_buckets);
	unsigned shift = 0, depth = 0;

	if (size.state != SCXRAY_PRESENT || nest.state != SCXRAY_PRESENT) {
		ht->cut = pool_printf(ht->w->pool, "hash table at 0x%016llx: %s",
				      (unsigned long long)tbl,
				      size.state != SCXRAY_PRESENT ? size.reason : nest.reason);
		return;
	}
	if (size.value > MAX_BUCKETS) {
		ht->cut = pool_printf(ht->w->pool, "hash table at 0x%016llx claims %llu buckets",
				      (unsigned long long)tbl, (unsigned long long)size.value);
		return;
	}
	if (!nest.value) {
		words(ht, buckets, size.value, 0);
		return;
	}
	/* nested: 1 << nest words, then pages of 512 until `size` buckets are covered */
	if (nest.value > 16)
		nest.value = 16;
	for (shift = (unsigned)nest.value; (1ULL << shift) < size.value && depth < MAX_NEST_DEPTH;
	     depth++)
		shift += 9;
	struct scxray_num top = read_int(ht->w, buckets, 8, false);

	if (top.state != SCXRAY_PRESENT)
		ht->cut = pool_printf(ht->w->pool, "hash buckets broken at 0x%016llx: %s",
				      (unsigned long long)buckets, top.reason);
	else if (top.value)
		words(ht, top.value, 1ULL << nest.value, depth);
}

void rhashtable_walk(struct walk *w, uint64_t addr, uint32_t max,
		     bool (*visit)(struct walk *w, uint64_t node, void *arg), void *arg,
		     const char **cut)
{
	struct rht ht = { .w = w, .visit = visit, .arg = arg, .max = max };
	struct scxray_num tbl = read_member(w, addr, M_rhashtable_tbl);

	for (int i = 0; i < MAX_TABLES && tbl.state == SCXRAY_PRESENT && tbl.value && !ht.stopped;
	     i++) {
		table(&ht, tbl.value);
		tbl = read_member(w, tbl.value, M_bucket_table_future_tbl);
	}
	if (tbl.state == SCXRAY_PRESENT && tbl.value && !ht.stopped) /* surely a circle */
		ht.cut = pool_printf(w->pool,
				     "hash table at 0x%016llx: more than %d resizes in flight",
				     (unsigned long long)addr, MAX_TABLES);
	if (tbl.state == SCXRAY_UNREADABLE && !ht.cut)
		ht.cut = pool_printf(w->pool, "hash table at 0x%016llx: %s",
				     (unsigned long long)tbl.value, tbl.reason);
	*cut = ht.cut;
}
