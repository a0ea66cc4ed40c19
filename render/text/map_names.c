/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * map_names.c - the keys or owners of entries that share a line
 */
#include "render/text/fold.h"
#include "render/text/map.h"

#define MAX_NAMES 16 /* keys or owners with one value */

void map_text_names(struct map_text *m, const struct fold *f, size_t first, const char *what)
{
	size_t cap = text_cap(m->t, MAX_NAMES), nr = 0;
	struct strbuf sb;

	strbuf_init(&sb, NULL);
	strbuf_puts(&sb, what);
	for (size_t i = first; i != SIZE_MAX && nr < cap; i = f->values[i].next) {
		strbuf_puts(&sb, nr++ ? ", " : " ");
		map_text_name(&sb, m->map, i);
	}
	if (f->values[first].nr > nr)
		strbuf_printf(&sb, ", +%zu more", f->values[first].nr - nr);
	text_wrap(m->t, strbuf_str(&sb), 0, 4);
	if (sb.error)
		m->t->out.error = sb.error;
	strbuf_deinit(&sb);
}

void map_text_zero_entries(struct map_text *m, const struct fold *f)
{
	char what[80];
	size_t first = 0;

	if (!f->grouped || f->nr_zero < 2)
		return;
	while (!f->values[first].zero)
		first++;
	snprintf(what, sizeof(what), "%zu of %zu entries all zero:", f->nr_zero, f->nr);
	map_text_names(m, f, first, what);
}
