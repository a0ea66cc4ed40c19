/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_types.c - the types of a map's keys and values: the BTF that its loader gave
 * the kernel, which keeps the blob (struct btf in kernel/bpf/btf.c)
 */
#include <stdlib.h>
#include <string.h>

#include <scxray/map.h>

#include "capture/map/map.h"
#include "capture/map/maps.h"
#include "capture/read/read.h"

#define MAX_BTF_BYTES (32u << 20)
#define MAX_BTFS 256

/* A BTF object of the guest, by its address: several maps share one. */
struct btf_object {
	uint64_t kva;
	struct types types;
	const char *error;
};

/* What a rehearsal loaded, and recordings borrow: bytes and address tell whether it still holds. */
struct btf_cache {
	struct cached_btf {
		uint64_t kva;
		uint64_t data;
		uint32_t size;
		struct types types;
		const uint8_t *bytes; /* within types */
	} entry[MAX_BTFS];
	size_t nr;
};

struct btf_cache *btf_cache_create(void)
{
	return calloc(1, sizeof(struct btf_cache));
}

void btf_cache_destroy(struct btf_cache *cache)
{
	for (size_t i = 0; cache && i < cache->nr; i++)
		types_deinit(&cache->entry[i].types);
	free(cache);
}

static struct cached_btf *cached(struct btf_cache *cache, uint64_t kva)
{
	for (size_t i = 0; i < cache->nr; i++)
		if (cache->entry[i].kva == kva)
			return &cache->entry[i];
	return NULL;
}

/* Reads all of the blob, which records it; true if it is what was loaded. */
static bool is_unchanged(struct walk *w, const struct cached_btf *entry, uint64_t data,
			 uint64_t size)
{
	bool same = entry && entry->bytes && entry->data == data && entry->size == size;
	uint8_t buf[1024];

	for (uint64_t at = 0; at < size; at += sizeof(buf)) {
		size_t n = size - at < sizeof(buf) ? size - at : sizeof(buf);

		if (!same)
			guest_touch(w->g, data + at, n);
		else
			same = !guest_read(w->g, data + at, buf, n) &&
			       !memcmp(buf, entry->bytes + at, n);
	}
	return same;
}

/* In place of one that has gone, or a new one; NULL: there are too many. */
static struct cached_btf *cache_btf(struct walk *w, uint64_t kva, uint64_t data, uint64_t size,
				    bool is_split)
{
	struct cached_btf *entry = cached(w->btf_cache, kva);
	struct scxray_error err;
	uint32_t raw;

	if (entry)
		types_deinit(&entry->types);
	else if (w->btf_cache->nr < MAX_BTFS)
		entry = &w->btf_cache->entry[w->btf_cache->nr++];
	else
		return NULL;
	*entry = (struct cached_btf){ .kva = kva, .data = data, .size = (uint32_t)size };
	if (types_load(&entry->types, w->g, data, data + size, is_split ? &w->k->types : NULL, NULL,
		       &err))
		return entry;
	entry->bytes = btf__raw_data(entry->types.btf, &raw);
	if (raw != size)
		entry->bytes = NULL;
	return entry;
}

/*
 * For a walk that records: the types that the rehearsal loaded, if the guest's bytes are
 * still the same.  Without them only the values of such a map are recorded, and nothing that
 * pointers in them lead to.
 */
static void borrow(struct walk *w, struct btf_object *object, uint64_t data, uint64_t size,
		   bool is_split)
{
	struct cached_btf *entry = w->btf_cache ? cached(w->btf_cache, object->kva) : NULL;
	bool good = is_unchanged(w, entry, data, size);

	if (!good && w->mode == WALK_REHEARSE && w->btf_cache) {
		entry = cache_btf(w, object->kva, data, size, is_split);
		good = entry && entry->bytes;
	}
	if (good)
		object->types = entry->types;
	else
		object->error = "its BTF was not known before the freeze";
}

static void load(struct walk *w, struct btf_object *object)
{
	struct scxray_num data = read_member(w, object->kva, M_btf_data);
	struct scxray_num size = read_member(w, object->kva, M_btf_data_size);
	struct scxray_num base = read_member(w, object->kva, M_btf_base_btf);
	struct scxray_error err;

	if (data.state != SCXRAY_PRESENT || size.state != SCXRAY_PRESENT ||
	    base.state != SCXRAY_PRESENT)
		object->error = "struct btf cannot be read";
	else if (size.value > MAX_BTF_BYTES)
		object->error = "its BTF is larger than any believable one";
	else if (is_recording(w))
		borrow(w, object, data.value, size.value, base.value != 0);
	else if (types_load(&object->types, w->g, data.value, data.value + size.value,
			    base.value ? &w->k->types : NULL, NULL, &err))
		object->error = pool_printf(w->pool, "its BTF: %s", err.text);
}

static const struct btf_object *find(struct walk *w, uint64_t kva)
{
	struct btf_object *object, *objects = w->btfs;

	for (size_t i = 0; i < w->nr_btfs; i++)
		if (objects[i].kva == kva)
			return &objects[i];
	if (!w->btfs)
		w->btfs = pool_alloc(w->pool, MAX_BTFS * sizeof(*objects));
	if (!w->btfs || w->nr_btfs == MAX_BTFS)
		return NULL;
	objects = w->btfs;
	object = &objects[w->nr_btfs++];
	object->kva = kva;
	load(w, object);
	return object;
}

const struct types *map_find_btf(struct walk *w, uint64_t kva, const char **reason)
{
	struct scxray_num vmlinux = { 0 };
	const struct btf_object *object;

	*reason = NULL;
	if (has_symbol(w, S_btf_vmlinux))
		vmlinux = read_symbol(w, S_btf_vmlinux, false);
	if (vmlinux.state == SCXRAY_PRESENT && vmlinux.value == kva)
		return &w->k->types;
	object = find(w, kva);
	if (object && !object->error)
		return &object->types;
	*reason = object ? object->error : "too many BTF objects";
	return NULL;
}

const struct types *map_find_types(struct walk *w, const struct btf *btf)
{
	const struct btf_object *objects = w->btfs;

	for (size_t i = 0; i < w->nr_btfs; i++)
		if (btf && objects[i].types.btf == btf)
			return &objects[i].types;
	return NULL;
}

const struct types *map_find_value_types(struct walk *w, const struct scxray_map *map)
{
	return map_find_types(w, map->value_type.btf);
}

void map_types_deinit(void *btfs, size_t nr)
{
	struct btf_object *objects = btfs;

	for (size_t i = 0; i < nr; i++)
		types_deinit(&objects[i].types);
}

static void set_type(struct walk *w, struct scxray_map *map, struct scxray_type *type,
		     enum layout_member m, const struct types *types)
{
	struct scxray_num id = read_member(w, map->map_kva, m);

	if (id.state != SCXRAY_PRESENT || !id.value)
		return;
	if (id.value >= types->nr) {
		map->btf_error = "its type id is not in its BTF";
		return;
	}
	type->btf = types->btf;
	type->type_id = (uint32_t)id.value;
}

void map_set_types(struct walk *w, struct scxray_map *map)
{
	struct scxray_num btf = read_member(w, map->map_kva, M_bpf_map_btf);
	const struct types *types;

	map->key_type = (struct scxray_type){ .size = map_u32(map->key_size) };
	map->value_type = (struct scxray_type){ .size = map_u32(map->value_size) };
	if (btf.state != SCXRAY_PRESENT || !btf.value)
		return;
	types = map_find_btf(w, btf.value, &map->btf_error);
	if (!types)
		return;
	set_type(w, map, &map->key_type, M_bpf_map_key_type, types);
	set_type(w, map, &map->value_type, M_bpf_map_value_type, types);
}
