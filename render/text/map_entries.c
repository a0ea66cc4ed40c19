/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_entries.c - maps of keys and values as text: equal values together
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <scxray/map.h>
#include <scxray/task.h>

#include "render/out/map_model.h"
#include "render/text/fold.h"
#include "render/text/map.h"

#define MAX_RANGES 16 /* of keys with one value */

/* True if the late report has the entry's key with the same value. */
static bool is_repeated(const struct map_text *m, size_t i, const struct scxray_value *value)
{
	const struct scxray_map *late = m->late;
	const struct scxray_entry *entry = &m->map->entries[i];
	uint32_t size = m->map->key_type.size;

	if (!late || m->map->form != SCXRAY_MAP_ENTRIES || late->key_type.size != size)
		return false;
	for (size_t n = 0; n < late->nr_entries; n++) {
		/* the order is the same as a rule */
		const struct scxray_entry *at = &late->entries[(i + n) % late->nr_entries];
		struct scxray_value v;

		if (!at->key || memcmp(at->key, entry->key, size) != 0)
			continue;
		v = scxray_map_value(late, at, at->value);
		return v.state == SCXRAY_PRESENT && v.size == value->size &&
		       !memcmp(v.bytes, value->bytes, v.size);
	}
	return false;
}

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
		if (known && is_repeated(m, i, &value))
			fold_add_repeated(f);
		else
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
	bool ok = fold_entries(m, &f);
	bool is_table = ok && !m->t->full && map_text_table(m, &f, NULL);

	strbuf_init(&label, NULL);
	for (size_t i = 0; ok && i < f.nr && !m->t->out.error; i++) {
		if (fold_is_hidden(&f, i) || !fold_is_first(&f, i) ||
		    (is_table && !fold_shares_line(&f, i)))
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

struct place {
	size_t index;
	int64_t age; /* of the task that owns the entry: it waits since, jiffies */
};

#define RUNS (-1)
#define SLEEPS (-2)

static int by_age(const void *va, const void *vb)
{
	const struct place *a = va, *b = vb;

	if (a->age != b->age)
		return a->age > b->age ? -1 : 1;
	return a->index < b->index ? -1 : a->index > b->index;
}

/* Entries of tasks that wait the longest come first; NULL without memory. */
static size_t *order_entries(const struct map_text *m)
{
	size_t nr = m->map->nr_entries;
	struct place *places = calloc(nr + 1, sizeof(*places));
	size_t *order = calloc(nr + 1, sizeof(*order));

	for (size_t i = 0; places && i < nr; i++) {
		const struct scxray_task *task =
			m->t->full ? NULL
				   : map_owner_task(m->t->report, m->map, &m->map->entries[i]);

		places[i] = (struct place){ i, SLEEPS };
		if (task && task->runnable_age_jiffies.state == SCXRAY_PRESENT)
			places[i].age = (int64_t)task->runnable_age_jiffies.value;
		else if (task && task->curr_cpu >= 0)
			places[i].age = RUNS;
	}
	if (places)
		qsort(places, nr, sizeof(*places), by_age);
	for (size_t i = 0; places && order && i < nr; i++)
		order[i] = places[i].index;
	if (!places) {
		free(order);
		order = NULL;
	}
	free(places);
	return order;
}

/* An entry and its value, or all entries with this value; in lines of their own. */
static void put_entry(struct map_text *m, const struct fold *f, size_t i)
{
	char what[48];

	if (f->values[i].nr > 1) {
		snprintf(what, sizeof(what), "%zu entries:", f->values[i].nr);
		map_text_names(m, f, i, what);
	} else {
		map_text_entry_key(m, &m->map->entries[i]);
		strbuf_putc(&m->t->out, '\n');
	}
	strbuf_puts(&m->t->out, "  value: ");
	put_value(m, i, 1, strlen("  value: "));
}

void map_text_entries(struct map_text *m)
{
	struct fold f;
	size_t *order = order_entries(m);
	bool ok = fold_entries(m, &f) && order;
	bool is_table = ok && map_text_table(m, &f, order);

	if (!order)
		m->t->out.error = ENOMEM;
	for (size_t at = 0; ok && at < f.nr && !m->t->out.error; at++) {
		size_t i = order[at];

		if (!fold_is_hidden(&f, i) && fold_is_first(&f, i) &&
		    (!is_table || fold_shares_line(&f, i)))
			put_entry(m, &f, i);
	}
	if (ok)
		map_text_zero_entries(m, &f);
	if (ok && f.nr_repeated)
		strbuf_printf(&m->t->out, "(%zu of %zu entries as in the late snapshot)\n",
			      f.nr_repeated, f.nr);
	fold_deinit(&f);
	free(order);
}
