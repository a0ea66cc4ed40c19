/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * value_text.c - a value's tree laid out as lines
 *
 * Whatever fits goes on one line; else a struct shows its scalars three to a row
 * and each compound member on lines of its own.  Zero members are left out.
 */
#include <errno.h>
#include <stdlib.h>

#include "render/out/escape.h"
#include "render/value/value_tree.h"

#define INDENT 2
#define PER_ROW 3
#define ROW_GAP 3

/* Members as a reader sees them: anonymous structs opened up, zeros gone. */
struct members {
	const struct node **v;
	size_t nr, max;
	bool failed;
};

static bool is_format_string(const struct node *n)
{
	/* bpf_printk() leaves its formats in .rodata */
	return n->is_string && n->name && strstr(n->name, "___fmt");
}

static void gather(struct members *m, const struct node *n)
{
	for (const struct node *c = n->first; c; c = c->next) {
		if (c->zero || is_format_string(c))
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

static void indent_line(struct strbuf *sb, unsigned depth)
{
	/* "name " of what begins on a line of its own */
	while (sb->len && sb->data[sb->len - 1] == ' ')
		sb->len--;
	strbuf_putc(sb, '\n');
	strbuf_fill(sb, ' ', (size_t)depth * INDENT);
}

static size_t written(const struct strbuf *sb, size_t start)
{
	return sb->len > start ? display_width(sb->data + start, sb->len - start) : 0;
}

/* ---- one line ------------------------------------------------------------ */

static bool inline_array(struct strbuf *sb, const struct node *n, size_t limit)
{
	size_t start = sb->len, zeros = 0;

	if (n->zero && !n->cut) {
		if (n->len)
			strbuf_printf(sb, "[all %llu zero]", (unsigned long long)n->len);
		else
			strbuf_puts(sb, "[]");
		return written(sb, start) <= limit;
	}
	if (!n->of_scalars)
		return false;
	for (const struct node *c = n->first; c; c = c->next)
		zeros += c->zero;
	/* a mostly empty one has a form of its own */
	if (n->nr_children >= 8 && zeros * 2 > n->nr_children)
		return false;
	strbuf_putc(sb, '[');
	for (const struct node *c = n->first; c; c = c->next) {
		strbuf_write(sb, c->text, c->text_len);
		strbuf_puts(sb, c->next ? ", " : "");
		if (sb->len - start > limit * 4)
			return false;
	}
	strbuf_putc(sb, ']');
	if (n->cut)
		strbuf_printf(sb, " (%s)", n->cut);
	return written(sb, start) <= limit;
}

/* True if the struct's members went to the line; `any` counts them across anonymous structs. */
static bool inline_members(struct strbuf *sb, const struct node *n, size_t start, size_t limit,
			   bool *any)
{
	for (const struct node *c = n->first; c; c = c->next) {
		size_t used = written(sb, start);

		if (c->zero || is_format_string(c))
			continue;
		if (used > limit)
			return false;
		if (c->kind == NODE_STRUCT && c->name && !*c->name) {
			if (!inline_members(sb, c, start, limit, any))
				return false;
			continue;
		}
		if (*any)
			strbuf_puts(sb, ", ");
		*any = true;
		strbuf_puts(sb, c->name ? c->name : "");
		strbuf_putc(sb, '=');
		if (!node_inline(sb, c, limit - used))
			return false;
	}
	return true;
}

static bool put_inline(struct strbuf *sb, const struct node *n, size_t limit)
{
	size_t start = sb->len;
	bool any = false;

	switch (n->kind) {
	case NODE_LEAF:
		strbuf_write(sb, n->text, n->text_len);
		break;
	case NODE_ARRAY:
		return inline_array(sb, n, limit);
	case NODE_STRUCT:
		strbuf_puts(sb, n->text ? n->text : "");
		strbuf_putc(sb, '{');
		if (n->cut || !inline_members(sb, n, start, limit, &any))
			return false;
		strbuf_putc(sb, '}');
		break;
	case NODE_TRUNCATED:
	case NODE_POINTER:
		strbuf_write(sb, n->text, n->text_len);
		if (!n->first)
			break;
		strbuf_puts(sb, n->kind == NODE_POINTER ? " → " : " ");
		if (!node_inline(sb, n->first, limit))
			return false;
		break;
	}
	return written(sb, start) <= limit;
}

bool node_inline(struct strbuf *sb, const struct node *n, size_t limit)
{
	size_t start = sb->len;

	if (put_inline(sb, n, limit))
		return true;
	sb->len = start;
	return false;
}

/* ---- structs ------------------------------------------------------------- */

static bool is_short(const struct node *n)
{
	return n->kind == NODE_LEAF && display_width(n->text, n->text_len) <= 48;
}

static size_t item_width(const struct node *n)
{
	return display_width(n->name, strlen(n->name)) + 1 + display_width(n->text, n->text_len);
}

/* Scalars as name=value, in as many columns up to three as the width has room for. */
static void put_rows(struct strbuf *sb, const struct members *m, unsigned depth, unsigned width)
{
	size_t columns = PER_ROW, nr = 0, w[PER_ROW];

	for (;; columns--) {
		size_t total = (size_t)depth * INDENT, at = 0;

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
			indent_line(sb, depth);
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
		indent_line(sb, depth + 1);
		start = sb->len;
		strbuf_puts(sb, m.v[i]->name);
		strbuf_putc(sb, ' ');
		node_text(sb, m.v[i], depth + 1, (depth + 1) * INDENT + written(sb, start), width);
	}
	if (n->cut) {
		indent_line(sb, depth + 1);
		strbuf_printf(sb, "(cut: %s)", n->cut);
	}
	free(m.v);
}

/* ---- arrays -------------------------------------------------------------- */

/* Puts `item` behind what is on the line, or on a new one if it has no room. */
struct filler {
	struct strbuf *sb;
	unsigned depth, width;
	size_t column;
	bool any;
};

static void fill(struct filler *f, struct strbuf *item, const char *gap)
{
	size_t w = display_width(item->data, item->len);

	if (f->any && f->column + strlen(gap) + w > f->width) {
		indent_line(f->sb, f->depth + 1);
		f->column = (f->depth + 1) * INDENT;
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

/* [i]=v and runs [i..j]={v, v}; what is not named is zero. */
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

/* Members in which structs `a` and `b` differ are set in `varies`; false if they have others. */
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
 * How many structs from `n` on differ from it in three scalar members at most,
 * no neighbours being equal.  Fewer than three make no template.
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
		indent_line(sb, depth + 1);
		start = sb->len;
		strbuf_puts(sb, m->name);
		strbuf_putc(sb, '=');
		node_text(sb, m, depth + 1, (depth + 1) * INDENT + written(sb, start), width);
	}
	i = 0;
	for (const struct node *m = n->first; m; m = m->next, i++) {
		struct filler f = { .sb = sb, .depth = depth + 1, .width = width };
		const struct node *elem = n;
		struct strbuf item;

		if (!varies[i])
			continue;
		strbuf_init(&item, NULL);
		indent_line(sb, depth + 1);
		strbuf_printf(&item, "%s:", m->name);
		f.column = (depth + 1) * INDENT;
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

/* Equal neighbours as one, similar ones as a template, each on its own lines. */
static void put_compounds(struct strbuf *sb, const struct node *n, unsigned depth, unsigned width)
{
	bool varies[MAX_TEMPLATE_MEMBERS];
	const struct node *c = n->first;
	size_t i = 0;

	while (c) {
		const struct node *group = c;
		size_t first = i, len = template_length(c, varies), start;

		indent_line(sb, depth + 1);
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
		node_text(sb, group, depth + 1, (depth + 1) * INDENT + written(sb, start), width);
	}
	if (n->cut) {
		indent_line(sb, depth + 1);
		strbuf_printf(sb, "(%s)", n->cut);
	}
}

/* ---- */

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
		if (n->zero && !n->cut)
			strbuf_printf(sb, "[all %llu zero]", (unsigned long long)n->len);
		else if (n->of_scalars)
			put_scalars(sb, n, depth, column, width);
		else
			put_compounds(sb, n, depth, width);
		break;
	case NODE_TRUNCATED:
	case NODE_POINTER:
		strbuf_write(sb, n->text, n->text_len);
		if (!n->first)
			break;
		strbuf_puts(sb, n->kind == NODE_POINTER ? " → " : " ");
		node_text(sb, n->first, depth, column + written(sb, start), width);
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
		/* in memory first: the layout takes back what turned out too long */
		sb.sink = NULL;
		node_text(&sb, tree.root, indent, 0, width);
		sb.sink = out;
		ret = strbuf_flush(&sb);
	}
	strbuf_deinit(&sb);
	tree_deinit(&tree);
	return ret;
}
