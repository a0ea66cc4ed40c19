/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sched.c - schedulers: state, watchdog, exit, ops and event counters
 */
#include <errno.h>
#include <stdlib.h>

#include <base/array.h>

#include <scxray/atoms.h>
#include <scxray/host.h>
#include <scxray/report_struct.h>
#include <scxray/sched.h>

#include "render/out/escape.h"
#include "render/out/join.h"
#include "render/out/table.h"
#include "render/out/reasons.h"

/* A paragraph "label: words ..." at `indent`; nothing without words. */
static void paragraph(struct text *t, size_t indent, const char *label, struct strbuf *words)
{
	if (words->len) {
		strbuf_fill(&t->out, ' ', indent);
		style_begin(t, &t->out, STYLE_CYAN);
		strbuf_puts(&t->out, label);
		style_end(t, &t->out, STYLE_CYAN);
		strbuf_putc(&t->out, ' ');
		text_wrap(t, strbuf_str(words), indent + strlen(label) + 1, indent + 4);
	}
	words->len = 0;
}

/* " key=value", where memory held a value or could not be read. */
static void item(struct strbuf *sb, const char *key, const struct scxray_num *num,
		 void (*cell)(struct strbuf *, const struct scxray_num *))
{
	size_t start;

	if (num->state != SCXRAY_PRESENT && num->state != SCXRAY_UNREADABLE)
		return;
	strbuf_puts(sb, sb->len ? " " : "");
	start = sb->len;
	strbuf_puts(sb, key);
	strbuf_putc(sb, '=');
	cell(sb, num);
	cell_keep_words(sb, start);
}

static void cell_bool(struct strbuf *sb, const struct scxray_num *num)
{
	if (num->state == SCXRAY_PRESENT)
		strbuf_puts(sb, num->value ? "true" : "false");
	else
		cell_num(sb, num);
}

static void cell_duration(struct strbuf *sb, const struct scxray_num *num)
{
	if (num->state == SCXRAY_PRESENT)
		cell_ns(sb, num->value);
	else
		cell_num(sb, num);
}

static void cell_jiffies(struct strbuf *sb, const struct scxray_num *num)
{
	cell_signed(sb, num);
	if (num->state == SCXRAY_PRESENT)
		strbuf_putc(sb, 'j');
}

static void cell_millis(struct strbuf *sb, const struct scxray_num *num)
{
	if (num->state == SCXRAY_PRESENT)
		cell_ms(sb, num_signed(num));
	else
		cell_num(sb, num);
}

static void cell_address(struct strbuf *sb, const struct scxray_num *num)
{
	if (num->state == SCXRAY_PRESENT)
		strbuf_hex(sb, num->value, 16);
	else
		cell_num(sb, num);
}

static void named(struct strbuf *sb, const char *key, const char *name,
		  const struct scxray_num *num)
{
	size_t start;

	if (!name) {
		item(sb, key, num, cell_num);
		return;
	}
	strbuf_puts(sb, sb->len ? " " : "");
	start = sb->len;
	strbuf_printf(sb, "%s=", key);
	cell_string(sb, name);
	strbuf_puts(sb, " (");
	cell_signed(sb, num);
	strbuf_putc(sb, ')');
	cell_keep_words(sb, start);
}

static void exit_info(struct text *t, const struct scxray_exit_info *info, struct strbuf *sb)
{
	if (!num_true(&info->kind) && info->kind.state != SCXRAY_UNREADABLE)
		return;
	named(sb, "kind", info->kind_name, &info->kind);
	named(sb, "exit_code", info->exit_code_names, &info->exit_code);
	item(sb, "exit_cpu", &info->exit_cpu, cell_signed);
	item(sb, "flags", &info->flags, cell_hex);
	paragraph(t, 4, "exit_info:", sb);
	if (info->reason.state == SCXRAY_PRESENT || info->reason.state == SCXRAY_UNREADABLE)
		cell_text(sb, &info->reason);
	if ((info->msg.state == SCXRAY_PRESENT && info->msg.len) ||
	    info->msg.state == SCXRAY_UNREADABLE) {
		strbuf_puts(sb, sb->len ? " (" : "(");
		cell_text(sb, &info->msg);
		strbuf_putc(sb, ')');
	}
	paragraph(t, 6, "reason:", sb);
	for (size_t i = 0; i < info->nr_bt; i++) {
		strbuf_puts(sb, i ? ", " : "");
		cell_frame(sb, &info->bt[i]);
	}
	paragraph(t, 6, "backtrace:", sb);
	if (info->dump.state == SCXRAY_UNREADABLE)
		cell_text(sb, &info->dump);
	else if (info->dump.state == SCXRAY_PRESENT && info->dump.len)
		strbuf_printf(sb, "%zu bytes of the kernel's own dump (in JSON)", info->dump.len);
	paragraph(t, 6, "dump:", sb);
}

static void put_ops(struct strbuf *sb, const struct scxray_sched *sched)
{
	for (size_t i = 0; i < sched->nr_ops; i++) {
		const struct scxray_op *op = &sched->ops[i];

		strbuf_puts(sb, i ? " " : "");
		cell_string(sb, op->name);
		strbuf_putc(sb, '=');
		if (op->program)
			cell_string(sb, op->program);
		else if (op->func.symbol)
			cell_string(sb, op->func.symbol);
		else
			cell_address(sb, &op->func.addr);
	}
}

/* CPUs whose part of a counter is shown. */
#define MAX_PARTS 6

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && !strcmp(s + n - m, end);
}

static enum style event_time(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct scxray_event *event = at;

	(void)t;
	if (ends_with(event->name, "_DURATION") && event->total.state == SCXRAY_PRESENT)
		cell_ns(sb, event->total.value);
	return STYLE_DIM;
}

static enum style event_parts(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct scxray_event *event = at;
	size_t parts = 0, cap = text_cap(t, MAX_PARTS);

	for (size_t c = 0; c < event->nr_cpus; c++) {
		if (num_is(&event->per_cpu[c], 0))
			continue;
		if (parts < cap) {
			strbuf_printf(sb, parts ? ", cpu %zu: " : "cpu %zu: ", c);
			cell_signed(sb, &event->per_cpu[c]);
		}
		parts++;
	}
	if (parts > cap)
		strbuf_printf(sb, ", +%zu more", parts - cap);
	return STYLE_PLAIN;
}

static const struct column event_columns[] = {
	COLUMN("event", LEFT, 0, scxray_event, name, column_string),
	COLUMN("total", RIGHT, 0, scxray_event, total, column_signed),
	{ "as time", LEFT, 2, 0, event_time },
	{ "by CPU", LEFT, 1, 0, event_parts },
};

/* The same scheduler in the late half, NULL where there is none. */
static const struct scxray_sched *late_sched(const struct text *t, const struct scxray_sched *s)
{
	for (size_t i = 0; t->late && i < t->late->nr_scheds; i++)
		if (num_true(&s->sched_kva) &&
		    num_is(&t->late->scheds[i].sched_kva, s->sched_kva.value))
			return &t->late->scheds[i];
	return NULL;
}

/* True if the counter and its parts are the same in both. */
static bool same_event(const struct scxray_event *a, const struct scxray_event *b)
{
	bool same = !strcmp(a->name, b->name) && a->nr_cpus == b->nr_cpus &&
		    a->total.state == SCXRAY_PRESENT && num_is(&b->total, a->total.value);

	for (size_t c = 0; same && c < a->nr_cpus; c++)
		same = a->per_cpu[c].state == SCXRAY_PRESENT &&
		       num_is(&b->per_cpu[c], a->per_cpu[c].value);
	return same;
}

static bool is_zero_event(const struct scxray_event *event)
{
	bool zero = num_is(&event->total, 0);

	for (size_t c = 0; zero && c < event->nr_cpus; c++)
		zero = num_is(&event->per_cpu[c], 0);
	return zero;
}

static void events(struct text *t, const struct scxray_sched *sched)
{
	const struct scxray_sched *late = late_sched(t, sched);
	struct table tab;
	size_t zero = 0, same = 0;

	if (sched->events_unavailable) {
		strbuf_puts(&t->out, "    event_counters: <unavailable: ");
		cell_string(&t->out, sched->events_unavailable);
		strbuf_puts(&t->out, ">\n");
	}
	if (!sched->nr_events)
		return;
	table_init(&tab, t, event_columns, ARRAY_SIZE(event_columns));
	for (size_t i = 0; i < sched->nr_events; i++) {
		const struct scxray_event *event = &sched->events[i];

		if (is_zero_event(event)) {
			zero++;
			if (!t->full)
				continue;
		} else if (late && i < late->nr_events && same_event(event, &late->events[i])) {
			same++;
			continue;
		}
		table_row(&tab, event);
	}
	strbuf_puts(&t->out, "    ");
	style_begin(t, &t->out, STYLE_CYAN);
	strbuf_puts(&t->out, "event_counters:");
	style_end(t, &t->out, STYLE_CYAN);
	strbuf_printf(&t->out, " %zu, %zu of them 0", sched->nr_events, zero);
	if (same)
		strbuf_printf(&t->out, ", %zu as in the late snapshot", same);
	strbuf_putc(&t->out, '\n');
	table_print(&tab, 6);
	table_deinit(&tab);
}

static void put_settings(struct strbuf *sb, const struct scxray_sched *s)
{
	if (s->ops_flag_names && *s->ops_flag_names) {
		strbuf_puts(sb, "flags=");
		cell_string(sb, s->ops_flag_names);
	} else {
		item(sb, "flags", &s->ops_flags, cell_hex);
	}
	item(sb, "slice_dfl", &s->slice_dfl, cell_duration);
	item(sb, "dispatch_max_batch", &s->dispatch_max_batch, cell_num);
	item(sb, "exit_dump_len", &s->exit_dump_len, cell_num);
	item(sb, "sched_kva", &s->sched_kva, cell_address);
}

/* Settings and ops; in the early half as a line, where the late one has the same. */
static void settings(struct text *t, const struct scxray_sched *s, struct strbuf *sb)
{
	const struct scxray_sched *late = late_sched(t, s);
	struct strbuf other;
	bool same;

	strbuf_init(&other, NULL);
	put_settings(sb, s);
	put_ops(sb, s);
	if (late) {
		put_settings(&other, late);
		put_ops(&other, late);
	}
	same = late && sb->len && !strcmp(strbuf_str(sb), strbuf_str(&other));
	strbuf_deinit(&other);
	sb->len = 0;
	if (same) {
		strbuf_puts(&t->out, "    settings and ops: as in the late snapshot\n");
		return;
	}
	put_settings(sb, s);
	paragraph(t, 4, "settings:", sb);
	put_ops(sb, s);
	paragraph(t, 4, "ops:", sb);
}

static void sched(struct text *t, const struct scxray_sched *s, const struct scxray_sched *parent)
{
	const struct scxray_report *r = t->report;
	struct strbuf sb;

	strbuf_init(&sb, NULL);
	strbuf_puts(&t->out, "  ");
	style_begin(t, &t->out, STYLE_BOLD);
	strbuf_puts(&t->out, "sched ");
	cell_text(&t->out, &s->name);
	style_end(t, &t->out, STYLE_BOLD);
	if (parent) {
		strbuf_puts(&t->out, " below ");
		cell_text(&t->out, &parent->name);
	}
	if (s->cgrp_path.state == SCXRAY_PRESENT || s->cgrp_path.state == SCXRAY_UNREADABLE) {
		strbuf_puts(&t->out, " cgroup ");
		cell_text(&t->out, &s->cgrp_path);
	}
	strbuf_putc(&t->out, '\n');

	if (!parent)
		named(&sb, "enable_state", r->enable_state_name, &r->enable_state);
	if (!parent)
		item(&sb, "switching_all", &r->switching_all, cell_bool);
	named(&sb, "exit_kind", s->exit_kind_name, &s->exit_kind);
	item(&sb, "aborting", &s->aborting, cell_bool);
	item(&sb, "bypass_depth", &s->bypass_depth, cell_signed);
	if (num_true(&s->bypass_depth) && num_true(&s->bypass_timestamp))
		item(&sb, "bypass_since", &s->bypass_timestamp, cell_num);
	if (parent)
		item(&sb, "attached", &s->sub_attached, cell_bool);
	if (num_true(&s->dead))
		item(&sb, "dead", &s->dead, cell_bool);
	paragraph(t, 4, "state:", &sb);
	item(&sb, "timeout", &s->timeout_ms, cell_millis);
	item(&sb, "watchdog_timeout", &s->watchdog_timeout, cell_jiffies);
	item(&sb, "watchdog_age", &s->watchdog_age_jiffies, cell_jiffies);
	if (!parent)
		item(&sb, "jiffies", &r->guest.jiffies, cell_num);
	paragraph(t, 4, "watchdog:", &sb);
	settings(t, s, &sb);
	exit_info(t, &s->exit_info, &sb);
	events(t, s);
	strbuf_deinit(&sb);
}

void text_scheds(struct text *t, const struct scxray_report *r)
{
	size_t *parents = sched_parents(r);

	if (r->nr_scheds && !parents)
		t->out.error = ENOMEM;
	for (size_t i = 0; parents && i < r->nr_scheds; i++)
		sched(t, &r->scheds[i], i ? &r->scheds[parents[i]] : NULL);
	free(parents);
	text_cut(t, r, SCXRAY_GROUP_SCHEDS, 2);
}
