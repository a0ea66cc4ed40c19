/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_cpus.c - values per CPU, those that are equal or zero together; per-CPU hashes
 */
#include <errno.h>

#include <scxray/map.h>

#include "render/out/map_model.h"
#include "render/text/fold.h"
#include "render/text/map.h"
#include "render/value/leaf.h"

#define MAX_RANGES 16 /* of CPUs with one value */
#define MAX_NAMES 64  /* entries that are zero */

static uint32_t cpu_number(const void *map, size_t c)
{
	return ((const struct scxray_map *)map)->cpus[c];
}

void map_text_cpus(struct map_text *m, size_t entry)
{
	static const uint8_t unmapped[1];
	const struct scxray_map *map = m->map;
	struct strbuf *out = &m->t->out, label;
	struct fold f;

	strbuf_init(&label, NULL);
	if (!fold_init(&f, map->nr_cpus))
		out->error = ENOMEM;
	for (size_t c = 0; f.values && c < map->nr_cpus; c++) {
		struct scxray_value value = map_percpu_value(map, entry, c);
		bool mapped = !map_is_unmapped(map, entry, c);

		fold_add(&f, mapped ? value.bytes : unmapped, mapped ? value.size : 0);
	}
	if (f.values && !m->t->full && !fold_group(&f))
		out->error = ENOMEM;
	for (size_t c = 0; c < f.nr && !out->error; c++) {
		struct scxray_value value = map_percpu_value(map, entry, c);

		if (!fold_is_first(&f, c))
			continue;
		label.len = 0;
		if (f.values[c].nr > 1 && f.values[c].nr == f.nr) {
			strbuf_puts(&label, "  all CPUs: ");
		} else {
			strbuf_puts(&label, f.values[c].nr > 1 ? "  cpus " : "  cpu ");
			fold_put_ranges(&label, &f, c, MAX_RANGES, cpu_number, map);
			strbuf_puts(&label, ": ");
		}
		strbuf_write(out, label.data, label.len);
		if (map_is_unmapped(map, entry, c))
			strbuf_puts(out, "<unmapped>");
		else
			map_text_value(m, &value, 1, label.len);
		strbuf_putc(out, '\n');
	}
	strbuf_deinit(&label);
	fold_deinit(&f);
}

bool map_text_is_zero(const struct scxray_map *map, size_t entry)
{
	for (size_t c = 0; c < map->nr_cpus; c++) {
		struct scxray_value value = map_percpu_value(map, entry, c);

		if (value.state != SCXRAY_PRESENT || !bytes_are_zero(value.bytes, value.size))
			return false;
	}
	return map->nr_cpus > 0 &&
	       (map->form == SCXRAY_MAP_PERCPU_ARRAY || map->entries[entry].key);
}

size_t map_text_nr_zero(const struct map_text *m)
{
	size_t nr = 0;

	for (size_t i = 0; i < m->map->nr_entries && !m->t->full; i++)
		nr += map_text_is_zero(m->map, i);
	return nr > 1 ? nr : 0;
}

void map_text_zero_cpus(struct map_text *m, size_t nr_zero, bool named)
{
	struct strbuf sb;
	size_t nr = 0;

	if (!nr_zero)
		return;
	strbuf_init(&sb, NULL);
	strbuf_printf(&sb, "%zu of %zu entries zero on all CPUs", nr_zero, m->map->nr_entries);
	for (size_t i = 0; named && i < m->map->nr_entries && nr < MAX_NAMES; i++) {
		if (!map_text_is_zero(m->map, i))
			continue;
		strbuf_puts(&sb, nr++ ? ", " : ": ");
		map_text_name(&sb, m->map, i);
	}
	if (named && nr < nr_zero)
		strbuf_printf(&sb, ", +%zu more", nr_zero - nr);
	text_wrap(m->t, strbuf_str(&sb), 0, 4);
	strbuf_deinit(&sb);
}

void map_text_percpu_entries(struct map_text *m)
{
	size_t nr_zero;

	if (!m->map->per_cpu)
		return;
	nr_zero = map_text_nr_zero(m);
	for (size_t i = 0; i < m->map->nr_entries && !m->t->out.error; i++) {
		const struct scxray_entry *entry = &m->map->entries[i];

		if (nr_zero && map_text_is_zero(m->map, i))
			continue;
		map_text_entry_key(m, entry);
		strbuf_putc(&m->t->out, '\n');
		if (entry->reason && entry->key) {
			strbuf_puts(&m->t->out, "  ");
			cell_unreadable(&m->t->out, entry->addr, entry->reason);
			strbuf_putc(&m->t->out, '\n');
			continue;
		}
		map_text_cpus(m, i);
	}
	map_text_zero_cpus(m, nr_zero, true);
}
