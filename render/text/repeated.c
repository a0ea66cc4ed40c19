/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * repeated.c - leaves out what the early half of a document has in common with the late one
 */
#include "render/text/report.h"

/* What put() writes, as a text of its own. */
static void write_alone(const struct text *t, struct strbuf *out, const void *item,
			void (*put)(struct text *t, const void *item))
{
	struct text alone = *t;

	strbuf_init(&alone.out, NULL);
	put(&alone, item);
	*out = alone.out;
}

bool text_is_repeated(struct text *t, const void *early, const void *late,
		      void (*put)(struct text *t, const void *item))
{
	struct strbuf old, new;
	bool same;

	write_alone(t, &old, early, put);
	write_alone(t, &new, late, put);
	if (old.error || new.error)
		t->out.error = old.error ? old.error : new.error;
	same = old.len && old.len == new.len && !memcmp(old.data, new.data, old.len);
	strbuf_deinit(&old);
	strbuf_deinit(&new);
	return same;
}

bool text_is_empty(struct text *t, const void *item, void (*put)(struct text *t, const void *item))
{
	struct strbuf out;
	bool empty;

	write_alone(t, &out, item, put);
	empty = !out.len;
	strbuf_deinit(&out);
	return empty;
}
