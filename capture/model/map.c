/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map.c - the key and the value of a map's entry, with their types
 */
#include <scxray/map.h>

static struct scxray_value value_of(const struct scxray_type *type, const uint8_t *bytes,
				    uint64_t addr, const char *reason)
{
	return (struct scxray_value){
		.btf = type->btf,
		.type_id = type->type_id,
		.bytes = bytes,
		.size = type->size,
		.addr = addr,
		.reason = reason,
		.state = bytes ? SCXRAY_PRESENT : SCXRAY_UNREADABLE,
	};
}

struct scxray_value scxray_map_key(const struct scxray_map *map, const struct scxray_entry *entry)
{
	if (!entry->key)
		return (struct scxray_value){ 0 };
	return value_of(&map->key_type, entry->key, entry->addr, NULL);
}

struct scxray_value scxray_map_value(const struct scxray_map *map, const struct scxray_entry *entry,
				     const uint8_t *bytes)
{
	return value_of(&map->value_type, bytes, entry->addr, bytes ? NULL : entry->reason);
}
