/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * budget.c - what a walk over a value may cost: nodes and bytes are charged here
 */
#include "render/value/value_walk.h"

void walk_charge_lookup(struct value_walk *w, unsigned steps)
{
	w->nodes += steps / 16;
}

bool walk_charge(struct value_walk *w, uint64_t bytes)
{
	if (w->exhausted)
		return false;
	if (++w->nodes > w->opt.max_nodes) {
		w->exhausted = "the budget of nodes for one value is used up";
		return false;
	}
	if (bytes > w->opt.max_bytes - w->bytes) {
		w->exhausted = "the budget of bytes for one value is used up";
		return false;
	}
	w->bytes += bytes;
	return true;
}

int walk_unsupported(struct value_walk *w, const char *reason)
{
	/* charged, too, but always reported: the last call names the budget that ended the walk */
	if (!walk_charge(w, 0))
		reason = w->exhausted;
	return w->visit->unsupported(w->arg, reason);
}
