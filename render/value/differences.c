/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * differences.c - the walk over the differences of two values
 *
 * It is the walk of value.c over the new value, with the bytes of the old one at the same
 * offsets (twin.c). A part whose bytes are equal is left out, so the cost is that of the
 * differences and of finding them.
 */
#include "render/value/value_walk.h"

int walk_differences(const struct scxray_value *old, const struct scxray_value *new,
		     struct value_budget *budget, const struct scxray_value_visitor *visitor,
		     int (*element)(void *arg, uint64_t index), void *arg)
{
	const struct scxray_value *typed = new->btf ? new : old;
	struct slice s = { .bytes = new->bytes, .had = new->size, .tail = true };
	struct value_walk w = {
		.btf = typed->btf,
		.visit = visitor,
		.arg = arg,
		.opt = { .max_depth = 32,
			 .max_elements = UINT32_MAX,
			 .max_nodes = budget->nodes,
			 .max_bytes = budget->bytes },
		.base = new->bytes,
		.twin = old->bytes,
		.element = element,
	};
	int ret;

	strbuf_init(&w.scratch, NULL);
	ret = walk_type(&w, typed->type_id, s);
	strbuf_deinit(&w.scratch);
	/* look-ups are charged without a check, so they may exceed the budget */
	budget->nodes -= w.nodes < budget->nodes ? w.nodes : budget->nodes;
	budget->bytes -= w.bytes;
	return ret;
}
