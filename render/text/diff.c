/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff.c - the comparison of early and late as text
 */
#include "render/text/diff.h"

#include <inttypes.h>

#include <scxray/dsq.h>
#include <scxray/host.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/sched.h>

#include "render/out/join.h"

#define MAX_NAMES 16 /* of what appeared or went */

static void put_identity(struct strbuf *sb, const struct scxray_report *r, enum diff_group group,
			 size_t index, size_t sched)
{
	size_t start = sb->len;

	switch (group) {
	case DIFF_TASKS:
		cell_task(sb, &r->tasks[index], r->tasks[index].kva);
		break;
	case DIFF_DSQS:
		strbuf_puts(sb, r->dsqs[index].origin == SCXRAY_DSQ_USER ? "DSQ " : "");
		cell_dsq(sb, &r->dsqs[index]);
		cell_owner(sb, r->dsqs[index].sched_name);
		break;
	case DIFF_CPUS:
		strbuf_printf(sb, "cpu %" PRIu32, r->rqs[index].cpu);
		break;
	default:
		cell_string(sb, r->scheds[sched].events[index].name);
		cell_owner(sb, diff_event_owner(r, sched));
		break;
	}
	cell_keep_words(sb, start);
}

/* The names of what appeared or went, as one paragraph. */
static void put_fate(struct text *t, const struct diff *d, enum diff_group group,
		     enum diff_fate which, const char *label, struct strbuf *sb)
{
	const struct scxray_report *r = which == DIFF_GONE ? d->early : d->late;
	size_t cap = text_cap(t, MAX_NAMES), nr = 0;

	sb->len = 0;
	for (size_t i = 0; i < d->nr_entries; i++) {
		const struct diff_entry *e = &d->entries[i];

		if (e->group != group || e->fate != which || nr++ >= cap)
			continue;
		strbuf_puts(sb, sb->len ? ", " : "");
		put_identity(sb, r, group, which == DIFF_GONE ? e->early : e->late, e->sched);
	}
	if (!nr)
		return;
	if (nr > cap)
		strbuf_printf(sb, ", +%zu more", nr - cap);
	strbuf_printf(&t->out, "    %s: ", label);
	text_wrap(t, strbuf_str(sb), 4 + strlen(label) + 2, 6);
}

/* True if the kernel counted that the task came onto a CPU in between. */
static bool has_run(const struct diff *d, const struct diff_entry *e)
{
	const struct scxray_num *old = &d->early->tasks[e->early].pcount;
	const struct scxray_num *new = &d->late->tasks[e->late].pcount;

	return old->state == SCXRAY_PRESENT && new->state == SCXRAY_PRESENT &&
	       old->value != new->value;
}

/* "tasks: 14 changed (13 ran in between), 58 unchanged" */
static void put_counts(struct text *t, const struct diff *d, enum diff_group group,
		       const struct diagnosis *dg)
{
	size_t changed = 0, told = 0, ran = 0;

	for (size_t i = 0; i < d->nr_entries; i++) {
		const struct diff_entry *e = &d->entries[i];

		if (e->group != group || e->fate != DIFF_CHANGED)
			continue;
		changed++;
		told += diff_tells(t, d, dg, e);
		ran += group == DIFF_TASKS && has_run(d, e);
	}
	strbuf_puts(&t->out, "  ");
	text_styled(t, STYLE_CYAN, diff_group_names[group]);
	strbuf_printf(&t->out, ": %zu changed", changed);
	if (ran && !t->full)
		strbuf_printf(&t->out, " (%zu ran in between)", ran);
	strbuf_printf(&t->out, ", %zu unchanged", d->unchanged[group]);
	if (told < changed)
		strbuf_printf(&t->out, "; %zu as usual, with --full only", changed - told);
	strbuf_putc(&t->out, '\n');
}

static void put_group(struct text *t, const struct diff *d, enum diff_group group,
		      const struct diagnosis *dg, struct strbuf *sb)
{
	put_counts(t, d, group, dg);
	for (size_t i = 0; i < d->nr_entries; i++) {
		const struct diff_entry *e = &d->entries[i];

		if (e->group != group || e->fate != DIFF_CHANGED || !diff_tells(t, d, dg, e))
			continue;
		sb->len = 0;
		put_identity(sb, d->late, group, e->late, e->sched);
		strbuf_puts(sb, ": ");
		cell_changes(sb, t, d, e->first_change, e->nr_changes, e->nr_changes);
		strbuf_puts(&t->out, "    ");
		text_wrap(t, strbuf_str(sb), 4, 8);
	}
	put_fate(t, d, group, DIFF_APPEARED, "appeared", sb);
	put_fate(t, d, group, DIFF_GONE, "gone", sb);
}

/* What did not move; tasks that have a block above have said so there. */
static void put_stuck(struct text *t, const struct diff *d, struct strbuf *sb)
{
	size_t nr_cards = 0;

	for (size_t i = 0; i < d->nr_stuck; i++) {
		if (d->stuck[i].group == DIFF_TASKS && !t->full &&
		    text_has_card(t, &d->late->tasks[d->stuck[i].late])) {
			nr_cards++;
			continue;
		}
		sb->len = 0;
		put_identity(sb, d->late, d->stuck[i].group, d->stuck[i].late, 0);
		strbuf_puts(sb, ": ");
		strbuf_puts(sb, diff_text(d, d->stuck[i].text));
		strbuf_puts(&t->out, "    ");
		text_wrap(t, strbuf_str(sb), 4, 8);
	}
	if (nr_cards)
		strbuf_printf(&t->out, "    %zu task%s above that wait%s too long\n", nr_cards,
			      plural_s(nr_cards), nr_cards == 1 ? "s" : "");
}

void text_diff(struct text *t, const struct diff *d, const struct diagnosis *dg)
{
	struct strbuf sb;

	if (!d->early && text_is_asked(t))
		text_unavailable(t, "diff", "there is one moment only: no early half");
	if (!d->early)
		return;
	strbuf_init(&sb, NULL);
	text_section(t);
	text_styled(t, STYLE_BOLD, "diff");
	strbuf_puts(&t->out, ": early against late");
	if (d->elapsed_ms.state == SCXRAY_PRESENT) {
		strbuf_puts(&t->out, ", ");
		cell_ms(&t->out, num_signed(&d->elapsed_ms));
		strbuf_puts(&t->out, " apart");
	}
	strbuf_putc(&t->out, '\n');
	if (d->nr_stuck) {
		strbuf_puts(&t->out, "  ");
		text_styled(t, STYLE_YELLOW, "did not move:");
		strbuf_putc(&t->out, '\n');
	}
	put_stuck(t, d, &sb);
	for (int group = 0; group < DIFF_NR_GROUPS; group++)
		put_group(t, d, group, dg, &sb);
	text_diff_maps(t, d, dg);
	strbuf_deinit(&sb);
}
