/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * schema.h - a JSON value against a JSON schema (draft 2020-12, as far as scxray's own schema uses it)
 */
#ifndef READER_SCHEMA_H
#define READER_SCHEMA_H

#include "reader/json.h"

/*
 * Does the value fit the schema?  0, or -1 with *err: where it does not, as a path such as
 * late.maps[3].id, and why.  The schema is trusted: a keyword that is not known is an error.
 */
int schema_check(const struct json_value *schema, const struct json_value *value,
		 struct scxray_error *err);

#endif
