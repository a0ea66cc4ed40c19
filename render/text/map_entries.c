/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_entries.c - maps of keys and values as text: equal values together
 */
#include <errno.h>

#include "render/out/map_model.h"
#include "render/text/fold.h"
#include "render/text/map.h"

#define MAX_RANGES 16 /* of keys with one value */

static bool fold_entries(struct map_text *m, struct fold *f)
{
	bool ok = fold_init(f, m->map->nr_entries);

	for (size_t i = 0; ok && i < m->map->nr_entries; i++) {
		const struct scxray_entry *entry = &m->map->entries[i];
		struct scxray_value value = scxray_map_value(m->map, entry, entry->value);
		bool known;

		/* what could not be read is shown by itself, with its reason */
		known = value.state == SCXRAY_PRESENT &&
			(entry->key || m->map->form != SCXRAY_MAP_ENTRIES);
		fold_add(f, known ? value.bytes : NULL, value.size);
	}
	ok = ok && (m->t->full || fold_group(f));
	if (!ok)
		m->t->out.error = ENOMEM;
	return ok;
}

static void put_value(struct map_text *m, size_t i, unsigned depth, size_t column)
{
	const struct scxray_entry *entry = &m->map->entries[i];
	struct scxray_value value = scxray_map_value(m->map, entry, entry->value);

	map_text_value(m, &value, depth, column);
	strbuf_putc(&m->t->out, '\n');
}

/* ---- arrays ------------------------------------------------------------------ */

static uint32_t entry_index(const void *map, size_t i)
{
	return ((const struct scxray_map *)map)->entries[i].index;
}

void map_text_array(struct map_text *m)
{
	struct strbuf label;
	struct fold f;

	strbuf_init(&label, NULL);
	for (size_t i = 0, ok = fold_entries(m, &f); ok && i < f.nr && !m->t->out.error; i++) {
		if (fold_is_hidden(&f, i) || !fold_is_first(&f, i))
			continue;
		label.len = 0;
		strbuf_puts(&label, f.values[i].nr > 1 ? "keys " : "key ");
		fold_put_ranges(&label, &f, i, MAX_RANGES, entry_index, m->map);
		strbuf_puts(&label, ": ");
		strbuf_write(&m->t->out, label.data, label.len);
		put_value(m, i, 0, label.len);
	}
	if (f.values && f.grouped && f.nr_zero > 1)
		strbuf_printf(&m->t->out, "%zu of %zu entries all zero\n", f.nr_zero, f.nr);
	if (label.error)
		m->t->out.error = label.error;
	strbuf_deinit(&label);
	fold_deinit(&f);
}

/* ---- hashes, storage ----------------------------------------------------------- */

void map_text_entries(struct map_text *m)
{
	struct fold f;
	bool ok = fold_entries(m, &f);

	ok = ok && !map_text_table(m, &f);
	for (size_t i = 0; ok && i < f.nr && !m->t->out.error; i++) {
		if (fold_is_hidden(&f, i) || !fold_is_first(&f, i))
			continue;
		if (f.values[i].nr > 1) {
			char what[48];

			snprintf(what, sizeof(what), "%zu entries:", f.values[i].nr);
			map_text_names(m, &f, i, what);
		} else {
			map_text_entry_key(m, &m->map->entries[i]);
			strbuf_putc(&m->t->out, '\n');
		}
		strbuf_puts(&m->t->out, "  value: ");
		put_value(m, i, 1, strlen("  value: "));
	}
	if (ok)
		map_text_zero_entries(m, &f);
	fold_deinit(&f);
}
