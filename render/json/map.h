/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map.h - one map as JSON: the parts that all forms use
 *
 * Each form's function writes keys and values into the map's open object, or nothing where
 * the capture has none.
 */
#ifndef RENDER_JSON_MAP_H
#define RENDER_JSON_MAP_H

#include "render/value/follow.h"
#include "render/out/json.h"

struct scxray_entry;
struct scxray_map;

struct map_json {
	struct json *j;
	const struct scxray_map *map;
	struct follow *follow;
};

/* A value by `key` where it has BTF, by `hex_key` where it has none. */
void map_json_typed(struct map_json *m, const struct scxray_value *value, const char *key,
		    const char *hex_key);

/* "key", or "key_hex" where keys have no BTF; then its value. */
void map_json_key(struct map_json *m, const uint8_t *key);

/* The key of an entry; in storage maps the owner's address, and "owner". */
void map_json_entry_key(struct map_json *m, const struct scxray_entry *entry);

void map_json_arena(struct map_json *m);
void map_json_ringbuf(struct map_json *m);
void map_json_stacks(struct map_json *m);
void map_json_slots(struct map_json *m);
void map_json_bloom(struct map_json *m);

#endif
