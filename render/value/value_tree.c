/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * value_tree.c - the visitor that builds the tree for text
 */
#include "render/value/value_tree.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include <base/array.h>

#include "render/out/escape.h"
#include "render/value/leaf.h"

#define MAX_JOINS 1024 /* numbers of one value that are looked up */

struct tree_chunk {
	struct tree_chunk *next;
	size_t used, size;
	_Alignas(max_align_t) char bytes[];
};

static void *tree_alloc(struct tree *tree, size_t size)
{
	struct tree_chunk *c = tree->chunks;
	void *at;

	size = (size + 15) & ~(size_t)15;
	if (!c || c->size - c->used < size) {
		size_t room = size > 32 * 1024 ? size : 32 * 1024;

		c = malloc(sizeof(*c) + room);
		if (!c) {
			tree->error = ENOMEM;
			return NULL;
		}
		c->used = 0;
		c->size = room;
		c->next = tree->chunks;
		tree->chunks = c;
	}
	at = c->bytes + c->used;
	c->used += size;
	return at;
}

static const char *keep(struct tree *tree, const char *s, size_t len)
{
	char *copy = tree_alloc(tree, len + 1);

	if (!copy)
		return "";
	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

/* A guest's name, escaped. */
static const char *keep_name(struct tree *tree, const char *name)
{
	struct strbuf *sb = &tree->scratch;
	size_t start = sb->len;
	const char *kept;

	escape_text(sb, name, strlen(name), false);
	kept = keep(tree, sb->len > start ? sb->data + start : "", sb->len - start);
	sb->len = start;
	return kept;
}

static struct node *add(struct tree *tree, enum node_kind kind)
{
	struct node *n = tree_alloc(tree, sizeof(*n));
	struct node *parent = tree->nr_open ? tree->open[tree->nr_open - 1] : NULL;

	if (!n)
		return NULL;
	*n = (struct node){ .kind = kind, .name = tree->member };
	tree->member = NULL;
	if (!parent) {
		tree->root = n;
	} else if (parent->last) {
		parent->last->next = n;
		parent->last = n;
		parent->nr_children++;
	} else {
		parent->first = parent->last = n;
		parent->nr_children = 1;
	}
	return n;
}

/* Adds a leaf with the text in `scratch`. */
static int leaf(struct tree *tree, bool zero)
{
	struct node *n = add(tree, NODE_LEAF);

	if (!n)
		return -1;
	n->text = keep(tree, tree->scratch.len ? tree->scratch.data : "", tree->scratch.len);
	n->text_len = (uint32_t)tree->scratch.len;
	n->zero = zero;
	tree->scratch.len = 0;
	return tree->error || tree->scratch.error ? -1 : 0;
}

static struct node *newest(struct tree *tree)
{
	return tree->nr_open ? tree->open[tree->nr_open - 1]->last : tree->root;
}

static int scalar_leaf(struct tree *tree, bool zero)
{
	if (leaf(tree, zero))
		return -1;
	newest(tree)->is_scalar = true;
	return 0;
}

static int open_node(struct tree *tree, struct node *n)
{
	if (!n)
		return -1;
	/* the walk is at most 64 deep, and each level may have a truncated and a pointer node */
	assert(tree->nr_open < ARRAY_SIZE(tree->open));
	tree->open[tree->nr_open++] = n;
	return 0;
}

static struct node *close_node(struct tree *tree)
{
	struct node *n = tree->open[--tree->nr_open];

	n->zero = true;
	for (const struct node *c = n->first; c; c = c->next)
		n->zero &= c->zero;
	return n;
}

static int on_scalar(void *arg, const struct scxray_scalar *s)
{
	struct tree *tree = arg;

	leaf_scalar(&tree->scratch, s);
	/* a look-up may go through all tasks */
	if (tree->member && *tree->member && tree->nr_joins++ < MAX_JOINS)
		number_join(&tree->scratch, tree->report, tree->member, s);
	return scalar_leaf(tree, leaf_is_zero(s));
}

static int on_bytes(void *arg, const struct scxray_bytes *b)
{
	struct tree *tree = arg;
	struct strbuf *sb = &tree->scratch;
	bool zero = b->len == b->declared && bytes_are_zero(b->bytes, b->len);
	struct node *n;

	if (leaf_string(sb, b)) {
		if (leaf(tree, zero))
			return -1;
		newest(tree)->is_string = true;
		return 0;
	}
	n = add(tree, NODE_ARRAY);
	if (open_node(tree, n))
		return -1;
	n->of_scalars = true;
	n->len = b->declared;
	/* a run of zeros needs no nodes */
	for (uint64_t i = 0; !zero && i < b->len; i++) {
		if (b->is_signed && !b->is_char)
			strbuf_i64(sb, (int8_t)b->bytes[i]);
		else
			strbuf_u64(sb, b->bytes[i]);
		if (leaf(tree, !b->bytes[i]))
			return -1;
	}
	close_node(tree);
	n->zero = zero;
	if (b->len < b->declared) {
		char cut[64];

		snprintf(cut, sizeof(cut), "%llu of %llu bytes shown", (unsigned long long)b->len,
			 (unsigned long long)b->declared);
		n->cut = keep(tree, cut, strlen(cut));
	}
	return 0;
}

static int on_cpus(void *arg, const char *list)
{
	struct tree *tree = arg;

	strbuf_printf(&tree->scratch, "cpus={%s}", list);
	return leaf(tree, !*list);
}

static int on_struct_begin(void *arg, const char *type_name, bool is_union)
{
	struct tree *tree = arg;
	struct node *n = add(tree, NODE_STRUCT);

	(void)is_union;
	if (n && type_name)
		n->text = keep_name(tree, type_name);
	return open_node(tree, n);
}

static int on_member(void *arg, const char *name)
{
	struct tree *tree = arg;

	tree->member = keep_name(tree, name);
	return 0;
}

static int on_list_end(void *arg, const char *cut)
{
	struct tree *tree = arg;
	struct node *n = close_node(tree);

	if (cut) {
		n->cut = keep(tree, cut, strlen(cut));
		n->zero = false;
	}
	return 0;
}

static int on_array_begin(void *arg, const struct scxray_array *a)
{
	struct tree *tree = arg;
	struct node *n = add(tree, NODE_ARRAY);

	if (n) {
		n->len = a->len;
		n->of_scalars = a->of_scalars;
	}
	return open_node(tree, n);
}

static int with_text(struct tree *tree, enum node_kind kind)
{
	struct node *n = add(tree, kind);

	if (n) {
		n->text = keep(tree, strbuf_str(&tree->scratch), tree->scratch.len);
		n->text_len = (uint32_t)tree->scratch.len;
	}
	tree->scratch.len = 0;
	return open_node(tree, n);
}

static int on_truncated_begin(void *arg, uint64_t needed, uint64_t had, const char *reason)
{
	struct tree *tree = arg;

	(void)reason;
	strbuf_printf(&tree->scratch, "<truncated needed=%llu had=%llu>",
		      (unsigned long long)needed, (unsigned long long)had);
	return with_text(tree, NODE_TRUNCATED);
}

static int on_pointer_begin(void *arg, const struct scxray_scalar *s)
{
	struct tree *tree = arg;

	leaf_pointer(&tree->scratch, s);
	return with_text(tree, NODE_POINTER);
}

/* Never zero: it has a value, or an unknown one. */
static int on_wrapper_end(void *arg)
{
	close_node(arg)->zero = false;
	return 0;
}

static int on_unsupported(void *arg, const char *reason)
{
	struct tree *tree = arg;

	strbuf_puts(&tree->scratch, "<unsupported: ");
	escape_text(&tree->scratch, reason, strlen(reason), false);
	strbuf_putc(&tree->scratch, '>');
	return leaf(tree, false);
}

static int on_unreadable(void *arg, uint64_t addr, const char *reason)
{
	struct tree *tree = arg;

	reason = reason ? reason : "not known";
	strbuf_puts(&tree->scratch, "<unreadable: ");
	strbuf_hex(&tree->scratch, addr, 16);
	strbuf_puts(&tree->scratch, ": ");
	escape_text(&tree->scratch, reason, strlen(reason), false);
	strbuf_putc(&tree->scratch, '>');
	return leaf(tree, false);
}

static const struct scxray_value_visitor to_tree = {
	.scalar = on_scalar,
	.bytes = on_bytes,
	.cpus = on_cpus,
	.struct_begin = on_struct_begin,
	.member = on_member,
	.struct_end = on_list_end,
	.array_begin = on_array_begin,
	.array_end = on_list_end,
	.truncated_begin = on_truncated_begin,
	.truncated_end = on_wrapper_end,
	.pointer_begin = on_pointer_begin,
	.pointer_end = on_wrapper_end,
	.unsupported = on_unsupported,
	.unreadable = on_unreadable,
};

int tree_build(struct tree *tree, const struct scxray_value *value,
	       const struct scxray_value_options *options)
{
	memset(tree, 0, sizeof(*tree));
	strbuf_init(&tree->scratch, NULL);
	tree->report = options && !options->plain ? options->report : NULL;
	if (!scxray_value_walk(value, options, &to_tree, tree) && !tree->error &&
	    !tree->scratch.error)
		return 0;
	errno = tree->error ? tree->error : tree->scratch.error ? tree->scratch.error : EINVAL;
	return -1;
}

void tree_deinit(struct tree *tree)
{
	while (tree->chunks) {
		struct tree_chunk *next = tree->chunks->next;

		free(tree->chunks);
		tree->chunks = next;
	}
	strbuf_deinit(&tree->scratch);
}

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

bool node_equal(const struct node *a, const struct node *b)
{
	const struct node *ca = a->first, *cb = b->first;

	if (a->kind != b->kind || a->zero != b->zero || a->nr_children != b->nr_children ||
	    a->len != b->len || !same(a->name, b->name) || !same(a->text, b->text) ||
	    !same(a->cut, b->cut))
		return false;
	while (ca && cb && node_equal(ca, cb)) {
		ca = ca->next;
		cb = cb->next;
	}
	return !ca && !cb;
}
