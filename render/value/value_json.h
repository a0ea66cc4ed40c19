/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * value_json.h - BTF values as JSON: trees of {"kind":...}, and plain JSON
 */
#ifndef RENDER_VALUE_JSON_H
#define RENDER_VALUE_JSON_H

#include <scxray/value.h>

#include "render/out/json.h"

/* Equal neighbours are told once where there are as many: values with parts, and scalars. */
#define REPEAT_LEAST 4
#define REPEAT_LEAST_SCALARS 16
/* Zeros at the end of bytes are only counted where there are as many. */
#define ZEROS_LEAST 32
/* Of plain arrays more zero elements in a row than this are {"kind":"zeros","count":N}. */
#define PLAIN_MOST_NULLS 4096

/*
 * Writes `value`, complete, where the writer expects one. `key` is that of a plain value, for the
 * twin of a great number; NULL: an element.
 */
void json_value_typed(struct json *j, const struct scxray_value *value,
		      const struct scxray_value_options *options);
void json_value_plain(struct json *j, const char *key, const struct scxray_value *value,
		      const struct scxray_value_options *options);

/* Writes <key> with the typed tree, <key>_plain, or both, as the writer's `form` says. */
void json_value_field(struct json *j, const char *key, const struct scxray_value *value,
		      const struct scxray_value_options *options);

/* True of structs and arrays. */
bool value_has_parts(const struct scxray_value *value);

/* Begins {"kind":"repeat","count":...,"value": ; a value and json_object_end() follow. */
void json_repeat_begin(struct json *j, uint64_t count);

/* Writes `nr` zero values of a plain array. */
void json_plain_zeros(struct json *j, uint64_t nr);

#endif
