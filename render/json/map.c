/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map.c - every BPF map as JSON: header, entries, values
 *
 * Nothing is allocated for an entry: values go from their bytes to the writer.
 */
#include <base/array.h>

#include <scxray/map.h>
#include <scxray/report_struct.h>

#include "render/json/map.h"

#include "render/json/tables.h"
#include "render/out/field.h"
#include "render/out/groups.h"
#include "render/json/report.h"
#include "render/out/map_model.h"
#include "render/value/value_json.h"
#include "render/out/reasons.h"

static const struct field header_fields[] = {
	FIELD(scxray_map, id, "id", FIELD_U32),
	FIELD(scxray_map, name, "name", FIELD_TEXT),
	FIELD(scxray_map, map_kva, "map_kva", FIELD_KVA),
	FIELD(scxray_map, map_type, "map_type", FIELD_NUM),
	FIELD(scxray_map, type_name, "map_type_name", FIELD_STRING),
	FIELD(scxray_map, key_size, "key_size", FIELD_NUM),
	FIELD(scxray_map, value_size, "value_size", FIELD_NUM),
	FIELD(scxray_map, max_entries, "max_entries", FIELD_NUM),
	FIELD(scxray_map, map_flags, "map_flags", FIELD_NUM),
	FIELD(scxray_map, active, "active", FIELD_BOOL),
	FIELD(scxray_map, sched_kva, "sched_kva", FIELD_ADDR),
	FIELD(scxray_map, sched_name, "sched_name", FIELD_STRING),
	FIELD(scxray_map, error, "error", FIELD_STRING),
	FIELD(scxray_map, btf_error, "btf_error", FIELD_STRING),
};
const struct field_table json_map_table = FIELD_TABLE(header_fields);

static void put_value(struct map_json *m)
{
	const struct scxray_entry *entry = m->map->entries;
	struct scxray_value value;

	if (!m->map->nr_entries)
		return;
	value = scxray_map_value(m->map, entry, entry->value);
	json_value_field(m->j, "value", &value, follow_options(m->follow));
}

/* True if the value's bytes are there, and are those of the other value. */
static bool is_same(const struct scxray_value *a, const struct scxray_value *b)
{
	return a->state == SCXRAY_PRESENT && b->state == SCXRAY_PRESENT && a->size == b->size &&
	       !memcmp(a->bytes, b->bytes, a->size);
}

/* How many entries of consecutive places, from the e-th on, are told by one, as `same` says. */
static size_t entry_run(const struct scxray_map *map, size_t e,
			bool (*same)(const struct scxray_map *map, size_t a, size_t b))
{
	size_t end = e + 1;

	while (end < map->nr_entries &&
	       map->entries[end].index == map->entries[end - 1].index + 1 && same(map, e, end))
		end++;
	return end - e < REPEAT_LEAST ? 1 : end - e;
}

static void put_place(struct map_json *m, size_t e, size_t run)
{
	json_key(m->j, "key");
	json_u64(m->j, m->map->entries[e].index);
	if (run > 1) {
		json_key(m->j, "repeats");
		json_u64(m->j, run);
	}
}

static bool same_value(const struct scxray_map *map, size_t a, size_t b)
{
	struct scxray_value one = scxray_map_value(map, &map->entries[a], map->entries[a].value);
	struct scxray_value other = scxray_map_value(map, &map->entries[b], map->entries[b].value);

	/* of a queue each place is an entry of its own */
	return map->form == SCXRAY_MAP_ARRAY && is_same(&one, &other);
}

static void put_array(struct map_json *m)
{
	for (size_t i = 0, run; i < m->map->nr_entries && !m->j->out.error; i += run) {
		const struct scxray_entry *entry = &m->map->entries[i];
		struct scxray_value value = scxray_map_value(m->map, entry, entry->value);

		run = entry_run(m->map, i, same_value);
		json_object(m->j);
		put_place(m, i, run);
		json_value_field(m->j, "value", &value, follow_options(m->follow));
		json_object_end(m->j);
	}
}

static void put_entries(struct map_json *m)
{
	for (size_t i = 0; i < m->map->nr_entries && !m->j->out.error; i++) {
		const struct scxray_entry *entry = &m->map->entries[i];
		struct scxray_value value = scxray_map_value(m->map, entry, entry->value);

		json_object(m->j);
		map_json_entry_key(m, entry);
		map_json_typed(m, &value, "value", "value_hex");
		json_object_end(m->j);
	}
}

/* How many CPUs' values, from the c-th on, are the same. */
static size_t cpu_run(const struct scxray_map *map, size_t e, size_t c)
{
	struct scxray_value first = map_percpu_value(map, e, c);
	size_t end = c + 1;

	for (; end < map->nr_cpus; end++) {
		struct scxray_value value = map_percpu_value(map, e, end);

		if (!is_same(&first, &value))
			break;
	}
	return end - c;
}

static void put_per_cpu_typed(struct map_json *m, size_t e)
{
	json_key(m->j, "per_cpu");
	json_array(m->j);
	for (size_t c = 0, run; c < m->map->nr_cpus; c += run) {
		struct scxray_value value = map_percpu_value(m->map, e, c);

		run = cpu_run(m->map, e, c);
		if (run < REPEAT_LEAST)
			run = 1;
		else
			json_repeat_begin(m->j, run);
		json_value_typed(m->j, &value, follow_options(m->follow));
		if (run > 1)
			json_object_end(m->j);
	}
	json_array_end(m->j);
}

static bool is_zero(const struct scxray_value *value)
{
	return value->state == SCXRAY_PRESENT && value->btf && value->size && !value->bytes[0] &&
	       !memcmp(value->bytes, value->bytes + 1, value->size - 1);
}

static void put_per_cpu_plain(struct map_json *m, size_t e)
{
	json_key(m->j, "per_cpu_plain");
	json_array(m->j);
	for (size_t c = 0, run; c < m->map->nr_cpus; c += run) {
		struct scxray_value value = map_percpu_value(m->map, e, c);

		run = is_zero(&value) && value_has_parts(&value) ? cpu_run(m->map, e, c) : 1;
		if (run < REPEAT_LEAST) {
			json_value_plain(m->j, NULL, &value, follow_options(m->follow));
			run = 1;
		} else {
			json_plain_zeros(m->j, run);
		}
	}
	json_array_end(m->j);
}

/* One value a CPU, in the order of the map's `cpus`. */
static void put_per_cpu(struct map_json *m, size_t e)
{
	if (m->j->form != SCXRAY_JSON_PLAIN)
		put_per_cpu_typed(m, e);
	if (m->j->form != SCXRAY_JSON_TYPED)
		put_per_cpu_plain(m, e);
}

static bool same_per_cpu(const struct scxray_map *map, size_t a, size_t b)
{
	for (size_t c = 0; c < map->nr_cpus; c++) {
		struct scxray_value one = map_percpu_value(map, a, c);
		struct scxray_value other = map_percpu_value(map, b, c);

		if (!is_same(&one, &other))
			return false;
	}
	return true;
}

static void put_percpu(struct map_json *m)
{
	for (size_t i = 0, run; i < m->map->nr_entries && !m->j->out.error; i += run) {
		run = 1;
		json_object(m->j);
		if (m->map->form == SCXRAY_MAP_PERCPU_ARRAY) {
			run = entry_run(m->map, i, same_per_cpu);
			put_place(m, i, run);
		} else {
			map_json_entry_key(m, &m->map->entries[i]);
		}
		put_per_cpu(m, i);
		json_object_end(m->j);
	}
}

static bool is_percpu(const struct scxray_map *map)
{
	return map->form == SCXRAY_MAP_PERCPU_ARRAY || map->form == SCXRAY_MAP_PERCPU_ENTRIES;
}

static void put_cpus(struct map_json *m)
{
	if (!is_percpu(m->map) || !m->map->per_cpu)
		return;
	json_key(m->j, "cpus");
	json_array(m->j);
	for (size_t c = 0; c < m->map->nr_cpus; c++)
		json_u64(m->j, m->map->cpus[c]);
	json_array_end(m->j);
}

/* An empty list is left out. */
static const struct {
	const char *list;
	void (*put)(struct map_json *m);
} forms[] = {
	[SCXRAY_MAP_VALUE] = { NULL, put_value },
	[SCXRAY_MAP_ARRAY] = { "array_entries", put_array },
	[SCXRAY_MAP_ENTRIES] = { "entries", put_entries },
	[SCXRAY_MAP_PERCPU_ARRAY] = { "percpu_entries", put_percpu },
	[SCXRAY_MAP_PERCPU_ENTRIES] = { "percpu_hash_entries", put_percpu },
	[SCXRAY_MAP_QUEUE] = { "array_entries", put_array },
	[SCXRAY_MAP_ARENA] = { NULL, map_json_arena },
	[SCXRAY_MAP_RINGBUF] = { NULL, map_json_ringbuf },
	[SCXRAY_MAP_STACK_TRACE] = { NULL, map_json_stacks },
	[SCXRAY_MAP_FD_ARRAY] = { NULL, map_json_slots },
	[SCXRAY_MAP_BLOOM] = { NULL, map_json_bloom },
};

static void put_map(struct map_json *m)
{
	size_t form = (size_t)m->map->form;

	json_object(m->j);
	json_fields(m->j, header_fields, ARRAY_SIZE(header_fields), m->map);
	if (map_has_entries(m->map)) {
		json_key(m->j, "total_entries");
		json_u64(m->j,
			 m->map->total > m->map->nr_entries ? m->map->total : m->map->nr_entries);
	}
	if (m->map->total_is_least) {
		json_key(m->j, "total_is_least");
		json_bool(m->j, true);
	}
	put_cpus(m);
	if (form < ARRAY_SIZE(forms) && forms[form].put) {
		if (!forms[form].list) {
			forms[form].put(m);
		} else if (m->map->nr_entries && (!is_percpu(m->map) || m->map->per_cpu)) {
			json_key(m->j, forms[form].list);
			json_array(m->j);
			forms[form].put(m);
			json_array_end(m->j);
		}
	}
	json_object_end(m->j);
}

static void put_active(struct json *j, const struct scxray_report *r)
{
	bool any = false;

	for (size_t i = 0; i < r->nr_maps; i++) {
		if (!r->maps[i].active)
			continue;
		if (!any) {
			json_key(j, "active_map_kvas");
			json_array(j);
		}
		json_addr(j, r->maps[i].map_kva);
		any = true;
	}
	if (any)
		json_array_end(j);
}

void json_maps(struct json *j, const struct scxray_report *r, const struct scxray_selection *only)
{
	struct follow follow;

	follow_init(&follow, r);
	json_reasons(j, r, SCXRAY_GROUP_MAPS);
	json_reasons(j, r, SCXRAY_GROUP_POINTEES);
	json_opt_string(j, "active_obj_name", r->active_obj_name);
	put_active(j, r);
	/* written even if it is empty */
	json_key(j, "maps");
	json_array(j);
	for (size_t i = 0; i < r->nr_maps; i++)
		if (map_wanted(only, &r->maps[i]))
			put_map(&(struct map_json){
				.j = j, .map = &r->maps[i], .follow = &follow });
	json_array_end(j);
	follow_deinit(&follow);
}
