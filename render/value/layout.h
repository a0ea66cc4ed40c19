/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * layout.h - what the parts of a value's text share
 */
#ifndef RENDER_VALUE_LAYOUT_H
#define RENDER_VALUE_LAYOUT_H

#include "render/out/escape.h"
#include "render/value/value_tree.h"

#define LAYOUT_INDENT 2 /* columns of one level */

/* The columns of what `sb` got since `start`. */
static inline size_t layout_width(const struct strbuf *sb, size_t start)
{
	return sb->len > start ? utf8_display_width(sb->data + start, sb->len - start) : 0;
}

/* Ends the line without trailing blanks, and indents the next one. */
static inline void layout_newline(struct strbuf *sb, unsigned depth)
{
	while (sb->len && sb->data[sb->len - 1] == ' ')
		sb->len--;
	strbuf_putc(sb, '\n');
	strbuf_fill(sb, ' ', (size_t)depth * LAYOUT_INDENT);
}

/* True for the format of a bpf_printk(), which stays in .rodata: it is left out. */
bool node_is_format(const struct node *n);

/* Writes an array that does not fit on one line. */
void node_array_text(struct strbuf *sb, const struct node *n, unsigned depth, size_t column,
		     unsigned width);

#endif
