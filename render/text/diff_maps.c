/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff_maps.c - the comparison of maps as text
 *
 * The scheduler's own maps come first and have the most room. A map that is one value (a
 * section of global variables) has a line for each member, other maps a line for each
 * entry.
 */
#include <inttypes.h>

#include <base/array.h>

#include <scxray/map.h>
#include <scxray/report_struct.h>

#include "render/text/diff.h"
#include "render/out/map_model.h"
#include "render/text/map.h"

#define MAX_ITEMS_SHOWN 16 /* entries of a map of the live scheduler */
#define MAX_FOREIGN 4	   /* of other maps */
#define MAX_MEMBERS 64	   /* lines of one value */
#define MAX_NAMES 16	   /* of what appeared or went */

struct map_out {
	struct text *t;
	const struct diff *d;
	const struct diagnosis *dg;
	struct strbuf *sb;
	size_t cap; /* items of a map */
};

/* ---- names ------------------------------------------------------------------- */

static void map_name(struct strbuf *sb, const struct scxray_map *map)
{
	size_t start = sb->len;

	cell_text(sb, &map->name);
	strbuf_puts(sb, " (");
	if (map->type_name)
		cell_string(sb, map->type_name);
	else
		cell_num(sb, &map->map_type);
	strbuf_putc(sb, ')');
	cell_keep_words(sb, start);
}

/* The name of a part; nothing where the map has only one. */
static void part_name(struct strbuf *sb, const struct scxray_map *map, size_t i)
{
	switch (map->form) {
	case SCXRAY_MAP_FD_ARRAY:
		if (map->slots->slots[i].key)
			map_text_key(sb, map, map->slots->slots[i].key);
		else
			strbuf_printf(sb, "[%" PRIu32 "]", map->slots->slots[i].index);
		break;
	case SCXRAY_MAP_ARENA:
		strbuf_hex(sb, map->arena->pages[i].user_addr, 1);
		break;
	case SCXRAY_MAP_STACK_TRACE:
		strbuf_printf(sb, "bucket %" PRIu32, map->stacks->stacks[i].id);
		break;
	default:
		map_text_name(sb, map, i);
		break;
	}
}

static void item_name(struct strbuf *sb, const struct diff *d, const struct diff_map *m,
		      const struct diff_item *item)
{
	const struct scxray_map *map =
		item->fate == DIFF_GONE ? &d->early->maps[m->early] : &d->late->maps[m->late];
	size_t start = sb->len;

	part_name(sb, map, item->fate == DIFF_GONE ? item->early : item->late);
	if (item->is_cpu)
		strbuf_printf(sb, " cpu %" PRIu32, item->cpu);
	cell_keep_words(sb, start);
}

/* ---- one map ------------------------------------------------------------------- */

static void put_line(struct map_out *o, unsigned indent)
{
	strbuf_fill(&o->t->out, ' ', indent);
	text_wrap(o->t, strbuf_str(o->sb), indent, indent + 4);
	o->sb->len = 0;
}

static const char *parts_word(const struct scxray_map *map)
{
	switch (map->form) {
	case SCXRAY_MAP_FD_ARRAY:
		return "slots";
	case SCXRAY_MAP_ARENA:
		return "pages";
	case SCXRAY_MAP_STACK_TRACE:
		return "buckets";
	case SCXRAY_MAP_PERCPU_ARRAY:
	case SCXRAY_MAP_PERCPU_ENTRIES:
		return "values";
	default:
		return "entries";
	}
}

/* "13 of 64 entries changed, 1 appeared" */
static void put_counts(struct map_out *o, const struct diff_map *m)
{
	const struct scxray_map *map = &o->d->late->maps[m->late];
	const struct {
		uint64_t nr;
		const char *word;
	} rest[] = { { m->appeared, "appeared" }, { m->gone, "gone" } };
	const char *gap = ": ";

	if (m->changed && map->form == SCXRAY_MAP_VALUE) {
		strbuf_putc(o->sb, ':');
		gap = " ";
	} else if (m->changed) {
		strbuf_printf(o->sb, "%s%" PRIu64 " of %" PRIu64 " %s changed", gap, m->changed,
			      m->changed + m->unchanged, parts_word(map));
		gap = ", ";
	}
	for (size_t i = 0; i < ARRAY_SIZE(rest); i++) {
		if (!rest[i].nr)
			continue;
		strbuf_printf(o->sb, "%s%" PRIu64 " %s", gap, rest[i].nr, rest[i].word);
		gap = ", ";
	}
	if (m->nr_changes) {
		strbuf_puts(o->sb, gap);
		cell_changes(o->sb, o->t, o->d, m->first_change, m->nr_changes, m->nr_changes);
	}
	if (!m->has_reason)
		return;
	if (m->not_compared)
		strbuf_printf(o->sb, "; %" PRIu64 " not compared", m->not_compared);
	else
		strbuf_puts(o->sb, "; not all of it compared");
	strbuf_printf(o->sb, " (%s)", diff_text(o->d, m->reason));
}

/* A line for each change of the map's one value. */
static void put_members(struct map_out *o, const struct diff_item *item)
{
	size_t cap = text_cap(o->t, o->cap == MAX_FOREIGN ? MAX_FOREIGN : MAX_MEMBERS);
	size_t shown = item->nr_changes < cap ? item->nr_changes : cap;

	for (size_t c = 0; c < shown; c++) {
		cell_change(o->sb, o->d, &o->d->changes[item->first_change + c]);
		put_line(o, 6);
	}
	if (shown < item->total_changes) {
		strbuf_printf(o->sb, "+%" PRIu64 " more", item->total_changes - shown);
		put_line(o, 6);
	}
	if (item->cut) {
		strbuf_puts(o->sb, "(not compared to its end)");
		put_line(o, 6);
	}
}

/* The storage of a task that is as usual says nothing. */
static bool is_as_usual(const struct map_out *o, const struct diff_map *m,
			const struct diff_item *item)
{
	const struct scxray_map *map = &o->d->late->maps[m->late];
	const struct scxray_task *task =
		map_is_storage(map) ? map_owner_task(o->d->late, map, &map->entries[item->late])
				    : NULL;

	return task && !o->t->full && !diff_task_tells(o->d, o->dg, task);
}

static void put_changed(struct map_out *o, const struct diff_map *m)
{
	size_t cap = text_cap(o->t, o->cap), shown = 0;

	for (size_t i = 0; i < m->nr_items && shown < cap; i++) {
		const struct diff_item *item = &o->d->items[m->first_item + i];

		if (item->fate != DIFF_CHANGED || is_as_usual(o, m, item))
			continue;
		shown++;
		if (o->d->late->maps[m->late].form == SCXRAY_MAP_VALUE) {
			put_members(o, item);
			continue;
		}
		item_name(o->sb, o->d, m, item);
		strbuf_puts(o->sb, ": ");
		cell_changes(o->sb, o->t, o->d, item->first_change, item->nr_changes,
			     item->total_changes);
		strbuf_puts(o->sb, item->cut ? " (not compared to its end)" : "");
		put_line(o, 6);
	}
	if (shown && shown < m->changed) {
		strbuf_printf(o->sb, "+%" PRIu64 " more", m->changed - shown);
		put_line(o, 6);
	}
}

/* The keys of the parts that appeared or went, as one paragraph. */
static void put_fate(struct map_out *o, const struct diff_map *m, enum diff_fate fate,
		     const char *label, uint64_t total)
{
	size_t cap = text_cap(o->t, MAX_NAMES), shown = 0;

	if (!total)
		return;
	strbuf_printf(o->sb, "%s:", label);
	for (size_t i = 0; i < m->nr_items && shown < cap; i++) {
		const struct diff_item *item = &o->d->items[m->first_item + i];

		if (item->fate != fate)
			continue;
		strbuf_puts(o->sb, shown++ ? ", " : " ");
		item_name(o->sb, o->d, m, item);
	}
	if (shown < total)
		strbuf_printf(o->sb, "%s+%" PRIu64 " more", shown ? ", " : " ", total - shown);
	put_line(o, 6);
}

static void put_map(struct map_out *o, const struct diff_map *m)
{
	map_name(o->sb, &o->d->late->maps[m->late]);
	put_counts(o, m);
	put_line(o, 4);
	put_changed(o, m);
	put_fate(o, m, DIFF_APPEARED, "appeared", m->appeared);
	put_fate(o, m, DIFF_GONE, "gone", m->gone);
}

bool text_diff_tells_map(const struct text *t, const struct diff *d, size_t early)
{
	const struct diff_map *m = NULL;

	for (size_t i = 0; d && i < d->nr_maps && !m; i++)
		if (d->maps[i].fate == DIFF_CHANGED && d->maps[i].early == early)
			m = &d->maps[i];
	if (!m || !text_wants(t, GROUP_DIFF) || map_is_storage(&d->late->maps[m->late]) ||
	    m->has_reason || m->gone || m->appeared || m->changed != m->nr_items ||
	    m->nr_items > MAX_FOREIGN)
		return false;
	for (size_t i = 0; i < m->nr_items; i++) {
		const struct diff_item *item = &d->items[m->first_item + i];

		if (item->cut || item->nr_changes != item->total_changes ||
		    item->nr_changes > MAX_FOREIGN)
			return false;
		for (size_t c = 0; c < item->nr_changes; c++)
			if (d->changes[item->first_change + c].note == DIFF_BOOKKEEPING ||
			    d->changes[item->first_change + c].bytes_differ)
				return false;
	}
	return true;
}

/* ---- all maps -------------------------------------------------------------------- */

/* The names of maps with one outcome, as one paragraph. */
static void put_maps(struct map_out *o, enum map_outcome outcome, const char *label)
{
	size_t cap = text_cap(o->t, MAX_NAMES), nr = 0;

	for (size_t i = 0; i < o->d->nr_maps; i++) {
		const struct diff_map *m = &o->d->maps[i];

		if (diff_map_outcome(m) != outcome || nr++ >= cap)
			continue;
		strbuf_puts(o->sb, nr > 1 ? ", " : label);
		map_name(o->sb, m->fate == DIFF_GONE ? &o->d->early->maps[m->early]
						     : &o->d->late->maps[m->late]);
		if (m->has_reason)
			strbuf_printf(o->sb, " (%s)", diff_text(o->d, m->reason));
	}
	if (nr > cap)
		strbuf_printf(o->sb, ", +%zu more", nr - cap);
	if (nr)
		put_line(o, 4);
}

void text_diff_maps(struct text *t, const struct diff *d, const struct diagnosis *dg)
{
	struct strbuf sb;
	struct map_out o = { .t = t, .d = d, .dg = dg, .sb = &sb };
	bool known = maps_any_active(d->late);
	size_t changed = 0;

	strbuf_init(&sb, NULL);
	for (size_t i = 0; i < d->nr_maps; i++)
		changed += diff_map_outcome(&d->maps[i]) == MAP_CHANGED;
	strbuf_puts(&t->out, "  ");
	text_styled(t, STYLE_CYAN, "maps");
	if (d->maps_unavailable) {
		strbuf_puts(&t->out, ": not compared (");
		cell_string(&t->out, d->maps_unavailable);
		strbuf_puts(&t->out, ")\n");
	} else {
		strbuf_printf(&t->out, ": %zu changed, %zu unchanged\n", changed,
			      d->unchanged_maps);
	}
	/* the scheduler's maps come first; without a known owner all maps are alike */
	for (int own = 1; own >= 0; own--)
		for (size_t i = 0; i < d->nr_maps; i++) {
			const struct diff_map *m = &d->maps[i];

			o.cap = own || !known ? MAX_ITEMS_SHOWN : MAX_FOREIGN;
			if (diff_map_outcome(m) == MAP_CHANGED &&
			    d->late->maps[m->late].active == own)
				put_map(&o, m);
		}
	put_maps(&o, MAP_APPEARED, "appeared: ");
	put_maps(&o, MAP_GONE, "gone: ");
	put_maps(&o, MAP_NOT_COMPARED, "not or not wholly compared: ");
	if (sb.error)
		t->out.error = sb.error;
	strbuf_deinit(&sb);
}
