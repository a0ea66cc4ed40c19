/* SPDX-License-Identifier: BSD-2-Clause */
#include "walk.h"

void list_start(struct list_iter *it, struct walk *w, uint64_t head, uint32_t max)
{
	*it = (struct list_iter){ .w = w, .head = head, .node = head, .max = max, .lap_max = 1 };
}

bool list_next(struct list_iter *it, uint64_t *node)
{
	struct scxray_num next;

	if (it->cut)
		return false;
	next = read_member(it->w, it->node, M_list_head_next);
	if (next.state != SCXRAY_PRESENT) {
		it->cut = pool_printf(it->w->pool, "list broken at 0x%016llx: %s",
				      (unsigned long long)it->node, next.reason);
		return false;
	}
	if (next.value == it->head)
		return false;
	if (!next.value) {
		it->cut = pool_printf(it->w->pool, "list broken at 0x%016llx: %s",
				      (unsigned long long)it->node, read_status_text(READ_NULL));
		return false;
	}
	if (it->nr >= it->max) {
		it->cut = pool_printf(it->w->pool, "cut after %u nodes", it->max);
		return false;
	}
	/* a list that never comes back to its head meets its own past (Brent) */
	if (next.value == it->tortoise || next.value == it->node) {
		it->cut = pool_printf(it->w->pool,
				      "list broken at 0x%016llx: it runs in a circle past its head",
				      (unsigned long long)it->node);
		return false;
	}
	if (++it->lap == it->lap_max) {
		it->tortoise = next.value;
		it->lap = 0;
		it->lap_max *= 2;
	}
	it->node = next.value;
	it->nr++;
	*node = next.value;
	return true;
}
