/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * values.h - what changed in one value of a map, member by member
 */
#ifndef RENDER_DIFF_VALUES_H
#define RENDER_DIFF_VALUES_H

#include "render/diff/diff.h"
#include "render/value/value_walk.h"

struct value_diff {
	uint64_t nr_changes; /* members that changed; the first ones are in the diff */
	bool cut;	     /* the comparison ended before the value did */
};

/*
 * Adds at most `max` differences of two values of one size to the diff. Both values have to
 * be present.
 */
struct value_diff diff_values(struct diff *d, const struct scxray_value *old,
			      const struct scxray_value *new, size_t max,
			      struct value_budget *budget);

#endif
