/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * change.c - changed members as text: "key old → new (+delta, per second)"
 */
#include "render/text/diff.h"

#include <inttypes.h>

#include <scxray/host.h>
#include <scxray/report_struct.h>

#include "render/out/join.h"

static void number(struct strbuf *sb, const struct diff_change *c, const struct scxray_num *num)
{
	if (num->state == SCXRAY_PRESENT && c->kind == FIELD_ADDR)
		strbuf_hex(sb, num->value, 16);
	else if (num->state == SCXRAY_PRESENT && c->kind == FIELD_FLAG)
		strbuf_puts(sb, num->value ? "true" : "false");
	else if (c->kind == FIELD_SIGNED)
		cell_signed(sb, num);
	else
		cell_num(sb, num);
}

/* "old → new" */
static void old_and_new(struct strbuf *sb, const struct diff *d, const struct diff_change *c)
{
	if (c->bytes_differ) {
		strbuf_printf(sb, "%" PRIu64 " byte%s differ%s", c->bytes_differ,
			      plural_s(c->bytes_differ), c->bytes_differ == 1 ? "s" : "");
	} else if (c->is_text) {
		strbuf_printf(sb, "%s → %s", diff_text(d, c->old_text), diff_text(d, c->new_text));
	} else {
		number(sb, c, &c->old);
		strbuf_puts(sb, " → ");
		number(sb, c, &c->new);
	}
}

void cell_change(struct strbuf *sb, const struct diff *d, const struct diff_change *c)
{
	size_t start = sb->len;
	int64_t delta;
	double rate;

	if (c->is_cpu)
		strbuf_printf(sb, "cpu %" PRIu32, c->cpu);
	else
		strbuf_puts(sb, diff_change_name(d, c));
	if (sb->len > start)
		strbuf_putc(sb, ' ');
	old_and_new(sb, d, c);
	cell_keep_words(sb, start);
	if (!diff_delta(c, &delta))
		return;
	strbuf_putc(sb, ' ');
	start = sb->len;
	strbuf_puts(sb, delta < 0 ? "(" : "(+");
	strbuf_i64(sb, delta);
	if (diff_rate(d, c, &rate))
		strbuf_printf(sb, rate > -100 && rate < 100 ? ", %.1f/s" : ", %.0f/s", rate);
	strbuf_putc(sb, ')');
	cell_keep_words(sb, start);
}

/* Changes of one entry that text shows: more than a task has, fewer than a counter on many CPUs. */
#define MAX_CHANGES_SHOWN 24

void cell_changes(struct strbuf *sb, const struct text *t, const struct diff *d, size_t first,
		  size_t nr, uint64_t total)
{
	size_t cap = text_cap(t, MAX_CHANGES_SHOWN), shown = 0;

	for (size_t c = 0; c < nr && shown < cap; c++) {
		const struct diff_change *change = &d->changes[first + c];

		if (change->note == DIFF_BOOKKEEPING && !t->full) {
			total--;
			continue;
		}
		strbuf_puts(sb, shown++ ? ", " : "");
		cell_change(sb, d, change);
	}
	if (shown < total)
		strbuf_printf(sb, "%s+%" PRIu64 " more", shown ? ", " : "", total - shown);
}
