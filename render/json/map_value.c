/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_value.c - keys and values of maps as JSON, for maps of all forms
 */
#include <scxray/map.h>

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
	json_value_field(m->j, key, value, follow_options(m->follow));
}

/* In storage maps the key is the owner's address. */
static void put_owner_key(struct json *j, uint64_t kva)
{
	if (j->form != SCXRAY_JSON_PLAIN) {
		json_key(j, "key");
		json_object(j);
		json_key(j, "kind");
		json_string(j, "ptr");
		json_key(j, "value");
		json_addr(j, kva);
		json_object_end(j);
	}
	if (j->form != SCXRAY_JSON_TYPED) {
		json_key(j, "key_plain");
		json_addr(j, kva);
	}
}

void map_json_entry_key(struct map_json *m, const struct scxray_entry *entry)
{
	struct scxray_value key = scxray_map_key(m->map, entry);

	if (!entry->key) {
		key = (struct scxray_value){ .state = SCXRAY_UNREADABLE,
					     .addr = entry->addr,
					     .reason = entry->reason };
		json_value_field(m->j, "key", &key, follow_options(m->follow));
	} else if (map_is_storage(m->map)) {
		put_owner_key(m->j, map_owner_kva(entry));
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
