/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log.c - the kernel's log, as dmesg shows it
 */
#include "render/out/cells.h"
#include "render/out/reasons.h"

/* A failure is described at the end of the log; JSON and --full have all records. */
#define MAX_SHOWN 40

static enum style level_style(const struct scxray_num *level)
{
	if (level->state != SCXRAY_PRESENT || level->value > 4)
		return STYLE_PLAIN;
	return level->value == 4 ? STYLE_YELLOW : STYLE_RED;
}

static void prefix(struct strbuf *sb, const struct scxray_log_record *record)
{
	strbuf_puts(sb, "  [");
	if (record->ts_ns.state == SCXRAY_PRESENT) {
		uint64_t us = record->ts_ns.value / 1000;

		strbuf_printf(sb, "%5llu.%06llu", (unsigned long long)(us / 1000000),
			      (unsigned long long)(us % 1000000));
	} else {
		strbuf_puts(sb, "           ?");
	}
	strbuf_puts(sb, "] <");
	cell_num(sb, &record->level);
	strbuf_puts(sb, "> ");
	if (record->caller) {
		strbuf_printf(sb, "%5s", record->caller);
		strbuf_puts(sb, ": ");
	}
}

/* Each line of the record has a line of its own. */
static void record_lines(struct text *t, const struct scxray_log_record *record)
{
	enum style style = level_style(&record->level);
	struct scxray_text line = record->text;
	size_t left = record->text.len;

	do {
		const char *end;

		if (line.state == SCXRAY_PRESENT) {
			end = memchr(line.bytes, '\n', left);
			line.len = end ? (size_t)(end - line.bytes) : left;
		}
		prefix(&t->out, record);
		style_begin(t, &t->out, style);
		cell_text(&t->out, &line);
		style_end(t, &t->out, style);
		strbuf_putc(&t->out, '\n');
		if (line.state != SCXRAY_PRESENT || line.len == left)
			break;
		left -= line.len + 1;
		line.bytes += line.len + 1;
	} while (left);
}

void text_log(struct text *t, const struct scxray_report *r)
{
	size_t shown = text_cap(t, MAX_SHOWN);
	size_t first = r->nr_log > shown ? r->nr_log - shown : 0;

	text_reason(t, r, SCXRAY_GROUP_LOG, r->nr_log);
	if (!r->nr_log)
		return;
	text_section(t);
	text_styled(t, STYLE_BOLD, "kernel_log");
	strbuf_printf(&t->out, ": %zu records captured", r->nr_log);
	if (r->cut[SCXRAY_GROUP_LOG]) {
		strbuf_puts(&t->out, " (");
		cell_string(&t->out, r->cut[SCXRAY_GROUP_LOG]);
		strbuf_putc(&t->out, ')');
	}
	strbuf_putc(&t->out, '\n');
	if (first)
		strbuf_printf(&t->out, "  (%zu earlier ones are in JSON)\n", first);
	for (size_t i = first; i < r->nr_log; i++)
		record_lines(t, &r->log[i]);
}
