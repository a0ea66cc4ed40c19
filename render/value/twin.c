/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * twin.c - the other value of a walk over differences: its bytes have the same offsets
 */
#include "render/value/value_walk.h"

bool walk_is_same(struct value_walk *w, struct slice s)
{
	/* an exhausted budget ends the walk, which says so */
	if (!w->twin || !walk_charge(w, s.had))
		return false;
	return !s.had || !memcmp(s.bytes, walk_twin(w, s).bytes, s.had);
}

int walk_run(struct value_walk *w, const struct scxray_bytes *bytes)
{
	struct scxray_bytes old = *bytes;
	int ret = 0;

	if (w->twin) {
		old.bytes = walk_twin(w, (struct slice){ .bytes = bytes->bytes }).bytes;
		ret = w->visit->bytes(w->arg, &old);
	}
	return ret ? ret : w->visit->bytes(w->arg, bytes);
}
