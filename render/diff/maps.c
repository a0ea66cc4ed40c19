/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * maps.c - maps early against late: which are the same, and part by part
 * what became of them
 */
#include "render/diff/maps.h"

#include <errno.h>
#include <stdlib.h>

#include "render/out/groups.h"
#include "render/out/cells.h"

/*
 * What is kept, so that a guest with a million busy entries makes no endless
 * report; all are counted.
 */
#define MAX_ITEMS 1024		      /* of one map */
#define MAX_ITEM_CHANGES 64	      /* of one entry among others */
#define MAX_VALUE_CHANGES 1024	      /* of the one value that a map has */
#define MAX_CHANGES (1u << 16)	      /* of all maps */
#define MAX_NODES (1u << 23)	      /* steps of all walks over values */
#define MAX_BYTES (UINT64_C(1) << 30) /* that these look at */

static bool has_changed(const struct diff_map *m)
{
	return m->nr_changes || m->changed || m->appeared || m->gone;
}

enum map_outcome diff_map_outcome(const struct diff_map *m)
{
	if (m->fate == DIFF_CHANGED)
		return has_changed(m) ? MAP_CHANGED : MAP_NOT_COMPARED;
	/* it may have been in the list that was cut */
	if (m->has_reason)
		return MAP_NOT_COMPARED;
	return m->fate == DIFF_GONE ? MAP_GONE : MAP_APPEARED;
}

/* ---- one map --------------------------------------------------------------- */

static void because(struct diff *d, struct diff_map *m, const char *when, const char *reason)
{
	if (m->has_reason)
		return;
	m->has_reason = true;
	m->reason = d->texts.len;
	strbuf_puts(&d->texts, when);
	strbuf_puts(&d->texts, ": ");
	cell_string(&d->texts, reason ? reason : "unreadable");
	strbuf_putc(&d->texts, '\0');
}

void not_compared(struct map_pair *p, const char *when, const char *reason)
{
	p->m->not_compared++;
	because(p->d, p->m, when, reason);
}

struct diff_item item_begin(struct map_pair *p, size_t early, size_t late)
{
	p->texts = p->d->texts.len;
	return (struct diff_item){
		.fate = DIFF_CHANGED, .early = early, .late = late, .first_change = p->d->nr_changes
	};
}

static bool has_room(const struct map_pair *p)
{
	return p->d->nr_items - p->m->first_item < MAX_ITEMS;
}

size_t item_room(const struct map_pair *p)
{
	size_t left = p->d->nr_changes < MAX_CHANGES ? MAX_CHANGES - p->d->nr_changes : 0;
	size_t most = p->late->form == SCXRAY_MAP_VALUE ? MAX_VALUE_CHANGES : MAX_ITEM_CHANGES;

	return !has_room(p) ? 0 : left < most ? left : most;
}

static void add_item(struct map_pair *p, const struct diff_item *item)
{
	GROW(p->d, items);
	p->d->items[p->d->nr_items++] = *item;
}

void item_end(struct map_pair *p, struct diff_item *item, uint64_t total)
{
	struct diff *d = p->d;

	if (item->cut && !total)
		not_compared(p, "late", "too much to compare");
	else if (!total)
		p->m->unchanged++;
	if (!total)
		return;
	p->m->changed++;
	item->total_changes = total;
	item->nr_changes = d->nr_changes - item->first_change;
	if (has_room(p)) {
		add_item(p, item);
		return;
	}
	d->nr_changes = item->first_change;
	d->texts.len = p->texts;
}

void item_fate(struct map_pair *p, enum diff_fate fate, size_t early, size_t late)
{
	struct diff_item item = { .fate = fate, .early = early, .late = late };

	*(fate == DIFF_GONE ? &p->m->gone : &p->m->appeared) += 1;
	if (has_room(p))
		add_item(p, &item);
}

/* The parts of one side by their keys; what has none is not compared. */
static bool list_parts(struct map_pair *p, const struct map_form *form,
		       const struct scxray_map *map, const char *when, struct part_list *parts)
{
	if (!parts_init(parts, form->count(map)))
		return false;
	for (size_t i = 0; i < parts->nr; i++) {
		struct part_key key = { .index = i };

		form->key(map, i, &key);
		if (key.reason)
			not_compared(p, when, key.reason);
		else
			parts_add(parts, &key);
	}
	return true;
}

/* A part that only one list has: it came or went, unless the other list lacks some. */
static void one_sided(struct map_pair *p, enum diff_fate fate, size_t index,
		      const char *other_lacks)
{
	if (other_lacks)
		not_compared(p, fate == DIFF_GONE ? "late" : "early", other_lacks);
	else
		item_fate(p, fate, index, index);
}

static void compare_parts(struct map_pair *p, const struct map_form *form)
{
	struct part_list early = { 0 }, late = { 0 };

	if (list_parts(p, form, p->early, "early", &early) &&
	    list_parts(p, form, p->late, "late", &late)) {
		parts_match(&early, &late);
		for (size_t l = 0; l < late.nr && !p->d->error; l++)
			if (late.other[l] == PART_ALONE)
				one_sided(p, DIFF_APPEARED, l, form->lacking(p->early));
			else if (late.other[l] != PART_UNKNOWN)
				form->compare(p, late.other[l], l);
		for (size_t e = 0; e < early.nr && !p->d->error; e++)
			if (early.other[e] == PART_ALONE)
				one_sided(p, DIFF_GONE, e, form->lacking(p->late));
	} else {
		p->d->error = ENOMEM;
	}
	parts_deinit(&early);
	parts_deinit(&late);
}

static void add_map(struct diff *d, const struct diff_map *m)
{
	GROW(d, maps);
	d->maps[d->nr_maps++] = *m;
}

static void compare_map(struct diff *d, size_t e, size_t l, struct walk_budget *budget)
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
	const struct map_form *form = map_form_of(p.late);

	if (!form || p.early->form != p.late->form) {
		not_compared(&p, form ? "early" : "late",
			     (form ? p.early : p.late)->error ? (form ? p.early : p.late)->error
							      : "its contents are not known");
	} else {
		if (form->itself)
			form->itself(&p);
		m.nr_changes = d->nr_changes - m.first_change;
		if (form->count)
			compare_parts(&p, form);
		/* also where all that there is was compared: there is more of it */
		if (form->lacking(p.early))
			because(d, &m, "early", form->lacking(p.early));
		if (form->lacking(p.late))
			because(d, &m, "late", form->lacking(p.late));
	}
	m.nr_items = d->nr_items - m.first_item;
	if (has_changed(&m) || m.has_reason)
		add_map(d, &m);
	else
		d->unchanged_maps++;
}

/* ---- all maps ----------------------------------------------------------------- */

/* The same object: ids and addresses are given anew, and types and sizes never change. */
static bool same_map(const struct scxray_map *a, const struct scxray_map *b)
{
	return a->map_kva == b->map_kva && same_num(&a->map_type, &b->map_type) &&
	       same_num(&a->key_size, &b->key_size) && same_num(&a->value_size, &b->value_size);
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

/* A map that only one report has. */
static void lone_map(struct diff *d, enum diff_fate fate, size_t index)
{
	const struct scxray_report *other = fate == DIFF_GONE ? d->late : d->early;
	struct diff_map m = { .fate = fate, .early = index, .late = index };

	if (other->maps_cut || other->maps_unavailable)
		because(d, &m, fate == DIFF_GONE ? "late" : "early",
			other->maps_cut ? other->maps_cut : other->maps_unavailable);
	add_map(d, &m);
}

void diff_maps(struct diff *d, const struct scxray_selection *only)
{
	struct walk_budget budget = { .nodes = MAX_NODES, .bytes = MAX_BYTES };
	struct part_list early = { 0 }, late = { 0 };

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
