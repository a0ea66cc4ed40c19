/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_value.c - keys and values of maps as JSON, for maps of all forms
 */
#include "render/json/map.h"

#include "render/out/map_model.h"
#include "render/value/value_json.h"

void map_json_typed(struct map_json *m, const struct scxray_value *value, const char *key,
		    const char *hex_key)
{
	if (value->state == SCXRAY_PRESENT && !value->btf) {
		json_key(m->j, hex_key);
		json_bytes(m->j, value->bytes, value->size);
		return;
	}
	json_key(m->j, key);
	json_value(m->j, value, follow_options(m->follow));
}

void map_json_entry_key(struct map_json *m, const struct scxray_entry *entry)
{
	struct scxray_value key = scxray_map_key(m->map, entry);

	if (!entry->key) {
		json_key(m->j, "key");
		json_unreadable(m->j, entry->addr, entry->reason);
	} else if (map_is_storage(m->map)) {
		json_key(m->j, "key");
		json_object(m->j);
		json_key(m->j, "kind");
		json_string(m->j, "ptr");
		json_key(m->j, "value");
		json_addr(m->j, map_owner_kva(entry));
		json_object_end(m->j);
	} else {
		map_json_typed(m, &key, "key", "key_hex");
	}
	json_opt_string(m->j, "owner", map_owner(m->map, entry));
}

void map_json_key(struct map_json *m, const uint8_t *key)
{
	const struct scxray_entry entry = { .key = key };
	struct scxray_value value = scxray_map_key(m->map, &entry);

	map_json_typed(m, &value, "key", "key_hex");
}
