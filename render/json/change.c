/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * change.c - one changed member as JSON
 */
#include "render/json/diff.h"

#include "render/out/field.h"

void json_change(struct json *j, const struct diff *d, const struct diff_change *c)
{
	const char *name = diff_change_name(d, c);
	int64_t delta;
	double rate;

	json_object(j);
	json_key(j, "field");
	json_string(j, *name ? name : "value");
	if (c->is_cpu) {
		json_key(j, "cpu");
		json_u64(j, c->cpu);
	}
	if (c->bytes_differ) {
		json_key(j, "bytes_differ");
		json_u64(j, c->bytes_differ);
	} else if (c->is_text) {
		json_key(j, "old");
		json_string(j, diff_text(d, c->old_text));
		json_key(j, "new");
		json_string(j, diff_text(d, c->new_text));
	} else {
		json_num_field(j, "old", &c->old, c->kind);
		json_num_field(j, "new", &c->new, c->kind);
	}
	if (diff_delta(c, &delta)) {
		json_key(j, "delta");
		json_i64(j, delta);
	}
	if (diff_rate(d, c, &rate)) {
		json_key(j, "per_second");
		json_double(j, rate, 64);
	}
	json_object_end(j);
}
