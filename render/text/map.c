/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map.c - every BPF map as text: its header, then its contents by form
 */
#include <base/array.h>

#include <scxray/map.h>
#include <scxray/report_struct.h>

#include "render/text/map.h"

#include "render/out/escape.h"
#include "render/out/map_model.h"
#include "render/out/reasons.h"
#include "render/text/diff.h"
#include "render/text/report.h"

#define MAX_REPEATED (4u << 20) /* bytes of a map that is compared with the late one */
#define MAX_STRINGS 256		/* strings shown of a section of literals */

/* True if the bytes are strings only, each with its NUL: sections of literals have no BTF. */
static bool are_strings(const uint8_t *bytes, size_t size)
{
	bool any = false;

	for (size_t i = 0; i < size; i++) {
		if (bytes[i] > 0x7e || (bytes[i] && bytes[i] < 0x20 && bytes[i] != '\n' &&
					bytes[i] != '\t' && bytes[i] != '\r'))
			return false;
		any |= i && !bytes[i] && bytes[i - 1];
	}
	return any && !bytes[size - 1];
}

static void put_strings(struct text *t, const uint8_t *bytes, size_t size)
{
	size_t cap = text_cap(t, MAX_STRINGS);
	struct strbuf *out = &t->out;
	size_t nr = 0;

	for (size_t at = 0; at < size;) {
		size_t len = strnlen((const char *)bytes + at, size - at);

		if (len && nr++ < cap) {
			strbuf_puts(out, "  \"");
			escape_text(out, (const char *)bytes + at, len, true);
			strbuf_puts(out, "\"\n");
		}
		at += len + 1;
	}
	if (nr > cap)
		strbuf_printf(out, "  +%zu more strings\n", nr - cap);
}

static void put_values(struct map_text *m)
{
	for (size_t i = 0; i < m->map->nr_entries; i++) {
		const struct scxray_entry *entry = &m->map->entries[i];
		struct scxray_value value = scxray_map_value(m->map, entry, entry->value);

		if (value.state == SCXRAY_PRESENT && !value.btf &&
		    are_strings(value.bytes, value.size))
			put_strings(m->t, value.bytes, value.size);
		else
			map_text_line(m, &value, 0, "%s", "");
	}
}

/* Queues and stacks have no BTF: elements of 4 or 8 bytes are shown as numbers, too. */
static void put_queue(struct map_text *m)
{
	for (size_t i = 0; i < m->map->nr_entries; i++) {
		const struct scxray_entry *entry = &m->map->entries[i];
		struct scxray_value value = scxray_map_value(m->map, entry, entry->value);
		uint32_t size = m->map->value_type.size;
		uint64_t number = 0;
		char label[32];

		snprintf(label, sizeof(label), "  [%u] ", entry->index);
		strbuf_puts(&m->t->out, label);
		map_text_value(m, &value, 1, strlen(label));
		if (entry->value && !value.btf && (size == 4 || size == 8)) {
			memcpy(&number, entry->value, size);
			strbuf_puts(&m->t->out, " = ");
			strbuf_u64(&m->t->out, number);
		}
		strbuf_putc(&m->t->out, '\n');
	}
}

static void (*const forms[])(struct map_text *) = {
	[SCXRAY_MAP_VALUE] = put_values,
	[SCXRAY_MAP_ARRAY] = map_text_array,
	[SCXRAY_MAP_ENTRIES] = map_text_entries,
	[SCXRAY_MAP_PERCPU_ARRAY] = map_text_percpu_array,
	[SCXRAY_MAP_PERCPU_ENTRIES] = map_text_percpu_entries,
	[SCXRAY_MAP_QUEUE] = put_queue,
	[SCXRAY_MAP_ARENA] = map_text_arena,
	[SCXRAY_MAP_RINGBUF] = map_text_ringbuf,
	[SCXRAY_MAP_STACK_TRACE] = map_text_stacks,
	[SCXRAY_MAP_FD_ARRAY] = map_text_slots,
	[SCXRAY_MAP_BLOOM] = map_text_bloom,
};

/* ---- the header ----------------------------------------------------------- */

static void put_header(struct text *t, const struct scxray_map *map)
{
	style_begin(t, &t->out, STYLE_BOLD);
	strbuf_puts(&t->out, "map ");
	cell_text(&t->out, &map->name);
	style_end(t, &t->out, STYLE_BOLD);
	strbuf_puts(&t->out, " (type=");
	if (map->type_name)
		cell_string(&t->out, map->type_name);
	else
		cell_num(&t->out, &map->map_type);
	strbuf_puts(&t->out, ", value_size=");
	cell_num(&t->out, &map->value_size);
	strbuf_puts(&t->out, ", max_entries=");
	cell_num(&t->out, &map->max_entries);
	strbuf_putc(&t->out, ')');
	if (map->error) {
		strbuf_puts(&t->out, " [error: ");
		cell_string(&t->out, map->error);
		strbuf_putc(&t->out, ']');
	}
	strbuf_putc(&t->out, '\n');
}

static const char *const queue_order[] = { "next out first", "top first" };

/* Facts that the header has no place for: a line in parentheses, or none. */
static void put_notes(struct text *t, const struct scxray_map *map)
{
	struct strbuf notes;

	strbuf_init(&notes, NULL);
	if (map->sched_name) {
		strbuf_puts(&notes, "scheduler ");
		cell_string(&notes, map->sched_name);
		strbuf_puts(&notes, "'s own; ");
	} else if (map->active && t->full) {
		strbuf_puts(&notes, "the live scheduler's own; ");
	}
	if (map_has_entries(map) && !map->nr_entries && !map->error)
		strbuf_puts(&notes, "empty; ");
	if (map->form == SCXRAY_MAP_QUEUE && map->nr_entries)
		strbuf_printf(&notes, "%llu elements, %s; ",
			      (unsigned long long)(map->total > map->nr_entries ? map->total
										: map->nr_entries),
			      queue_order[map->map_type.value == 23]);
	if (map_has_entries(map) && map->nr_entries && map->total > map->nr_entries)
		strbuf_printf(&notes, "%zu of %s%llu entries shown; ", map->nr_entries,
			      map->total_is_least ? "at least " : "",
			      (unsigned long long)map->total);
	if (map->btf_error) {
		strbuf_puts(&notes, "raw bytes: ");
		cell_string(&notes, map->btf_error);
		strbuf_puts(&notes, "; ");
	}
	if (notes.len) {
		notes.len -= 2;
		style_begin(t, &t->out, STYLE_DIM);
		strbuf_puts(&t->out, "  (");
		strbuf_write(&t->out, notes.data, notes.len);
		strbuf_putc(&t->out, ')');
		style_end(t, &t->out, STYLE_DIM);
		strbuf_putc(&t->out, '\n');
	}
	if (notes.error)
		t->out.error = notes.error;
	strbuf_deinit(&notes);
}

static void put_cut(struct text *t, const struct scxray_report *r, enum scxray_group group)
{
	if (!r->cut[group])
		return;
	text_section(t);
	strbuf_puts(&t->out, group_names[group].text);
	strbuf_puts(&t->out, " cut: ");
	cell_string(&t->out, r->cut[group]);
	strbuf_putc(&t->out, '\n');
}

static void put_map(struct text *t, const void *item)
{
	struct map_text m = *(const struct map_text *)item;
	size_t form = (size_t)m.map->form;

	m.t = t;
	text_section(t);
	put_header(t, m.map);
	put_notes(t, m.map);
	if (form < ARRAY_SIZE(forms) && forms[form])
		forms[form](&m);
}

/* The same map in the late report, NULL if it has none; `hint`: where it is likely to be. */
static const struct scxray_map *find_late(const struct scxray_report *late,
					  const struct scxray_map *map, size_t hint)
{
	for (size_t i = 0; i < late->nr_maps; i++) {
		const struct scxray_map *at = &late->maps[(hint + i) % late->nr_maps];

		if (at->id == map->id && at->map_kva == map->map_kva)
			return at;
	}
	return NULL;
}

/* Both texts of a map that may be repeated are in memory: of a huge map they would be too much. */
static bool is_small(const struct scxray_map *map)
{
	uint64_t size = map->value_type.size + 64, cpus = map->nr_cpus ? map->nr_cpus : 1;

	return map->nr_entries <= MAX_REPEATED && cpus <= MAX_REPEATED && size <= MAX_REPEATED &&
	       map->nr_entries * size * cpus <= MAX_REPEATED;
}

/* True if the late report's text of the map is the same. */
static bool is_repeated(struct map_text *m, size_t i, struct follow *late_follow)
{
	const struct scxray_map *late = m->t->late ? find_late(m->t->late, m->map, i) : NULL;

	if (late && is_small(m->map) && is_small(late)) {
		struct map_text old = { .map = m->map, .follow = m->follow, .plain = true };
		struct map_text new = { .map = late, .follow = late_follow, .plain = true };

		if (text_is_repeated(m->t, &old, &new, put_map))
			return true;
		m->late = late;
	}
	return false;
}

#define MAX_NAMES 64 /* maps that share a line */

/* Names of maps that share a line. */
struct names {
	struct strbuf sb;
	size_t nr;
};

/* "label a, b (why)" */
static void add_name(struct names *names, const char *label, const struct scxray_map *map,
		     const char *why)
{
	struct strbuf *sb = &names->sb;
	size_t start;

	if (names->nr++ >= MAX_NAMES)
		return;
	strbuf_puts(sb, sb->len ? ", " : label);
	start = sb->len;
	cell_text(sb, &map->name);
	if (why)
		strbuf_printf(sb, " (%s)", why);
	cell_keep_words(sb, start);
}

/* The lists of names, as one section. */
static void put_names(struct text *t, struct names *lists, size_t nr)
{
	bool any = false;

	for (size_t i = 0; i < nr; i++) {
		struct strbuf *sb = &lists[i].sb;

		if (lists[i].nr > MAX_NAMES)
			strbuf_printf(sb, ", +%zu more", lists[i].nr - MAX_NAMES);
		if (sb->len) {
			if (!any)
				text_section(t);
			any = true;
			text_wrap(t, strbuf_str(sb), 0, 4);
		}
		if (sb->error)
			t->out.error = sb->error;
		strbuf_deinit(sb);
	}
}

/* Where the maps begin that are not the live scheduler's, which come first. */
static void put_others(struct text *t, bool *any)
{
	if (!*any)
		return;
	*any = false;
	text_section(t);
	style_begin(t, &t->out, STYLE_DIM);
	strbuf_puts(&t->out, "(the maps below are not the live scheduler's own)\n");
	style_end(t, &t->out, STYLE_DIM);
	t->any_section = false;
}

void text_maps(struct text *t, const struct scxray_report *r)
{
	struct follow follow, late_follow = { 0 };
	struct names names[3] = { 0 };
	bool own = maps_any_active(r) && !t->full;

	text_reason(t, r, SCXRAY_GROUP_MAPS, r->nr_maps);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		strbuf_init(&names[i].sb, NULL);
	follow_init(&follow, r);
	if (t->late)
		follow_init(&late_follow, t->late);
	/* the live scheduler's own come first, but with --full all are in the order of their ids */
	for (size_t at = 0; at < 2 * r->nr_maps && !t->out.error; at++) {
		size_t i = at % r->nr_maps;
		struct map_text m = { .t = t, .map = &r->maps[i], .follow = &follow };
		bool first = m.map->active || t->full;
		const char *why;

		if (first != (at < r->nr_maps) || !map_wanted(t->doc->only, m.map))
			continue;
		if (is_repeated(&m, i, &late_follow)) {
			add_name(&names[2], "maps as in the late snapshot: ", m.map, NULL);
		} else if (text_diff_tells_map(t, t->diff, i)) {
			add_name(&names[1], "maps that differ only in what diff shows: ", m.map,
				 NULL);
		} else if ((why = map_text_nothing(&m))) {
			add_name(&names[0], "maps that hold nothing: ", m.map, why);
		} else {
			if (!first)
				put_others(t, &own);
			put_map(t, &m);
		}
	}
	follow_deinit(&follow);
	follow_deinit(&late_follow);
	put_names(t, names, ARRAY_SIZE(names));
	if (r->nr_maps || r->unavailable[SCXRAY_GROUP_MAPS])
		put_cut(t, r, SCXRAY_GROUP_MAPS);
	put_cut(t, r, SCXRAY_GROUP_POINTEES);
}
