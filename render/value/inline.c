/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * inline.c - a value's tree on one line, if it fits
 */
#include "render/value/layout.h"

bool node_is_format(const struct node *n)
{
	return n->is_string && n->name && strstr(n->name, "___fmt");
}

static bool inline_array(struct strbuf *sb, const struct node *n, size_t limit)
{
	size_t start = sb->len, zeros = 0;

	if (n->zero && !n->cut) {
		if (n->len)
			strbuf_printf(sb, "[all %llu zero]", (unsigned long long)n->len);
		else
			strbuf_puts(sb, "[]");
		return layout_width(sb, start) <= limit;
	}
	if (!n->of_scalars)
		return false;
	for (const struct node *c = n->first; c; c = c->next)
		zeros += c->zero;
	/* a sparse array has a form of its own */
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
	return layout_width(sb, start) <= limit;
}

/* True if the members fitted on the line; `any`: one was written, here or in an outer struct. */
static bool inline_members(struct strbuf *sb, const struct node *n, size_t start, size_t limit,
			   bool *any)
{
	for (const struct node *c = n->first; c; c = c->next) {
		size_t used = layout_width(sb, start);

		if (c->zero || node_is_format(c))
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
	return layout_width(sb, start) <= limit;
}

bool node_inline(struct strbuf *sb, const struct node *n, size_t limit)
{
	size_t start = sb->len;

	if (put_inline(sb, n, limit))
		return true;
	sb->len = start;
	return false;
}
