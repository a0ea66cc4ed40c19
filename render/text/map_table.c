/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_table.c - entries whose keys and values are flat structs, as a table
 *
 * Two passes over the entries: the first checks that all have the same form and measures
 * the columns, the second writes. No entry is kept, so a million entries need no more
 * memory than one.
 */
#include "render/out/escape.h"
#include "render/text/fold.h"
#include "render/text/map.h"

#include <errno.h>
#include <stdlib.h>

#define MAX_COLUMNS 128 /* of keys and values together */
#define MAX_WIDTH 256	/* of one column: a name of a megabyte would be padding in every row */

struct columns {
	size_t nr_key, nr;
	size_t width[MAX_COLUMNS];
	const char *name[MAX_COLUMNS]; /* of the first entry's members */
	struct tree key, value;	       /* of the first entry: all others are like it */
};

static bool is_flat(const struct node *n)
{
	if (n->kind != NODE_STRUCT || n->cut || !n->first)
		return false;
	for (const struct node *c = n->first; c; c = c->next)
		if (c->kind != NODE_LEAF || !c->is_scalar)
			return false;
	return true;
}

static bool same_shape(const struct node *a, const struct node *b)
{
	const struct node *x = a->first, *y = b->first;

	if (a->nr_children != b->nr_children || !a->text != !b->text ||
	    (a->text && strcmp(a->text, b->text) != 0))
		return false;
	for (; x && y; x = x->next, y = y->next)
		if (strcmp(x->name, y->name) != 0)
			return false;
	return !x && !y;
}

static void measure(struct columns *columns, const struct node *n, size_t at)
{
	for (const struct node *c = n->first; c; c = c->next, at++) {
		size_t w = utf8_display_width(c->text, c->text_len);

		if (w > columns->width[at])
			columns->width[at] = w;
	}
}

/* Builds both trees of an entry, to be freed in either case; false if it makes no row. */
static bool row(struct map_text *m, size_t i, struct tree *key, struct tree *value)
{
	const struct scxray_entry *entry = &m->map->entries[i];
	struct scxray_value k = scxray_map_key(m->map, entry);
	struct scxray_value v = scxray_map_value(m->map, entry, entry->value);

	memset(key, 0, sizeof(*key));
	memset(value, 0, sizeof(*value));
	return k.state == SCXRAY_PRESENT && v.state == SCXRAY_PRESENT &&
	       map_text_tree(m, key, &k) && map_text_tree(m, value, &v) && is_flat(key->root) &&
	       is_flat(value->root);
}

static void name_columns(struct columns *columns)
{
	const struct node *parts[] = { columns->key.root, columns->value.root };

	for (size_t p = 0; p < 2; p++)
		for (const struct node *c = parts[p]->first; c; c = c->next) {
			columns->name[columns->nr] = c->name;
			columns->width[columns->nr++] =
				utf8_display_width(c->name, strlen(c->name));
		}
	columns->nr_key = columns->key.root->nr_children;
}

static bool too_wide(const struct columns *columns)
{
	for (size_t c = 0; c < columns->nr; c++)
		if (columns->width[c] > MAX_WIDTH)
			return true;
	return false;
}

/* The first pass. */
static bool is_table(struct map_text *m, const struct fold *f, struct columns *columns)
{
	size_t first = 0;

	while (fold_is_hidden(f, first))
		first++;
	if (!row(m, first, &columns->key, &columns->value) ||
	    columns->key.root->nr_children + columns->value.root->nr_children > MAX_COLUMNS)
		return false;
	name_columns(columns);
	for (size_t i = 0; i < m->map->nr_entries; i++) {
		struct tree key, value;
		bool fits;

		if (fold_is_hidden(f, i))
			continue;
		fits = row(m, i, &key, &value) && same_shape(columns->key.root, key.root) &&
		       same_shape(columns->value.root, value.root);

		if (fits) {
			measure(columns, key.root, 0);
			measure(columns, value.root, columns->nr_key);
		}
		tree_deinit(&key);
		tree_deinit(&value);
		if (!fits || too_wide(columns))
			return false;
	}
	return true;
}

static void put_cell(struct map_text *m, const struct columns *columns, size_t at, const char *text,
		     size_t len)
{
	struct strbuf *out = &m->t->out;

	strbuf_puts(out, at == columns->nr_key ? " | " : "  ");
	strbuf_fill(out, ' ', columns->width[at] - utf8_display_width(text, len));
	strbuf_write(out, text, len);
}

static void put_cells(struct map_text *m, const struct columns *columns, const struct node *n,
		      size_t at)
{
	for (const struct node *c = n->first; c; c = c->next, at++)
		put_cell(m, columns, at, c->text, c->text_len);
}

bool map_text_table(struct map_text *m, const struct fold *f)
{
	struct columns columns = { 0 };
	size_t shown = f->nr - (f->grouped && f->nr_zero > 1 ? f->nr_zero : 0);
	bool is = shown >= 2 && m->map->key_type.btf && m->map->value_type.btf &&
		  is_table(m, f, &columns);

	if (is) {
		style_begin(m->t, &m->t->out, STYLE_BOLD);
		for (size_t c = 0; c < columns.nr; c++)
			put_cell(m, &columns, c, columns.name[c], strlen(columns.name[c]));
		style_end(m->t, &m->t->out, STYLE_BOLD);
		strbuf_putc(&m->t->out, '\n');
	}
	for (size_t i = 0; is && i < m->map->nr_entries && !m->t->out.error; i++) {
		struct tree key, value;

		if (fold_is_hidden(f, i))
			continue;
		if (row(m, i, &key, &value)) {
			put_cells(m, &columns, key.root, 0);
			put_cells(m, &columns, value.root, columns.nr_key);
			strbuf_putc(&m->t->out, '\n');
		}
		tree_deinit(&key);
		tree_deinit(&value);
	}
	if (is)
		map_text_zero_entries(m, f);
	tree_deinit(&columns.key);
	tree_deinit(&columns.value);
	return is;
}
