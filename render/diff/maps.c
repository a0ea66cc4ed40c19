/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maps.c - maps early against late: pairs them, and compares each pair part by part
 */
#include "render/diff/maps.h"

#include <errno.h>

#include <scxray/group.h>
#include <scxray/map.h>
#include <scxray/report_struct.h>

#include "render/diff/map_forms.h"
#include "render/diff/map_item.h"
#include "render/diff/map_match.h"
#include "render/out/groups.h"

/* The cost that the walks over all values share. */
#define MAX_NODES (1u << 23)
#define MAX_BYTES (UINT64_C(1) << 30)

/* Lists the parts of one map with their keys; a part whose key is unknown is not compared. */
static bool list_parts(struct map_pair *p, const struct map_form *form,
		       const struct scxray_map *map, const char *when, struct part_list *parts)
{
	if (!parts_init(parts, form->count(map)))
		return false;
	for (size_t i = 0; i < parts->nr; i++) {
		struct part_key key = { .index = i };

		form->key(map, i, &key);
		if (key.reason)
			diff_item_skip(p, when, key.reason);
		else
			parts_add(parts, &key);
	}
	return true;
}

/* A part of only one list: it appeared or went, unless parts are missing in the other list. */
static void one_sided(struct map_pair *p, enum diff_fate fate, size_t index,
		      const char *why_missing)
{
	if (why_missing)
		diff_item_skip(p, fate == DIFF_GONE ? "late" : "early", why_missing);
	else
		diff_item_fate(p, fate, index, index);
}

static void compare_parts(struct map_pair *p, const struct map_form *form)
{
	struct part_list early = { 0 }, late = { 0 };

	if (list_parts(p, form, p->early, "early", &early) &&
	    list_parts(p, form, p->late, "late", &late)) {
		parts_match(&early, &late);
		for (size_t l = 0; l < late.nr && !p->d->error; l++)
			if (late.other[l] == PART_ALONE)
				one_sided(p, DIFF_APPEARED, l, form->missing(p->early));
			else if (late.other[l] != PART_UNKNOWN)
				form->compare(p, late.other[l], l);
		for (size_t e = 0; e < early.nr && !p->d->error; e++)
			if (early.other[e] == PART_ALONE)
				one_sided(p, DIFF_GONE, e, form->missing(p->late));
	} else {
		p->d->error = ENOMEM;
	}
	parts_deinit(&early);
	parts_deinit(&late);
}

static void add_map(struct diff *d, const struct diff_map *m)
{
	DIFF_GROW(d, maps);
	d->maps[d->nr_maps++] = *m;
}

static void compare_map(struct diff *d, size_t e, size_t l, struct value_budget *budget)
{
	struct diff_map m = { .fate = DIFF_CHANGED,
			      .early = e,
			      .late = l,
			      .first_change = d->nr_changes,
			      .first_item = d->nr_items };
	struct map_pair p = { .d = d,
			      .early = &d->early->maps[e],
			      .late = &d->late->maps[l],
			      .m = &m,
			      .budget = budget };
	const struct map_form *form = map_form_find(p.late);

	if (!form || p.early->form != p.late->form) {
		diff_item_skip(&p, form ? "early" : "late",
			       (form ? p.early : p.late)->error ? (form ? p.early : p.late)->error
								: "its contents are not known");
	} else {
		if (form->itself)
			form->itself(&p);
		m.nr_changes = d->nr_changes - m.first_change;
		if (form->count)
			compare_parts(&p, form);
		/*
		 * parts are missing in the lists, so this is said even if all listed parts
		 * were compared
		 */
		if (form->missing(p.early))
			diff_map_because(d, &m, "early", form->missing(p.early));
		if (form->missing(p.late))
			diff_map_because(d, &m, "late", form->missing(p.late));
	}
	m.nr_items = d->nr_items - m.first_item;
	if (diff_map_outcome(&m) == MAP_CHANGED || m.has_reason)
		add_map(d, &m);
	else
		d->unchanged_maps++;
}

/* ---- all maps ----------------------------------------------------------------- */

/* Ids and addresses are reused, but the types and sizes of a map never change. */
static bool same_map(const struct scxray_map *a, const struct scxray_map *b)
{
	return a->map_kva == b->map_kva && num_is_same(&a->map_type, &b->map_type) &&
	       num_is_same(&a->key_size, &b->key_size) &&
	       num_is_same(&a->value_size, &b->value_size);
}

static bool list_maps(const struct scxray_report *r, const struct scxray_selection *only,
		      struct part_list *maps)
{
	if (!parts_init(maps, r->nr_maps))
		return false;
	for (size_t i = 0; i < r->nr_maps; i++) {
		struct part_key key = { .number = r->maps[i].id, .index = i };

		if (map_wanted(only, &r->maps[i]))
			parts_add(maps, &key);
	}
	return true;
}

/* A map of only one report. */
static void lone_map(struct diff *d, enum diff_fate fate, size_t index)
{
	const struct scxray_report *other = fate == DIFF_GONE ? d->late : d->early;
	struct diff_map m = { .fate = fate, .early = index, .late = index };
	const char *why = other->cut[SCXRAY_GROUP_MAPS] ? other->cut[SCXRAY_GROUP_MAPS]
							: other->unavailable[SCXRAY_GROUP_MAPS];

	if (why)
		diff_map_because(d, &m, fate == DIFF_GONE ? "late" : "early", why);
	add_map(d, &m);
}

void diff_maps(struct diff *d, const struct scxray_selection *only)
{
	struct value_budget budget = { .nodes = MAX_NODES, .bytes = MAX_BYTES };
	struct part_list early = { 0 }, late = { 0 };

	d->maps_unavailable = d->early->unavailable[SCXRAY_GROUP_MAPS]
				      ? d->early->unavailable[SCXRAY_GROUP_MAPS]
				      : d->late->unavailable[SCXRAY_GROUP_MAPS];
	if (d->maps_unavailable)
		return;
	if (!list_maps(d->early, only, &early) || !list_maps(d->late, only, &late))
		d->error = ENOMEM;
	else
		parts_match(&early, &late);
	for (size_t l = 0; l < late.nr && !d->error; l++) {
		size_t e = late.other[l];

		if (e == PART_UNKNOWN)
			continue;
		if (e != PART_ALONE && same_map(&d->early->maps[e], &d->late->maps[l])) {
			compare_map(d, e, l, &budget);
			continue;
		}
		if (e != PART_ALONE)
			early.other[e] = PART_ALONE;
		lone_map(d, DIFF_APPEARED, l);
	}
	for (size_t e = 0; e < early.nr && !d->error; e++)
		if (early.other[e] == PART_ALONE)
			lone_map(d, DIFF_GONE, e);
	parts_deinit(&early);
	parts_deinit(&late);
}
