/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * value_tree.h - a value as a tree of short texts
 *
 * The text output has to look ahead: does this struct fit on one line, are these elements
 * equal, are all members zero? So a visitor builds a tree of the walk's results, whose
 * leaves are texts, and value_text.c lays it out. Tables of map entries take their cells
 * from the same tree.
 */
#ifndef RENDER_VALUE_TREE_H
#define RENDER_VALUE_TREE_H

#include <scxray/value.h>

#include "render/out/strbuf.h"

enum node_kind {
	NODE_LEAF,	/* a scalar, a string, a CPU list, <unreadable: ...> */
	NODE_STRUCT,	/* children are its members */
	NODE_ARRAY,	/* children are its elements */
	NODE_TRUNCATED, /* leaf text, then the value as far as it exists: one child or none */
	NODE_POINTER,	/* leaf text, then the pointee */
};

struct node {
	enum node_kind kind;
	bool zero;	  /* all of its bits are zero: structs leave it out */
	bool of_scalars;  /* array of leaves that are one scalar each */
	bool is_scalar;	  /* leaf: a number, an enumerator, a pointer */
	bool is_string;	  /* leaf: a quoted string */
	const char *name; /* a member's name; "" if anonymous, NULL for an element */
	const char *text; /* a leaf's text; a struct's type name, NULL if anonymous */
	uint32_t text_len;
	const char *cut; /* why children are missing, or NULL */
	uint64_t len;	 /* array: declared length */
	uint32_t nr_children;
	struct node *first, *last, *next;
};

struct tree {
	struct node *root;	   /* NULL until built */
	struct tree_chunk *chunks; /* memory of nodes and texts */
	struct node *open[192];	   /* open containers; the innermost is last */
	unsigned nr_open;
	const char *member; /* name for the next node */
	struct strbuf scratch;
	const struct scxray_report *report; /* for what numbers mean; or NULL */
	unsigned nr_joins;
	int error;
};

/* Builds the tree; 0 or -1 with errno.  tree_deinit() in either case. */
int tree_build(struct tree *tree, const struct scxray_value *value,
	       const struct scxray_value_options *options);
void tree_deinit(struct tree *tree);

/* True if shape and texts are equal. */
bool node_equal(const struct node *a, const struct node *b);

/*
 * Writes the node as text, beginning at column `column` of a line; further lines are
 * indented by `depth` + 1 levels.
 */
void node_text(struct strbuf *sb, const struct node *node, unsigned depth, size_t column,
	       unsigned width);

/* Writes one line of at most `limit` columns; else false, with nothing written. */
bool node_inline(struct strbuf *sb, const struct node *node, size_t limit);

#endif
