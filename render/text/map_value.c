/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_value.c - keys and values of maps as text, for maps of all forms
 */
#include "render/text/map.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>

#include <scxray/map.h>

#include "render/out/map_model.h"

#define MAX_KEY 60     /* columns of a key among others */
#define MAX_RAW_KEY 16 /* bytes of a key without a type */
#define MAX_RAW 256    /* bytes without a type that text shows */

bool map_text_tree(struct map_text *m, struct tree *tree, const struct scxray_value *value)
{
	struct scxray_value_options options =
		*(m->in_slot ? follow_slot_options(m->follow) : follow_options(m->follow));

	options.plain = m->plain;
	if (!tree_build(tree, value, &options))
		return true;
	if (!m->t->out.error)
		m->t->out.error = errno;
	return false;
}

void map_text_node(struct map_text *m, const struct node *node, unsigned depth, size_t column)
{
	struct strbuf *out = &m->t->out;
	FILE *sink = out->sink;

	/* in memory: the layout removes again what turned out too long */
	out->sink = NULL;
	node_text(out, node, depth, column, m->t->width);
	out->sink = sink;
}

static void put_raw(struct text *t, const uint8_t *bytes, size_t size)
{
	size_t cap = text_cap(t, MAX_RAW);
	struct strbuf *sb = &t->out;
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < size && i < cap; i++) {
		const char pair[] = { ' ', hex[bytes[i] >> 4], hex[bytes[i] & 15] };

		strbuf_write(sb, pair + !i, sizeof(pair) - !i);
	}
	if (size > cap)
		strbuf_printf(sb, " +%zu byte%s", size - cap, plural_s(size - cap));
	strbuf_puts(sb, size ? " (raw)" : "(raw)");
}

void map_text_value(struct map_text *m, const struct scxray_value *value, unsigned depth,
		    size_t column)
{
	struct strbuf note;
	struct tree tree;

	if (value->state == SCXRAY_PRESENT && !value->btf) {
		put_raw(m->t, value->bytes, value->size);
		return;
	}
	strbuf_init(&note, NULL);
	if (map_text_tree(m, &tree, value)) {
		map_text_hide(m, tree.root, &note);
		map_text_node(m, tree.root, depth, column);
		if (note.len)
			strbuf_printf(&m->t->out, "\n  (%s: with --full only)", strbuf_str(&note));
	}
	if (note.error)
		m->t->out.error = note.error;
	strbuf_deinit(&note);
	tree_deinit(&tree);
}

void map_text_line(struct map_text *m, const struct scxray_value *value, unsigned depth,
		   const char *fmt, ...)
{
	char label[64];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(label, sizeof(label), fmt, ap);
	va_end(ap);
	strbuf_puts(&m->t->out, label);
	map_text_value(m, value, depth, strlen(label));
	strbuf_putc(&m->t->out, '\n');
}

void map_text_entry_key(struct map_text *m, const struct scxray_entry *entry)
{
	static const char label[] = "entry: key=";
	struct strbuf *out = &m->t->out;
	const char *owner = map_owner(m->map, entry);
	struct scxray_value key = scxray_map_key(m->map, entry);

	strbuf_puts(out, label);
	if (!entry->key) {
		cell_unreadable(out, entry->addr, entry->reason);
	} else if (map_is_storage(m->map)) {
		strbuf_hex(out, map_owner_kva(entry), 1);
		if (!owner)
			return;
		strbuf_puts(out, " → ");
		style_begin(m->t, out, STYLE_BOLD);
		cell_string(out, owner);
		style_end(m->t, out, STYLE_BOLD);
	} else {
		map_text_value(m, &key, 1, sizeof(label) - 1);
	}
}

static void raw_key(struct strbuf *sb, const uint8_t *key, uint32_t size)
{
	for (uint32_t i = 0; i < size && i < MAX_RAW_KEY; i++)
		strbuf_printf(sb, "%s%02x", i ? " " : "", key[i]);
	if (size > MAX_RAW_KEY)
		strbuf_printf(sb, " +%" PRIu32 " byte%s", size - MAX_RAW_KEY,
			      plural_s(size - MAX_RAW_KEY));
}

void map_text_key(struct strbuf *sb, const struct scxray_map *map, const uint8_t *bytes)
{
	const struct scxray_entry entry = { .key = bytes };
	struct scxray_value key = scxray_map_key(map, &entry);
	struct tree tree = { 0 };

	if (!key.btf || tree_build(&tree, &key, NULL) || !node_inline(sb, tree.root, MAX_KEY))
		raw_key(sb, bytes, key.size);
	tree_deinit(&tree);
}

void map_text_name(struct strbuf *sb, const struct scxray_map *map, size_t i)
{
	const struct scxray_entry *entry = &map->entries[i];
	const char *owner = map_owner(map, entry);

	if (owner)
		cell_string(sb, owner);
	else if (map_is_storage(map))
		strbuf_hex(sb, map_owner_kva(entry), 16);
	else if (entry->key)
		map_text_key(sb, map, entry->key);
	else
		strbuf_printf(sb, "[%" PRIu32 "]", entry->index);
}
