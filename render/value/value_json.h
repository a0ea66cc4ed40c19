/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * value_json.h - BTF values as JSON: trees of {"kind":...}
 */
#ifndef RENDER_VALUE_JSON_H
#define RENDER_VALUE_JSON_H

#include <scxray/value.h>

#include "render/out/json.h"

/* Writes `value`, complete, where the writer expects one. */
void json_value(struct json *j, const struct scxray_value *value,
		const struct scxray_value_options *options);

#endif
