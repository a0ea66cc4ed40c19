/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * value_tree.h - a value as a tree of short texts
 *
 * Text needs to look ahead: does this struct fit one line, are these elements
 * equal, is that member zero all through?  So the text visitor gathers the
 * walk's results in a tree, whose leaves are texts already, and value_text.c
 * lays the tree out.  Tables of map entries ask the same tree for their cells.
 */
#ifndef RENDER_VALUE_TREE_H
#define RENDER_VALUE_TREE_H

#include <scxray/value.h>

#include "render/out/strbuf.h"

enum node_kind {
	NODE_LEAF,	/* a scalar, a string, a CPU list, <unreadable: ...> */
	NODE_STRUCT,	/* children are its members */
	NODE_ARRAY,	/* children are its elements */
	NODE_TRUNCATED, /* leaf text, then what there is: one child or none */
	NODE_POINTER,	/* leaf text, then the pointee */
};

struct node {
	enum node_kind kind;
	bool zero;	  /* all bits of it are zero: structs leave it out */
	bool of_scalars;  /* array of leaves that are one scalar each */
	bool is_scalar;	  /* leaf: a number, an enumerator, a pointer */
	bool is_string;	  /* leaf: a quoted string */
	const char *name; /* of a member; "" if anonymous, NULL if this is none */
	const char *text; /* of a leaf; type name of a struct, NULL if anonymous */
	uint32_t text_len;
	const char *cut; /* why children are missing, or NULL */
	uint64_t len;	 /* array: declared length */
	uint32_t nr_children;
	struct node *first, *last, *next;
};

struct tree {
	struct node *root;	   /* NULL until built */
	struct tree_chunk *chunks; /* where nodes and texts live */
	struct node *open[192];	   /* containers that are being filled; the innermost is last */
	unsigned nr_open;
	const char *member; /* name for the next node */
	struct strbuf scratch;
	int error;
};

/* Builds the tree; 0 or -1 with errno.  tree_deinit() in either case. */
int tree_build(struct tree *tree, const struct scxray_value *value,
	       const struct scxray_value_options *options);
void tree_deinit(struct tree *tree);

/* Same shape and same texts. */
bool node_equal(const struct node *a, const struct node *b);

/*
 * Writes the node as text.  It starts at column `column` of a line; lines of its
 * own are indented by `depth` + 1 levels.
 */
void node_text(struct strbuf *sb, const struct node *node, unsigned depth, size_t column,
	       unsigned width);

/* One line, if that takes `limit` columns at most; else false and nothing written. */
bool node_inline(struct strbuf *sb, const struct node *node, size_t limit);

#endif
