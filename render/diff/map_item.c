/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_item.c - adds the parts of one map to the diff, up to a bound
 */
#include <scxray/map.h>

#include "render/diff/map_item.h"

#include "render/out/cells.h"

/* All changes are counted, few are kept: a guest may have a million busy entries. */
#define MAX_ITEMS 1024	       /* of one map */
#define MAX_ITEM_CHANGES 64    /* of one entry among others */
#define MAX_VALUE_CHANGES 1024 /* of the one value that a map has */
#define MAX_CHANGES (1u << 16) /* of all maps */

void diff_map_because(struct diff *d, struct diff_map *m, const char *when, const char *reason)
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

void diff_item_skip(struct map_pair *p, const char *when, const char *reason)
{
	p->m->not_compared++;
	diff_map_because(p->d, p->m, when, reason);
}

struct diff_item diff_item_begin(struct map_pair *p, size_t early, size_t late)
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

size_t diff_item_room(const struct map_pair *p)
{
	size_t left = p->d->nr_changes < MAX_CHANGES ? MAX_CHANGES - p->d->nr_changes : 0;
	size_t most = p->late->form == SCXRAY_MAP_VALUE ? MAX_VALUE_CHANGES : MAX_ITEM_CHANGES;

	return !has_room(p) ? 0 : left < most ? left : most;
}

static void add_item(struct map_pair *p, const struct diff_item *item)
{
	DIFF_GROW(p->d, items);
	p->d->items[p->d->nr_items++] = *item;
}

void diff_item_end(struct map_pair *p, struct diff_item *item, uint64_t total)
{
	struct diff *d = p->d;

	if (item->cut && !total)
		diff_item_skip(p, "late", "too much to compare");
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

void diff_item_fate(struct map_pair *p, enum diff_fate fate, size_t early, size_t late)
{
	struct diff_item item = { .fate = fate, .early = early, .late = late };

	*(fate == DIFF_GONE ? &p->m->gone : &p->m->appeared) += 1;
	if (has_room(p))
		add_item(p, &item);
}
