/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff.h - the comparison of early and late as JSON
 */
#ifndef RENDER_JSON_DIFF_H
#define RENDER_JSON_DIFF_H

#include "render/diff/change.h"
#include "render/out/json.h"

/* "diff" with its object, of two reports that were compared. */
void json_diff(struct json *j, const struct diff *d);

/* "maps" of the comparison with its object */
void json_diff_maps(struct json *j, const struct diff *d);

/* One changed member as an object. */
void json_change(struct json *j, const struct diff *d, const struct diff_change *c);

#endif
