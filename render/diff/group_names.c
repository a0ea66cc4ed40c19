/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * group_names.c - the comparison of early and late as JSON and as text
 */
#include <inttypes.h>

#include "render/diff/group_names.h"
#include "render/out/join.h"

static const char *const group_keys[DIFF_NR_GROUPS] = {
	[DIFF_TASKS] = "tasks",
	[DIFF_DSQS] = "dsqs",
	[DIFF_CPUS] = "cpus",
	[DIFF_EVENTS] = "event_counters",
};

/* A counter's scheduler, where there are several. */
static const char *owner_in(const struct scxray_report *r, size_t sched)
{
	const struct scxray_text *name = &r->scheds[sched].name;

	return r->nr_scheds > 1 && name->state == SCXRAY_PRESENT ? name->bytes : NULL;
}

/* ---- JSON ---------------------------------------------------------------- */

/* Which task, queue, CPU or counter it is. */
static void json_identity(struct json *j, const struct scxray_report *r, enum diff_group group,
			  size_t index, size_t sched)
{
	char origin[40];

	switch (group) {
	case DIFF_TASKS:
		json_num_field(j, "pid", &r->tasks[index].pid, FIELD_SIGNED);
		json_text_field(j, "comm", &r->tasks[index].comm);
		json_key(j, "task_kva");
		json_addr(j, r->tasks[index].kva);
		break;
	case DIFF_DSQS:
		json_num_field(j, "id", &r->dsqs[index].id, FIELD_NUM);
		json_key(j, "origin");
		json_string(j, dsq_origin(&r->dsqs[index], origin, sizeof(origin)));
		json_key(j, "dsq_kva");
		json_addr(j, r->dsqs[index].kva);
		json_opt_string(j, "sched_name", r->dsqs[index].sched_name);
		break;
	case DIFF_CPUS:
		json_key(j, "cpu");
		json_u64(j, r->rqs[index].cpu);
		break;
	default:
		json_key(j, "name");
		json_string(j, r->scheds[sched].events[index].name);
		json_opt_string(j, "sched_name", owner_in(r, sched));
		break;
	}
}

/* A name of ours, or a path in a value; "" where the value has no parts. */
static const char *change_name(const struct diff *d, const struct diff_change *c)
{
	return c->key ? c->key : diff_text(d, c->path);
}

void json_change(struct json *j, const struct diff *d, const struct diff_change *c)
{
	const char *name = change_name(d, c);
	double rate;

	json_object(j);
	json_key(j, "field");
	json_string(j, *name ? name : "value");
	if (c->is_cpu) {
		json_key(j, "cpu");
		json_u64(j, c->cpu);
	}
	if (c->bytes_differ) {
		json_key(j, "bytes_differ");
		json_u64(j, c->bytes_differ);
	} else if (c->is_text) {
		json_key(j, "old");
		json_string(j, diff_text(d, c->old_text));
		json_key(j, "new");
		json_string(j, diff_text(d, c->new_text));
	} else {
		json_num_field(j, "old", &c->old, c->kind);
		json_num_field(j, "new", &c->new, c->kind);
	}
	if (!c->is_text && c->old.state == SCXRAY_PRESENT && c->new.state == SCXRAY_PRESENT &&
	    c->sense != DIFF_LABEL) {
		json_key(j, "delta");
		json_i64(j, (int64_t)(c->new.value - c->old.value));
	}
	if (diff_rate(d, c, &rate)) {
		json_key(j, "per_second");
		json_double(j, rate, 64);
	}
	json_object_end(j);
}

static void json_fate(struct json *j, const struct diff *d, enum diff_group group,
		      enum diff_fate fate, const char *key)
{
	bool any = false;

	for (size_t i = 0; i < d->nr_entries; i++) {
		const struct diff_entry *e = &d->entries[i];

		if (e->group != group || e->fate != fate)
			continue;
		if (!any) {
			json_key(j, key);
			json_array(j);
			any = true;
		}
		json_object(j);
		json_identity(j, fate == DIFF_GONE ? d->early : d->late, group,
			      fate == DIFF_GONE ? e->early : e->late, e->sched);
		if (fate == DIFF_CHANGED) {
			json_key(j, "changes");
			json_array(j);
			for (size_t c = 0; c < e->nr_changes; c++)
				json_change(j, d, &d->changes[e->first_change + c]);
			json_array_end(j);
		}
		json_object_end(j);
	}
	if (any)
		json_array_end(j);
}

void json_diff(struct json *j, const struct diff *d)
{
	if (!d->early)
		return;
	json_key(j, "diff");
	json_object(j);
	json_num_field(j, "elapsed_jiffies", &d->elapsed_jiffies, FIELD_SIGNED);
	json_num_field(j, "elapsed_ms", &d->elapsed_ms, FIELD_SIGNED);
	if (d->nr_stuck) {
		json_key(j, "not_moved");
		json_array(j);
		for (size_t i = 0; i < d->nr_stuck; i++) {
			json_object(j);
			json_key(j, "group");
			json_string(j, group_keys[d->stuck[i].group]);
			json_identity(j, d->late, d->stuck[i].group, d->stuck[i].late, 0);
			json_key(j, "text");
			json_string(j, diff_text(d, d->stuck[i].text));
			json_object_end(j);
		}
		json_array_end(j);
	}
	for (int group = 0; group < DIFF_NR_GROUPS; group++) {
		json_key(j, group_keys[group]);
		json_object(j);
		json_fate(j, d, group, DIFF_CHANGED, "changed");
		json_fate(j, d, group, DIFF_APPEARED, "appeared");
		json_fate(j, d, group, DIFF_GONE, "gone");
		json_key(j, "unchanged");
		json_u64(j, d->unchanged[group]);
		json_object_end(j);
	}
	json_map_diff(j, d);
	json_object_end(j);
}

/* ---- text ---------------------------------------------------------------- */

static void identity(struct strbuf *sb, const struct scxray_report *r, enum diff_group group,
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
		cell_owner(sb, owner_in(r, sched));
		break;
	}
	no_break(sb, start);
}

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
			      c->bytes_differ == 1 ? "" : "s", c->bytes_differ == 1 ? "s" : "");
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
		strbuf_puts(sb, change_name(d, c));
	if (sb->len > start)
		strbuf_putc(sb, ' ');
	old_and_new(sb, d, c);
	no_break(sb, start);
	if (c->is_text || c->bytes_differ || c->old.state != SCXRAY_PRESENT ||
	    c->new.state != SCXRAY_PRESENT || c->sense == DIFF_LABEL)
		return;
	delta = (int64_t)(c->new.value - c->old.value);
	strbuf_putc(sb, ' ');
	start = sb->len;
	strbuf_puts(sb, delta < 0 ? "(" : "(+");
	strbuf_i64(sb, delta);
	if (diff_rate(d, c, &rate))
		strbuf_printf(sb, rate > -100 && rate < 100 ? ", %.1f/s" : ", %.0f/s", rate);
	strbuf_putc(sb, ')');
	no_break(sb, start);
}

void cell_changes(struct strbuf *sb, const struct text *t, const struct diff *d, size_t first,
		  size_t nr, uint64_t total)
{
	size_t cap = text_cap(t, MAX_CHANGES_SHOWN), shown = nr < cap ? nr : cap;

	for (size_t c = 0; c < shown; c++) {
		strbuf_puts(sb, c ? ", " : "");
		cell_change(sb, d, &d->changes[first + c]);
	}
	if (shown < total)
		strbuf_printf(sb, "%s+%" PRIu64 " more", shown ? ", " : "", total - shown);
}

/* Names of what appeared or went, as one paragraph. */
static void fate(struct text *t, const struct diff *d, enum diff_group group, enum diff_fate which,
		 const char *label, struct strbuf *sb)
{
	const struct scxray_report *r = which == DIFF_GONE ? d->early : d->late;

	sb->len = 0;
	for (size_t i = 0; i < d->nr_entries; i++) {
		const struct diff_entry *e = &d->entries[i];

		if (e->group != group || e->fate != which)
			continue;
		strbuf_puts(sb, sb->len ? ", " : "");
		identity(sb, r, group, which == DIFF_GONE ? e->early : e->late, e->sched);
	}
	if (!sb->len)
		return;
	strbuf_printf(&t->out, "    %s: ", label);
	text_wrap(t, strbuf_str(sb), 4 + strlen(label) + 2, 6);
}

static void group_text(struct text *t, const struct diff *d, enum diff_group group,
		       struct strbuf *sb)
{
	size_t changed = 0;

	for (size_t i = 0; i < d->nr_entries; i++)
		changed += d->entries[i].group == group && d->entries[i].fate == DIFF_CHANGED;
	strbuf_puts(&t->out, "  ");
	style_begin(t, &t->out, STYLE_CYAN);
	strbuf_puts(&t->out, group_keys[group]);
	style_end(t, &t->out, STYLE_CYAN);
	strbuf_printf(&t->out, ": %zu changed, %zu unchanged\n", changed, d->unchanged[group]);
	for (size_t i = 0; i < d->nr_entries; i++) {
		const struct diff_entry *e = &d->entries[i];

		if (e->group != group || e->fate != DIFF_CHANGED)
			continue;
		sb->len = 0;
		identity(sb, d->late, group, e->late, e->sched);
		strbuf_puts(sb, ": ");
		cell_changes(sb, t, d, e->first_change, e->nr_changes, e->nr_changes);
		strbuf_puts(&t->out, "    ");
		text_wrap(t, strbuf_str(sb), 4, 8);
	}
	fate(t, d, group, DIFF_APPEARED, "appeared", sb);
	fate(t, d, group, DIFF_GONE, "gone", sb);
}

void text_diff(struct text *t, const struct diff *d)
{
	struct strbuf sb;

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
	for (size_t i = 0; i < d->nr_stuck; i++) {
		sb.len = 0;
		identity(&sb, d->late, d->stuck[i].group, d->stuck[i].late, 0);
		strbuf_puts(&sb, ": ");
		strbuf_puts(&sb, diff_text(d, d->stuck[i].text));
		strbuf_puts(&t->out, "    ");
		text_wrap(t, strbuf_str(&sb), 4, 8);
	}
	for (int group = 0; group < DIFF_NR_GROUPS; group++)
		group_text(t, d, group, &sb);
	text_map_diff(t, d);
	strbuf_deinit(&sb);
}
