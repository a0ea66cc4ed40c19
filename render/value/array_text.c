/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * array_text.c - arrays as lines: elements fill the width, equal and similar neighbours
 * share one
 */
#include "render/value/layout.h"

/* Adds `item` to the line, or to a new one if there is no room. */
struct filler {
	struct strbuf *sb;
	unsigned depth, width;
	size_t column;
	bool any;
};

static void fill(struct filler *f, struct strbuf *item, const char *gap)
{
	size_t w = utf8_display_width(item->data, item->len);

	if (f->any && f->column + strlen(gap) + w > f->width) {
		layout_newline(f->sb, f->depth + 1);
		f->column = (f->depth + 1) * LAYOUT_INDENT;
	} else if (f->any) {
		strbuf_puts(f->sb, gap);
		f->column += strlen(gap);
	}
	strbuf_write(f->sb, item->data, item->len);
	f->column += w;
	f->any = true;
	item->len = 0;
}

static void put_dense(struct filler *f, const struct node *n, struct strbuf *item)
{
	strbuf_putc(f->sb, '[');
	f->column++;
	for (const struct node *c = n->first; c; c = c->next) {
		strbuf_write(item, c->text, c->text_len);
		strbuf_putc(item, c->next ? ',' : ']');
		fill(f, item, " ");
	}
	if (!n->first)
		strbuf_putc(f->sb, ']');
}

/* [i]=v and runs [i..j]={v, v}; elements that are not named are zero. */
static void put_sparse(struct filler *f, const struct node *n, struct strbuf *item)
{
	const struct node *c = n->first;
	size_t i = 0;

	while (c) {
		const struct node *run = c;
		size_t first = i;

		if (c->zero) {
			c = c->next;
			i++;
			continue;
		}
		for (; c && !c->zero; c = c->next)
			i++;
		if (i - first == 1) {
			strbuf_printf(item, "[%zu]=", first);
			strbuf_write(item, run->text, run->text_len);
		} else {
			strbuf_printf(item, "[%zu..%zu]={", first, i - 1);
			for (; run != c; run = run->next) {
				strbuf_write(item, run->text, run->text_len);
				if (run->next != c) {
					strbuf_putc(item, ',');
					fill(f, item, item->data[0] == '[' ? "  " : " ");
				}
			}
			strbuf_putc(item, '}');
		}
		fill(f, item, item->data[0] == '[' ? "  " : " ");
	}
}

static void put_scalars(struct strbuf *sb, const struct node *n, unsigned depth, size_t column,
			unsigned width)
{
	struct filler f = { .sb = sb, .depth = depth, .width = width, .column = column };
	struct strbuf item;
	size_t zeros = 0;

	strbuf_init(&item, NULL);
	for (const struct node *c = n->first; c; c = c->next)
		zeros += c->zero;
	if (n->nr_children >= 8 && zeros * 2 > n->nr_children) {
		put_sparse(&f, n, &item);
		if (zeros == n->nr_children)
			strbuf_printf(sb, "[first %zu zero]", zeros);
	} else {
		put_dense(&f, n, &item);
	}
	if (n->cut)
		strbuf_printf(sb, " (%s)", n->cut);
	if (item.error)
		sb->error = item.error;
	strbuf_deinit(&item);
}

static void range(struct strbuf *sb, size_t first, size_t last)
{
	strbuf_printf(sb, first == last ? "[%zu] " : "[%zu-%zu] ", first, last);
}

#define MAX_VARYING 3

/*
 * Sets in `varies` the members in which structs `a` and `b` differ; false if their members
 * are not the same.
 */
static bool compare_members(const struct node *a, const struct node *b, bool *varies, size_t max)
{
	const struct node *x = a->first, *y = b->first;
	size_t i = 0;

	if (a->kind != NODE_STRUCT || b->kind != NODE_STRUCT || a->nr_children != b->nr_children ||
	    a->nr_children > max || a->cut || b->cut)
		return false;
	for (; x && y; x = x->next, y = y->next, i++) {
		if (strcmp(x->name, y->name) != 0)
			return false;
		if (!node_equal(x, y)) {
			if (x->kind != NODE_LEAF || y->kind != NODE_LEAF)
				return false;
			varies[i] = true;
		}
	}
	return true;
}

#define MAX_TEMPLATE_MEMBERS 64

/*
 * The number of structs from `n` on that differ from it in at most three scalar members,
 * without equal neighbours. Below three they make no template.
 */
static size_t template_length(const struct node *n, bool *varies)
{
	size_t len = 1;

	memset(varies, 0, MAX_TEMPLATE_MEMBERS);
	for (const struct node *c = n->next, *before = n; c; before = c, c = c->next, len++) {
		bool with[MAX_TEMPLATE_MEMBERS];
		size_t nr = 0;

		memcpy(with, varies, sizeof(with));
		if (node_equal(before, c) || !compare_members(n, c, with, MAX_TEMPLATE_MEMBERS))
			break;
		for (size_t i = 0; i < MAX_TEMPLATE_MEMBERS; i++)
			nr += with[i];
		if (nr > MAX_VARYING)
			break;
		memcpy(varies, with, sizeof(with));
	}
	return len >= 3 ? len : 0;
}

static void put_template(struct strbuf *sb, const struct node *n, size_t first, size_t len,
			 const bool *varies, unsigned depth, unsigned width)
{
	size_t i = 0;

	range(sb, first, first + len - 1);
	strbuf_puts(sb, n->text ? n->text : "(anonymous)");
	strbuf_putc(sb, ':');
	for (const struct node *m = n->first; m; m = m->next, i++) {
		size_t start;

		if (varies[i] || m->zero)
			continue;
		layout_newline(sb, depth + 1);
		start = sb->len;
		strbuf_puts(sb, m->name);
		strbuf_putc(sb, '=');
		node_text(sb, m, depth + 1, (depth + 1) * LAYOUT_INDENT + layout_width(sb, start),
			  width);
	}
	i = 0;
	for (const struct node *m = n->first; m; m = m->next, i++) {
		struct filler f = { .sb = sb, .depth = depth + 1, .width = width };
		const struct node *elem = n;
		struct strbuf item;

		if (!varies[i])
			continue;
		strbuf_init(&item, NULL);
		layout_newline(sb, depth + 1);
		strbuf_printf(&item, "%s:", m->name);
		f.column = (depth + 1) * LAYOUT_INDENT;
		fill(&f, &item, "");
		for (size_t e = 0; e < len; e++, elem = elem->next) {
			const struct node *v = elem->first;

			for (size_t k = 0; k < i; k++)
				v = v->next;
			strbuf_printf(&item, "[%zu]=", first + e);
			strbuf_write(&item, v->text, v->text_len);
			fill(&f, &item, " ");
		}
		if (item.error)
			sb->error = item.error;
		strbuf_deinit(&item);
	}
}

/* Writes equal neighbours as one, similar ones as a template, each on its own lines. */
static void put_compounds(struct strbuf *sb, const struct node *n, unsigned depth, unsigned width)
{
	bool varies[MAX_TEMPLATE_MEMBERS];
	const struct node *c = n->first;
	size_t i = 0;

	while (c) {
		const struct node *group = c;
		size_t first = i, len = template_length(c, varies), start;

		layout_newline(sb, depth + 1);
		if (len) {
			put_template(sb, c, first, len, varies, depth + 1, width);
			for (; i < first + len; i++)
				c = c->next;
			continue;
		}
		do {
			c = c->next;
			i++;
		} while (c && node_equal(group, c));
		start = sb->len;
		range(sb, first, i - 1);
		node_text(sb, group, depth + 1,
			  (depth + 1) * LAYOUT_INDENT + layout_width(sb, start), width);
	}
	if (n->cut) {
		layout_newline(sb, depth + 1);
		strbuf_printf(sb, "(%s)", n->cut);
	}
}

void node_array_text(struct strbuf *sb, const struct node *n, unsigned depth, size_t column,
		     unsigned width)
{
	if (n->zero && !n->cut)
		strbuf_printf(sb, "[all %llu zero]", (unsigned long long)n->len);
	else if (n->of_scalars)
		put_scalars(sb, n, depth, column, width);
	else
		put_compounds(sb, n, depth, width);
}
