/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * list.c - follows a struct list_head, and finds circles in it without malloc
 */
#include "capture/read/list.h"

#include "capture/read/read.h"

static bool stop(struct list_iter *it, uint64_t at, const char *why)
{
	it->cut = pool_printf(it->w->pool, "list broken at 0x%016llx: %s", (unsigned long long)at,
			      why);
	return false;
}

/* Was `node` handed out before?  Walks the list again up to this point. */
static bool met_before(struct list_iter *it, uint64_t node)
{
	uint64_t at = it->head;

	for (uint32_t i = 0; i < it->nr; i++) {
		struct scxray_num next = read_member(it->w, at, M_list_head_next);

		if (next.state != SCXRAY_PRESENT)
			return false;
		at = next.value;
		if (at == node)
			return true;
	}
	return false;
}

/*
 * A node that is reached a second time is reached from two nodes, and can point back to
 * only one of them: so it does not point back now, or did not the first time.  Both are rare: a list
 * that was caught in the middle of a change has only one or two such nodes.
 */
static bool is_new(struct list_iter *it, uint64_t node)
{
	static const char circle[] = "it runs in a circle past its head";
	struct scxray_num prev = read_optional(it->w, node, M_list_head_prev);

	for (uint32_t i = 0; i < it->nr_torn; i++)
		if (it->torn[i] == node)
			return stop(it, it->node, circle);
	if (prev.state == SCXRAY_PRESENT && prev.value == it->node)
		return true;
	if (met_before(it, node))
		return stop(it, it->node, circle);
	if (it->nr_torn == LIST_MAX_TORN)
		return stop(it, it->node, "its back pointers make no sense");
	it->torn[it->nr_torn++] = node;
	return true;
}

void list_start(struct list_iter *it, struct walk *w, uint64_t head, uint32_t max)
{
	*it = (struct list_iter){ .w = w, .head = head, .node = head, .max = max };
}

bool list_next(struct list_iter *it, uint64_t *node)
{
	struct scxray_num next;

	if (it->cut)
		return false;
	next = read_member(it->w, it->node, M_list_head_next);
	if (next.state != SCXRAY_PRESENT)
		return stop(it, it->node, next.reason);
	if (next.value == it->head)
		return false;
	if (!next.value)
		return stop(it, it->node, read_status_text(READ_NULL));
	if (it->nr >= it->max) {
		it->cut = pool_printf(it->w->pool, "cut after %u nodes", it->max);
		return false;
	}
	if (!is_new(it, next.value))
		return false;
	it->node = next.value;
	it->nr++;
	*node = next.value;
	return true;
}
