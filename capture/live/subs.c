/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * subs.c - the sub-schedulers at a look: the timeout of each, and whether one ends
 *
 * They come and go while the list is read, so it is followed as runnable lists are: only while each
 * node points back to the one before.
 */
#include <scxray/map.h>

#include "capture/live/live.h"
#include "capture/read/read.h"

/* From the claim of an exit to its end, exit_kind is DONE, and exit_info has the kind. */
static uint64_t kind_of(struct walk *w, uint64_t sched)
{
	struct scxray_num kind = read_optional(w, sched, M_scx_sched_exit_kind), info, in_info;

	if (kind.state != SCXRAY_PRESENT || !kind.value)
		return 0;
	info = read_optional(w, sched, M_scx_sched_exit_info);
	if (info.state != SCXRAY_PRESENT || !info.value)
		return kind.value;
	in_info = read_optional(w, info.value, M_scx_exit_info_kind);
	return in_info.state == SCXRAY_PRESENT && in_info.value > kind.value ? in_info.value
									     : kind.value;
}

static void one_sub(struct walk *w, struct scxray_look *look, struct live_subs *subs, uint64_t kva)
{
	struct scxray_num timeout = read_optional(w, kva, M_scx_sched_watchdog_timeout);
	uint64_t kind = kind_of(w, kva);

	if (!kind && has_member(w, M_scx_sched_exit_kind) &&
	    look->nr_sub_words < SCXRAY_LOOK_MAX_SUB_WORDS)
		look->sub_word_kva[look->nr_sub_words++] =
			member_addr(w, kva, M_scx_sched_exit_kind);
	subs->sub[subs->nr].kva = kva;
	subs->sub[subs->nr++].timeout = timeout.state == SCXRAY_PRESENT ? timeout.value : 0;
	/* errors have the greatest kinds: a scheduler that ends because another one does says less */
	if (kind &&
	    (look->sub_exit_kind.state != SCXRAY_PRESENT || kind > look->sub_exit_kind.value)) {
		look->sub_exit_kind = num_present(kind);
		look->sub_exit_kva = num_present(kva);
	}
}

void live_look_subs(struct scxray_live *live, struct scxray_look *look, uint64_t root,
		    struct live_subs *subs)
{
	struct walk *w = &live->walk;
	uint64_t head, node;

	subs->nr = 0;
	if (!root || !has_symbol(w, S_scx_sched_all) || !has_member(w, M_scx_sched_all) ||
	    !has_member(w, M_list_head_next) || !has_member(w, M_list_head_prev))
		return;
	head = node = w->k->layout.symbol[S_scx_sched_all];
	while (subs->nr < LIVE_MAX_SUBS) {
		struct scxray_num next = read_member(w, node, M_list_head_next), prev;
		uint64_t kva = next.value - w->k->layout.member[M_scx_sched_all].offset;

		if (next.state != SCXRAY_PRESENT || !next.value || next.value == head)
			return;
		prev = read_member(w, next.value, M_list_head_prev);
		if (prev.state != SCXRAY_PRESENT || prev.value != node)
			return;
		if (kva != root)
			one_sub(w, look, subs, kva);
		node = next.value;
	}
}

uint64_t live_timeout_of(struct walk *w, const struct live_subs *subs, uint64_t entity,
			 uint64_t root)
{
	struct scxray_num sched = { 0 };

	if (subs->nr)
		sched = read_optional(w, entity, M_sched_ext_entity_sched);
	for (uint32_t i = 0; sched.state == SCXRAY_PRESENT && i < subs->nr; i++)
		if (subs->sub[i].kva == sched.value && subs->sub[i].timeout)
			return subs->sub[i].timeout;
	return root;
}
