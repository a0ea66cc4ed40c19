/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * follow_slots.c - the slots of the scx library's allocators, which pointers in maps lead to
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include <scxray/map.h>
#include <scxray/report_struct.h>

#include "render/value/follow.h"

#define MAX_NESTED 256 /* bytes of a slot that is shown inside another */

static int by_addr(const void *a, const void *b)
{
	const struct slot_at *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

void follow_slots_find(struct follow *f)
{
	const struct scxray_report *r = f->report;
	size_t nr = 0;

	for (size_t i = 0; i < r->nr_sdts; i++)
		nr += 2 * r->sdts[i].nr_entries;
	f->slots = nr ? malloc(nr * sizeof(*f->slots)) : NULL;
	for (size_t i = 0; f->slots && i < r->nr_sdts; i++) {
		for (size_t e = 0; e < r->sdts[i].nr_entries; e++) {
			struct slot_at at = { .sdt = &r->sdts[i], .entry = &r->sdts[i].entries[e] };

			at.addr = at.entry->user_addr;
			f->slots[f->nr_slots++] = at;
			at.addr = at.entry->payload.addr;
			if (at.addr != at.entry->user_addr)
				f->slots[f->nr_slots++] = at;
		}
	}
	if (f->nr_slots)
		qsort(f->slots, f->nr_slots, sizeof(*f->slots), by_addr);
}

const struct slot_at *follow_slot_at(const struct follow *f, uint64_t addr)
{
	struct slot_at key = { .addr = addr };

	return f->nr_slots ? bsearch(&key, f->slots, f->nr_slots, sizeof(key), by_addr) : NULL;
}

void follow_name_slot(struct follow *f, const struct slot_at *at, struct scxray_followed *to)
{
	snprintf(f->label, sizeof(f->label), "slot %d of %.100s", at->entry->idx, at->sdt->name);
	to->label = f->label;
	to->skipped = NULL;
}

bool follow_names_only(struct follow *f, const struct slot_at *at, unsigned depth)
{
	if (depth < f->inside)
		f->inside = UINT_MAX;
	return at && f->inside != UINT_MAX && at->entry->payload.size > MAX_NESTED;
}
