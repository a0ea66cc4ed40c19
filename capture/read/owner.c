/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * owner.c - which scheduler a program or a map belongs to
 *
 * A scheduler owns the programs that implement its ops, and the maps that these programs use: a few dozen.
 * A guest may claim millions, so their number is bounded.
 */
#include <scxray/group.h>
#include <scxray/report_struct.h>
#include <scxray/sched.h>

#include "capture/read/owner.h"

#include "capture/base/slot.h"
#include "capture/read/walk.h"

#define MAX_OWNED 4096 /* of all schedulers together */
#define NR_SLOTS (2 * MAX_OWNED)

/* The slot with `kva`, or the empty slot where it belongs; half of the slots stay empty. */
static uint32_t *find_slot(const struct walk *w, uint64_t kva)
{
	uint32_t slot = slot_of(kva, NR_SLOTS - 1);

	while (w->owned_slots[slot] && w->owned[w->owned_slots[slot] - 1].kva != kva)
		slot = (slot + 1) & (NR_SLOTS - 1);
	return &w->owned_slots[slot];
}

static const struct owned *find_owned(const struct walk *w, uint64_t kva)
{
	uint32_t slot = w->owned_slots ? *find_slot(w, kva) : 0;

	return slot ? &w->owned[slot - 1] : NULL;
}

void owner_note(struct walk *w, uint64_t kva, const struct scxray_sched *sched, uint64_t btf)
{
	size_t index = (size_t)(sched - w->r->scheds);
	void *owned = w->owned;
	struct owned *to;
	uint32_t *slot;

	if (!w->owned_slots)
		w->owned_slots = pool_alloc(w->pool, NR_SLOTS * sizeof(*w->owned_slots));
	if (!w->owned_slots)
		return;
	slot = find_slot(w, kva);
	if (*slot) {
		if (w->owned[*slot - 1].sched != index)
			w->owned[*slot - 1].sched = OWNED_BY_SEVERAL;
		return;
	}
	if (w->nr_owned == MAX_OWNED) {
		w->r->cut[SCXRAY_GROUP_SCHEDS] = "their programs and maps are cut after 4096";
		return;
	}
	to = pool_push(w->pool, &owned, &w->nr_owned, sizeof(*to));
	w->owned = owned;
	if (!to)
		return;
	*to = (struct owned){ .kva = kva, .sched = index, .btf = btf };
	*slot = (uint32_t)w->nr_owned;
}

const char *owner_name(const struct walk *w, const struct scxray_sched *sched)
{
	return w->r->nr_scheds > 1 && sched->name.state == SCXRAY_PRESENT ? sched->name.bytes
									  : NULL;
}

bool owner_of(const struct walk *w, uint64_t kva, struct scxray_num *sched_kva,
	      const char **sched_name)
{
	const struct owned *owned = find_owned(w, kva);
	const struct scxray_sched *sched;

	if (!owned)
		return false;
	if (w->r->nr_scheds < 2 || owned->sched == OWNED_BY_SEVERAL)
		return true;
	sched = &w->r->scheds[owned->sched];
	*sched_kva = sched->sched_kva;
	*sched_name = owner_name(w, sched);
	return true;
}

uint64_t owner_btf(const struct walk *w, uint64_t kva)
{
	const struct owned *owned = find_owned(w, kva);

	return owned ? owned->btf : 0;
}
