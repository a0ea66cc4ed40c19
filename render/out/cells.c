/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cells.c - short texts for tables and sentences; sections, styles and paragraphs
 */
#include "render/out/cells.h"

#include <inttypes.h>

#include <scxray/dsq.h>
#include <scxray/host.h>
#include <scxray/report_struct.h>
#include <scxray/task.h>

#include "render/out/escape.h"
#include "render/out/field.h"
#include "render/out/join.h"

void text_section(struct text *t)
{
	if (t->any_section)
		strbuf_putc(&t->out, '\n');
	t->any_section = true;
}

static const char *const codes[] = {
	[STYLE_BOLD] = "\033[1m",    [STYLE_DIM] = "\033[2m",	 [STYLE_RED] = "\033[1;31m",
	[STYLE_YELLOW] = "\033[33m", [STYLE_GREEN] = "\033[32m", [STYLE_CYAN] = "\033[36m",
};

void style_begin(const struct text *t, struct strbuf *sb, enum style style)
{
	if (t->color && style != STYLE_PLAIN)
		strbuf_puts(sb, codes[style]);
}

void style_end(const struct text *t, struct strbuf *sb, enum style style)
{
	if (t->color && style != STYLE_PLAIN)
		strbuf_puts(sb, "\033[0m");
}

void text_styled(struct text *t, enum style style, const char *s)
{
	style_begin(t, &t->out, style);
	strbuf_puts(&t->out, s);
	style_end(t, &t->out, style);
}

void text_unavailable(struct text *t, const char *group, const char *reason)
{
	if (!reason)
		return;
	text_section(t);
	text_styled(t, STYLE_BOLD, group);
	strbuf_puts(&t->out, ": ");
	style_begin(t, &t->out, STYLE_DIM);
	strbuf_puts(&t->out, "<unavailable: ");
	escape_text(&t->out, reason, strlen(reason), false);
	strbuf_puts(&t->out, ">");
	style_end(t, &t->out, STYLE_DIM);
	strbuf_putc(&t->out, '\n');
}

void cell_keep_words(struct strbuf *sb, size_t start)
{
	for (size_t i = start; i < sb->len; i++)
		if (sb->data[i] == ' ')
			sb->data[i] = NO_BREAK;
}

void text_wrap(struct text *t, const char *s, size_t column, size_t indent)
{
	bool first = true;

	while (*s) {
		size_t n = strcspn(s, " "), w = utf8_display_width(s, n);

		if (!first && column + 1 + w > t->width) {
			strbuf_putc(&t->out, '\n');
			strbuf_fill(&t->out, ' ', indent);
			column = indent;
		} else if (!first) {
			strbuf_putc(&t->out, ' ');
			column++;
		}
		for (size_t i = 0; i < n; i++)
			strbuf_putc(&t->out, s[i] == NO_BREAK ? ' ' : s[i]);
		column += w;
		first = false;
		s += n;
		s += strspn(s, " ");
	}
	strbuf_putc(&t->out, '\n');
}

void cell_unreadable(struct strbuf *sb, uint64_t addr, const char *reason)
{
	strbuf_puts(sb, "<unreadable: ");
	strbuf_hex(sb, addr, 16);
	strbuf_puts(sb, ": ");
	cell_string(sb, reason ? reason : "not known");
	strbuf_putc(sb, '>');
}

/* Writes what is printed for a number that memory did not hold; false if it held one. */
static bool no_number(struct strbuf *sb, const struct scxray_num *num)
{
	if (num->state == SCXRAY_PRESENT)
		return false;
	if (num->state == SCXRAY_UNREADABLE)
		cell_unreadable(sb, num->value, num->reason);
	else
		strbuf_putc(sb, '-');
	return true;
}

void cell_num(struct strbuf *sb, const struct scxray_num *num)
{
	if (!no_number(sb, num))
		strbuf_u64(sb, num->value);
}

void cell_signed(struct strbuf *sb, const struct scxray_num *num)
{
	if (!no_number(sb, num))
		strbuf_i64(sb, num_signed(num));
}

void cell_hex(struct strbuf *sb, const struct scxray_num *num)
{
	if (!no_number(sb, num))
		strbuf_hex(sb, num->value, 1);
}

void cell_string(struct strbuf *sb, const char *s)
{
	if (s)
		escape_text(sb, s, strlen(s), false);
	else
		strbuf_putc(sb, '-');
}

void cell_text(struct strbuf *sb, const struct scxray_text *text)
{
	if (text->state == SCXRAY_PRESENT)
		escape_text(sb, text->bytes, text->len, false);
	else if (text->state == SCXRAY_UNREADABLE)
		cell_unreadable(sb, text->addr, text->reason);
	else
		strbuf_putc(sb, '-');
}

void cell_cpus(struct strbuf *sb, const struct scxray_cpumask *mask)
{
	size_t start = sb->len;

	if (mask->state == SCXRAY_UNREADABLE)
		cell_unreadable(sb, mask->addr, mask->reason);
	else if (mask->state == SCXRAY_PRESENT)
		cpumask_put_list(sb, mask);
	if (sb->len == start)
		strbuf_putc(sb, '-');
}

void cell_task(struct strbuf *sb, const struct scxray_task *task, uint64_t kva)
{
	if (!task) {
		strbuf_hex(sb, kva, 16);
		return;
	}
	cell_text(sb, &task->comm);
	strbuf_putc(sb, '[');
	cell_signed(sb, &task->pid);
	strbuf_putc(sb, ']');
}

void cell_ms(struct strbuf *sb, int64_t ms)
{
	uint64_t v = ms < 0 ? -(uint64_t)ms : (uint64_t)ms;

	if (ms < 0)
		strbuf_putc(sb, '-');
	if (v < 1000)
		strbuf_printf(sb, "%llums", (unsigned long long)v);
	else
		strbuf_printf(sb, "%llu.%03us", (unsigned long long)(v / 1000),
			      (unsigned)(v % 1000));
}

void cell_wait(struct strbuf *sb, const struct scxray_num *hz, uint64_t jiffies)
{
	if (hz->state == SCXRAY_PRESENT && hz->value && hz->value <= 10000)
		cell_ms(sb, (int64_t)(jiffies * 1000 / hz->value));
	else
		strbuf_printf(sb, "%lluj", (unsigned long long)jiffies);
}

void cell_ns(struct strbuf *sb, uint64_t ns)
{
	static const struct {
		uint64_t unit;
		const char *name;
	} units[] = { { 1000000000, "s" }, { 1000000, "ms" }, { 1000, "us" } };

	for (size_t i = 0; i < 3; i++) {
		uint64_t whole = ns / units[i].unit,
			 tenths = ns % units[i].unit * 10 / units[i].unit;

		if (!whole)
			continue;
		strbuf_u64(sb, whole);
		if (tenths && whole < 1000)
			strbuf_printf(sb, ".%u", (unsigned)tenths);
		strbuf_puts(sb, units[i].name);
		return;
	}
	strbuf_u64(sb, ns);
	if (ns)
		strbuf_puts(sb, "ns");
}

void cell_slice(struct strbuf *sb, const struct scxray_num *slice)
{
	if (slice->state != SCXRAY_PRESENT)
		cell_num(sb, slice);
	else if (slice->value == UINT64_MAX)
		strbuf_puts(sb, "SCX_SLICE_INF");
	else
		cell_ns(sb, slice->value);
}

void cell_age(struct strbuf *sb, const struct scxray_task *task)
{
	if (task->runnable_age_ms.state == SCXRAY_PRESENT) {
		cell_ms(sb, num_signed(&task->runnable_age_ms));
	} else if (task->runnable_age_jiffies.state == SCXRAY_PRESENT) {
		strbuf_i64(sb, num_signed(&task->runnable_age_jiffies));
		strbuf_putc(sb, 'j');
	} else {
		no_number(sb, &task->runnable_age_ms);
	}
}

void cell_task_age(struct strbuf *sb, const struct scxray_task *task, uint64_t kva)
{
	cell_task(sb, task, kva);
	if (!task || task->runnable_age_jiffies.state != SCXRAY_PRESENT)
		return;
	strbuf_putc(sb, ' ');
	cell_age(sb, task);
}

void cell_dsq(struct strbuf *sb, const struct scxray_dsq *dsq)
{
	char origin[40];

	if (dsq->origin == SCXRAY_DSQ_USER)
		cell_hex(sb, &dsq->id);
	else
		strbuf_puts(sb, dsq_origin(dsq, origin, sizeof(origin)));
}

void cell_degraded(struct strbuf *sb, const struct scxray_host *host)
{
	const struct scxray_degraded *d = &host->degraded;
	static const char end[] = " vCPUs parked";
	size_t len = d->reason ? strlen(d->reason) : 0;

	cell_string(sb, d->reason ? d->reason
				  : "vCPU rendezvous timed out before parked acknowledgement");
	if (len < sizeof(end) || strcmp(d->reason + len - (sizeof(end) - 1), end) != 0)
		strbuf_printf(sb, ": %" PRIu64 "ms; %" PRIu32 "/%" PRIu32 "%s", d->elapsed_ms,
			      d->nr_parked, d->nr_vcpus, end);
}

/* " at main.bpf.c:212"; nothing where there is no line info */
static void cell_bpf_line(struct strbuf *sb, const struct scxray_bpf_line *line)
{
	struct scxray_text file = line->file;
	const char *slash = file.state == SCXRAY_PRESENT ? strrchr(file.bytes, '/') : NULL;

	if (slash) {
		file.len -= (size_t)(slash + 1 - file.bytes);
		file.bytes = slash + 1;
	}
	if (line->line.state == SCXRAY_NONE || line->line.state == SCXRAY_MISSING)
		return;
	strbuf_puts(sb, " at ");
	if (line->line.state == SCXRAY_PRESENT) {
		cell_text(sb, &file);
		strbuf_putc(sb, ':');
	}
	cell_num(sb, &line->line);
}

void cell_frame(struct strbuf *sb, const struct scxray_address *frame)
{
	const struct scxray_bpf_line *bpf = frame->bpf;

	if (!frame->symbol) {
		cell_hex(sb, &frame->addr);
	} else if (bpf && bpf->function.state == SCXRAY_PRESENT) {
		const char *plus = strchr(frame->symbol, '+');

		/* the symbol is the function's name after a tag that tells nobody anything */
		cell_text(sb, &bpf->function);
		cell_string(sb, plus ? plus : " [bpf]");
	} else {
		cell_string(sb, frame->symbol);
	}
	if (bpf)
		cell_bpf_line(sb, bpf);
}

void cell_owner(struct strbuf *sb, const char *sched_name)
{
	if (!sched_name)
		return;
	strbuf_puts(sb, " of ");
	cell_string(sb, sched_name);
}

void cell_dsq_id(struct strbuf *sb, const struct scxray_num *id)
{
	/* the built-in ids of enum scx_dsq_id_flags have bit 63; LOCAL_ON has bit 62, too */
	static const char *const names[] = { "SCX_DSQ_INVALID", "SCX_DSQ_GLOBAL", "SCX_DSQ_LOCAL",
					     "SCX_DSQ_BYPASS" };
	uint64_t v;

	if (no_number(sb, id))
		return;
	v = id->value;
	if (v >> 62 == 3)
		strbuf_printf(sb, "SCX_DSQ_LOCAL_ON|%u", (unsigned)(v & 0xffffffff));
	else if (v >> 63 && (v & ~(1ULL << 63)) < 4)
		strbuf_puts(sb, names[v & 3]);
	else
		strbuf_hex(sb, v, 1);
}

enum style task_age_style(const struct text *t, const struct scxray_task *task)
{
	uint64_t age;

	if (!t->timeout_jiffies || !num_get(&task->runnable_age_jiffies, &age) ||
	    (int64_t)age < 0 || task->runnable_cpu < 0)
		return STYLE_PLAIN;
	if (age > t->timeout_jiffies)
		return STYLE_RED;
	return age >= t->timeout_jiffies / 2 ? STYLE_YELLOW : STYLE_PLAIN;
}
