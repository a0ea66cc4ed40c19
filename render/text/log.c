/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * log.c - the kernel's log, as dmesg shows it
 */
#include <string.h>

#include <base/array.h>

#include <scxray/atoms.h>
#include <scxray/log.h>
#include <scxray/report_struct.h>

#include "render/out/cells.h"
#include "render/out/reasons.h"

/* A failure is described at the end of the log; JSON and --full have all records. */
#define MAX_TELLING 40
#define MAX_OTHERS 8

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

/* True if the record is about a scheduler, or a warning or worse. */
static bool tells(const struct scxray_log_record *record)
{
	static const char *const words[] = { "sched_ext", "BPF", "bpf", "scx_" };

	if (record->text.state != SCXRAY_PRESENT)
		return true;
	for (size_t w = 0; w < ARRAY_SIZE(words); w++)
		if (memmem(record->text.bytes, record->text.len, words[w], strlen(words[w])))
			return true;
	return record->level.state != SCXRAY_PRESENT || record->level.value <= 4;
}

/* The last `cap` records of one kind, in their order; returns how many are not shown. */
static size_t put_records(struct text *t, const struct scxray_report *r, bool telling, size_t cap)
{
	size_t nr = 0, at = 0;

	for (size_t i = 0; i < r->nr_log; i++)
		nr += tells(&r->log[i]) == telling;
	for (size_t i = 0; i < r->nr_log; i++)
		if (tells(&r->log[i]) == telling && at++ + cap >= nr)
			record_lines(t, &r->log[i]);
	return nr > cap ? nr - cap : 0;
}

void text_log(struct text *t, const struct scxray_report *r)
{
	size_t left;

	text_reason(t, r, SCXRAY_GROUP_LOG, r->nr_log);
	if (!r->nr_log)
		return;
	text_section(t);
	text_styled(t, STYLE_BOLD, "kernel_log");
	strbuf_printf(&t->out, ": %zu record%s captured", r->nr_log, plural_s(r->nr_log));
	if (r->cut[SCXRAY_GROUP_LOG]) {
		strbuf_puts(&t->out, " (");
		cell_string(&t->out, r->cut[SCXRAY_GROUP_LOG]);
		strbuf_putc(&t->out, ')');
	}
	if (!t->full)
		strbuf_puts(&t->out, "; sched_ext, BPF and warnings first");
	strbuf_putc(&t->out, '\n');
	if (t->full) {
		for (size_t i = 0; i < r->nr_log; i++)
			record_lines(t, &r->log[i]);
		return;
	}
	left = put_records(t, r, true, MAX_TELLING);
	left += put_records(t, r, false, MAX_OTHERS);
	if (left)
		strbuf_printf(&t->out, "  (%zu more: with --full only)\n", left);
}
