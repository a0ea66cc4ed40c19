/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_table.c - entries whose values are flat structs, as a table
 *
 * Keys are flat structs, scalars, indices, or the owners of storage; with --full flat structs
 * only.
 *
 * Two passes over the entries: the first checks that all have the same form and measures
 * the columns, the second writes. No entry is kept, so a million entries need no more
 * memory than one.
 */
#include "render/out/escape.h"
#include "render/text/fold.h"
#include "render/out/map_model.h"
#include "render/text/map.h"

#include <errno.h>
#include <stdlib.h>

#include <scxray/map.h>

#define MAX_COLUMNS 128 /* of keys and values together */
#define MAX_WIDTH 256	/* of one column: a name of a megabyte would be padding in every row */

/* Key, value, and of storage the owner's address. */
#define NR_PARTS 3

/* The cells of an entry: each part is a struct of leaves.  It must not be moved. */
struct row {
	struct tree key, value;
	struct strbuf owner, address; /* of storage; `owner` is an array's index, too */
	struct node leaves[2];	      /* what is no struct: a scalar key, owner and address */
	struct node parts[NR_PARTS];
	size_t nr_parts;
};

struct columns {
	size_t nr_key, nr;
	size_t width[MAX_COLUMNS];
	const char *name[MAX_COLUMNS]; /* of the first row's members */
	struct row first;	       /* all others are like it */
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

static void row_deinit(struct row *row)
{
	tree_deinit(&row->key);
	tree_deinit(&row->value);
	strbuf_deinit(&row->owner);
	strbuf_deinit(&row->address);
}

static void add_part(struct row *row, const struct node *n)
{
	row->parts[row->nr_parts++] = *n;
}

/* A part of one leaf. */
static void add_leaf(struct row *row, size_t at, const char *name, const char *text, size_t len)
{
	row->leaves[at] = (struct node){
		.kind = NODE_LEAF, .name = name, .text = text, .text_len = (uint32_t)len
	};
	add_part(row, &(struct node){
			      .kind = NODE_STRUCT, .nr_children = 1, .first = &row->leaves[at] });
}

static bool add_key(struct map_text *m, const struct scxray_entry *entry, struct row *row)
{
	struct scxray_value key = scxray_map_key(m->map, entry);
	const char *owner = map_owner(m->map, entry);
	const struct node *root;

	if (map_is_storage(m->map) && !m->t->full && entry->key) {
		cell_string(&row->owner, owner ? owner : "-");
		strbuf_hex(&row->address, map_owner_kva(entry), 1);
		add_leaf(row, 0, "owner", strbuf_str(&row->owner), row->owner.len);
		return !row->owner.error && !row->address.error;
	}
	if (m->map->form == SCXRAY_MAP_ARRAY && !m->t->full) {
		strbuf_printf(&row->owner, "%u", entry->index);
		add_leaf(row, 0, "key", strbuf_str(&row->owner), row->owner.len);
		return !row->owner.error;
	}
	if (!m->map->key_type.btf || key.state != SCXRAY_PRESENT ||
	    !map_text_tree(m, &row->key, &key))
		return false;
	root = row->key.root;
	if (is_flat(root))
		add_part(row, root);
	else if (root->kind == NODE_LEAF && root->is_scalar && !m->t->full)
		add_leaf(row, 0, "key", root->text, root->text_len);
	else
		return false;
	return true;
}

/* Builds the cells of an entry, to be freed in either case; false if it makes no row. */
static bool row_init(struct map_text *m, size_t i, struct row *row)
{
	const struct scxray_entry *entry = &m->map->entries[i];
	struct scxray_value v = scxray_map_value(m->map, entry, entry->value);

	memset(row, 0, sizeof(*row));
	strbuf_init(&row->owner, NULL);
	strbuf_init(&row->address, NULL);
	if (v.state != SCXRAY_PRESENT || !add_key(m, entry, row) ||
	    !map_text_tree(m, &row->value, &v) || !is_flat(row->value.root))
		return false;
	add_part(row, row->value.root);
	if (row->address.len)
		add_leaf(row, 1, "address", strbuf_str(&row->address), row->address.len);
	return true;
}

static void name_columns(struct columns *columns)
{
	for (size_t p = 0; p < columns->first.nr_parts; p++)
		for (const struct node *c = columns->first.parts[p].first; c; c = c->next) {
			columns->name[columns->nr] = c->name;
			columns->width[columns->nr++] =
				utf8_display_width(c->name, strlen(c->name));
		}
	columns->nr_key = columns->first.parts[0].nr_children;
}

static size_t nr_cells(const struct row *row)
{
	size_t nr = 0;

	for (size_t p = 0; p < row->nr_parts; p++)
		nr += row->parts[p].nr_children;
	return nr;
}

static bool is_like(const struct row *a, const struct row *b)
{
	for (size_t p = 0; p < a->nr_parts; p++)
		if (!same_shape(&a->parts[p], &b->parts[p]))
			return false;
	return a->nr_parts == b->nr_parts;
}

/* Keys that are no structs have another form, too: only a table that fits is better. */
static bool too_wide(const struct map_text *m, const struct columns *columns)
{
	size_t line = 0;

	for (size_t c = 0; c < columns->nr; c++) {
		line += 2 + columns->width[c];
		if (columns->width[c] > MAX_WIDTH)
			return true;
	}
	return columns->first.leaves[0].text && line + 1 > m->t->width;
}

static bool is_row(const struct fold *f, size_t i)
{
	return !fold_is_hidden(f, i) && !fold_shares_line(f, i);
}

/* The first pass. */
static bool is_table(struct map_text *m, const struct fold *f, struct columns *columns)
{
	size_t first = 0;

	while (!is_row(f, first))
		first++;
	if (!row_init(m, first, &columns->first) || nr_cells(&columns->first) > MAX_COLUMNS)
		return false;
	name_columns(columns);
	for (size_t i = first; i < m->map->nr_entries; i++) {
		struct row row;
		bool fits;

		if (!is_row(f, i))
			continue;
		fits = row_init(m, i, &row) && is_like(&columns->first, &row);
		for (size_t p = 0, at = 0; fits && p < row.nr_parts; p++) {
			measure(columns, &row.parts[p], at);
			at += row.parts[p].nr_children;
		}
		row_deinit(&row);
		if (!fits || too_wide(m, columns))
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

static void put_row(struct map_text *m, const struct columns *columns, const struct row *row)
{
	size_t at = 0;

	for (size_t p = 0; p < row->nr_parts; p++)
		for (const struct node *c = row->parts[p].first; c; c = c->next)
			put_cell(m, columns, at++, c->text, c->text_len);
	strbuf_putc(&m->t->out, '\n');
}

bool map_text_table(struct map_text *m, const struct fold *f, const size_t *order)
{
	struct columns columns = { 0 };
	size_t rows = 0;
	bool is;

	for (size_t i = 0; i < f->nr; i++)
		rows += is_row(f, i);
	is = rows >= 2 && m->map->value_type.btf && is_table(m, f, &columns);
	if (is) {
		style_begin(m->t, &m->t->out, STYLE_BOLD);
		for (size_t c = 0; c < columns.nr; c++)
			put_cell(m, &columns, c, columns.name[c], strlen(columns.name[c]));
		style_end(m->t, &m->t->out, STYLE_BOLD);
		strbuf_putc(&m->t->out, '\n');
	}
	for (size_t at = 0; is && at < f->nr && !m->t->out.error; at++) {
		size_t i = order ? order[at] : at;
		struct row row;

		if (!is_row(f, i))
			continue;
		if (row_init(m, i, &row))
			put_row(m, &columns, &row);
		row_deinit(&row);
	}
	row_deinit(&columns.first);
	return is;
}
