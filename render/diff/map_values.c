/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_values.c - compares maps of keys and values: entry by entry, each CPU's value of
 * per-CPU maps, and the number of elements of queues
 */
#include <scxray/map.h>

#include "render/diff/map_values.h"

#include "render/diff/values.h"
#include "render/out/map_model.h"

size_t entries_count(const struct scxray_map *map)
{
	return map->nr_entries;
}

void entries_by_key(const struct scxray_map *map, size_t i, struct part_key *key)
{
	const struct scxray_entry *entry = &map->entries[i];

	key->bytes = entry->key;
	key->len = map->key_type.size;
	if (!entry->key)
		key->reason = entry->reason ? entry->reason : "a key is unreadable";
}

void entries_by_index(const struct scxray_map *map, size_t i, struct part_key *key)
{
	key->number = map->entries[i].index;
}

const char *entries_missing(const struct scxray_map *map)
{
	if (map->error)
		return map->error;
	return map->total > map->nr_entries ? "not all entries were captured" : NULL;
}

/* ---- values --------------------------------------------------------------- */

static void compare_value(struct map_pair *p, struct diff_item *item,
			  const struct scxray_value *old, const struct scxray_value *new)
{
	struct value_diff found;

	if (old->state != SCXRAY_PRESENT) {
		diff_item_skip(p, "early", old->reason);
	} else if (new->state != SCXRAY_PRESENT) {
		diff_item_skip(p, "late", new->reason);
	} else if (old->size != new->size) {
		diff_item_skip(p, "late", "its values are of another size");
	} else {
		found = diff_values(p->d, old, new, diff_item_room(p), p->budget);
		item->cut = found.cut;
		diff_item_end(p, item, found.nr_changes);
	}
}

/* A task may change its name, but not its number; other owners keep their names. */
static bool same_owner(const struct map_pair *p, size_t early, size_t late)
{
	const char *old = map_owner(p->early, &p->early->entries[early]);
	const char *new = map_owner(p->late, &p->late->entries[late]);
	const char *old_id = old ? strrchr(old, '[') : NULL;
	const char *new_id = new ? strrchr(new, '[') : NULL;

	if (!old || !new)
		return true;
	return old_id && new_id ? !strcmp(old_id, new_id) : !strcmp(old, new);
}

void entries_compare(struct map_pair *p, size_t early, size_t late)
{
	const struct scxray_entry *e = &p->early->entries[early], *l = &p->late->entries[late];
	struct scxray_value old = scxray_map_value(p->early, e, e->value);
	struct scxray_value new = scxray_map_value(p->late, l, l->value);
	struct diff_item item = diff_item_begin(p, early, late);

	/* another owner may have the memory of one that ended */
	if (!same_owner(p, early, late)) {
		diff_item_fate(p, DIFF_GONE, early, late);
		diff_item_fate(p, DIFF_APPEARED, early, late);
		return;
	}
	compare_value(p, &item, &old, &new);
}

/* The index of a CPU in a map's list, usually the same in both maps; SIZE_MAX if it is missing. */
static size_t place_of(const struct scxray_map *map, uint32_t cpu, size_t hint)
{
	for (size_t i = 0; i < map->nr_cpus; i++) {
		size_t at = (hint + i) % map->nr_cpus;

		if (map->cpus[at] == cpu)
			return at;
	}
	return SIZE_MAX;
}

void entries_compare_percpu(struct map_pair *p, size_t early, size_t late)
{
	if (!p->early->per_cpu || !p->late->per_cpu) {
		diff_item_skip(p, p->late->per_cpu ? "early" : "late", "no values per CPU");
		return;
	}
	for (size_t c = 0; c < p->late->nr_cpus; c++) {
		size_t place = place_of(p->early, p->late->cpus[c], c);
		struct diff_item item = diff_item_begin(p, early, late);
		struct scxray_value old = { .reason = "the CPU is not there" }, new;

		if (place != SIZE_MAX)
			old = map_percpu_value(p->early, early, place);
		new = map_percpu_value(p->late, late, c);
		/* both times no memory for that CPU: nothing to compare */
		if (place != SIZE_MAX && map_is_unmapped(p->early, early, place) &&
		    map_is_unmapped(p->late, late, c))
			continue;
		item.is_cpu = true;
		item.cpu = p->late->cpus[c];
		compare_value(p, &item, &old, &new);
	}
}

/* ---- numbers of entries ----------------------------------------------------- */

static struct scxray_num total_of(const struct scxray_map *map)
{
	struct scxray_num num = { .value = map->total, .state = SCXRAY_PRESENT };

	/* a list that was cut may have the kernel's own count; an error also ends the count */
	if (map->error && (map->total <= map->nr_entries || map->total_is_least))
		return (struct scxray_num){ .state = SCXRAY_UNREADABLE,
					    .value = map->map_kva,
					    .reason = map->error };
	if (map->total < map->nr_entries)
		num.value = map->nr_entries;
	return num;
}

static void add_number(struct map_pair *p, const char *key, enum diff_sense sense,
		       struct scxray_num old, struct scxray_num new)
{
	struct diff_change change = {
		.key = key, .kind = FIELD_NUM, .sense = sense, .old = old, .new = new
	};

	if (!num_is_same(&old, &new))
		diff_add_change(p->d, &change);
}

void entries_compare_totals(struct map_pair *p)
{
	add_number(p, "entries", DIFF_AMOUNT, total_of(p->early), total_of(p->late));
}

/* The element that a queue returns next, where it is a number. */
static struct scxray_num first_element(const struct scxray_map *map)
{
	struct scxray_num num = { 0 };
	uint32_t size = map->value_type.size;

	if (!map->nr_entries || !map->entries[0].value || (size != 4 && size != 8))
		return num;
	memcpy(&num.value, map->entries[0].value, size);
	num.state = SCXRAY_PRESENT;
	return num;
}

/* The number of bytes that differ, at the positions that both maps have. */
static uint64_t compare_elements(struct map_pair *p)
{
	const struct scxray_map *old = p->early, *new = p->late;
	uint32_t size = new->value_type.size;
	uint64_t nr = 0;

	for (size_t i = 0; i < old->nr_entries && i < new->nr_entries; i++) {
		const uint8_t *was = old->entries[i].value, *is = new->entries[i].value;

		if (!was || !is || old->value_type.size != size) {
			diff_item_skip(p, was ? "late" : "early",
				       (was ? new : old)->entries[i].reason);
			continue;
		}
		for (uint32_t b = 0; b < size; b++)
			nr += was[b] != is[b];
	}
	return nr;
}

/* Elements have no identity: after one is taken all others move up, so they are not listed. */
void entries_compare_queues(struct map_pair *p)
{
	size_t first = p->d->nr_changes;
	struct diff_change change = { .key = "elements" };

	entries_compare_totals(p);
	add_number(p, "next", DIFF_LABEL, first_element(p->early), first_element(p->late));
	change.bytes_differ = compare_elements(p);
	/* after one element is added or taken all others move: their bytes say nothing */
	if (change.bytes_differ && first == p->d->nr_changes)
		diff_add_change(p->d, &change);
}
