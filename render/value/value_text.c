/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * value_text.c - lays out a value's tree as lines
 *
 * What fits is put on one line; else a struct has up to three scalars in a row, and each
 * compound member on lines of its own. Zero members are left out.
 */
#include <errno.h>
#include <stdlib.h>

#include "render/value/layout.h"

#define PER_ROW 3
#define ROW_GAP 3

/* The members without zeros, and with those of anonymous structs. */
struct members {
	const struct node **v;
	size_t nr, max;
	bool failed;
};

static void gather(struct members *m, const struct node *n)
{
	for (const struct node *c = n->first; c; c = c->next) {
		if (c->zero || node_is_format(c))
			continue;
		if (c->kind == NODE_STRUCT && c->name && !*c->name) {
			gather(m, c);
			continue;
		}
		if (m->nr == m->max) {
			size_t max = m->max ? m->max * 2 : 32;
			const struct node **v = realloc(m->v, max * sizeof(*v));

			if (!v) {
				m->failed = true;
				return;
			}
			m->v = v;
			m->max = max;
		}
		m->v[m->nr++] = c;
	}
}

static bool is_short(const struct node *n)
{
	return n->kind == NODE_LEAF && utf8_display_width(n->text, n->text_len) <= 48;
}

static size_t item_width(const struct node *n)
{
	return utf8_display_width(n->name, strlen(n->name)) + 1 +
	       utf8_display_width(n->text, n->text_len);
}

/* Scalars as name=value, in up to three columns, as many as fit in the width. */
static void put_rows(struct strbuf *sb, const struct members *m, unsigned depth, unsigned width)
{
	size_t columns = PER_ROW, nr = 0, w[PER_ROW];

	for (;; columns--) {
		size_t total = (size_t)depth * LAYOUT_INDENT, at = 0;

		memset(w, 0, sizeof(w));
		for (size_t i = 0; i < m->nr; i++) {
			if (!is_short(m->v[i]))
				continue;
			if (item_width(m->v[i]) > w[at % columns])
				w[at % columns] = item_width(m->v[i]);
			at++;
		}
		for (size_t c = 0; c < columns; c++)
			total += w[c] + (c ? ROW_GAP : 0);
		if (columns == 1 || total <= width)
			break;
	}
	for (size_t i = 0, pad = 0; i < m->nr; i++) {
		const struct node *n = m->v[i];

		if (!is_short(n))
			continue;
		if (nr % columns == 0)
			layout_newline(sb, depth);
		else
			strbuf_fill(sb, ' ', pad + ROW_GAP);
		strbuf_puts(sb, n->name);
		strbuf_putc(sb, '=');
		strbuf_write(sb, n->text, n->text_len);
		pad = w[nr % columns] - item_width(n);
		nr++;
	}
}

static void put_struct(struct strbuf *sb, const struct node *n, unsigned depth, unsigned width)
{
	struct members m = { 0 };

	gather(&m, n);
	if (m.failed)
		sb->error = ENOMEM;
	strbuf_puts(sb, n->text ? n->text : "(anonymous)");
	strbuf_putc(sb, ':');
	put_rows(sb, &m, depth + 1, width);
	for (size_t i = 0; i < m.nr; i++) {
		size_t start;

		if (is_short(m.v[i]))
			continue;
		layout_newline(sb, depth + 1);
		start = sb->len;
		strbuf_puts(sb, m.v[i]->name);
		strbuf_putc(sb, ' ');
		node_text(sb, m.v[i], depth + 1,
			  (depth + 1) * LAYOUT_INDENT + layout_width(sb, start), width);
	}
	if (n->cut) {
		layout_newline(sb, depth + 1);
		strbuf_printf(sb, "(cut: %s)", n->cut);
	}
	free(m.v);
}

void node_text(struct strbuf *sb, const struct node *n, unsigned depth, size_t column,
	       unsigned width)
{
	size_t start = sb->len;

	if (node_inline(sb, n, width > column ? width - column : 0))
		return;
	switch (n->kind) {
	case NODE_LEAF:
		strbuf_write(sb, n->text, n->text_len);
		break;
	case NODE_STRUCT:
		if (n->zero && !n->cut) {
			strbuf_puts(sb, n->text ? n->text : "");
			strbuf_puts(sb, "{}");
		} else {
			put_struct(sb, n, depth, width);
		}
		break;
	case NODE_ARRAY:
		node_array_text(sb, n, depth, column, width);
		break;
	case NODE_TRUNCATED:
	case NODE_POINTER:
		strbuf_write(sb, n->text, n->text_len);
		if (!n->first)
			break;
		strbuf_puts(sb, n->kind == NODE_POINTER ? " → " : " ");
		node_text(sb, n->first, depth, column + layout_width(sb, start), width);
		break;
	}
}

int scxray_value_text(const struct scxray_value *value, const struct scxray_value_options *options,
		      unsigned indent, FILE *out)
{
	unsigned width = options && options->width ? options->width : 120;
	struct strbuf sb;
	struct tree tree;
	int ret = tree_build(&tree, value, options);

	strbuf_init(&sb, out);
	if (!ret) {
		/* in memory first: the layout removes again what turned out too long */
		sb.sink = NULL;
		node_text(&sb, tree.root, indent, 0, width);
		sb.sink = out;
		ret = strbuf_flush(&sb);
	}
	strbuf_deinit(&sb);
	tree_deinit(&tree);
	return ret;
}
