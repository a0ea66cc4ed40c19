/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host.c - what the host knows, as text: the trigger, the length of the freeze, performance
 * counters, and why vCPUs did not park
 */
#include <inttypes.h>

#include <base/array.h>

#include <scxray/host.h>
#include <scxray/report_struct.h>
#include <scxray/vcpu.h>

#include "render/out/escape.h"
#include "render/out/join.h"
#include "render/out/table.h"
#include "render/out/reasons.h"

static const struct scxray_host *host_of(const struct scxray_report *r)
{
	return r ? r->host : NULL;
}

static const char *moment_of(const struct scxray_host *host)
{
	return host->moment ? host->moment : "late";
}

/* ---- what fired ------------------------------------------------------------- */

static void text_trigger(struct text *t, const struct scxray_host *early,
			 const struct scxray_host *late)
{
	const char *trigger = document_trigger(t->doc);
	const char *watchpoint = late && late->watchpoint ? late->watchpoint
				 : early		  ? early->watchpoint
							  : NULL;

	if (trigger) {
		text_styled(t, STYLE_BOLD, "trigger");
		strbuf_puts(&t->out, ": ");
		cell_string(&t->out, trigger);
		strbuf_putc(&t->out, '\n');
	}
	if (early && early->trigger) {
		strbuf_puts(&t->out, trigger ? "  early: " : "trigger of the early snapshot: ");
		cell_string(&t->out, early->trigger);
		strbuf_putc(&t->out, '\n');
	}
	if (watchpoint) {
		strbuf_puts(&t->out, "  watchpoint: ");
		cell_string(&t->out, watchpoint);
		strbuf_putc(&t->out, '\n');
	}
}

/* ---- timing ----------------------------------------------------------------- */

/* The struct that a row of the timing table is made from. */
struct timed {
	const char *moment;
	struct scxray_freeze_timing timing;
	uint64_t decode_us;
};

static enum style timing_clock(struct strbuf *sb, const struct text *t, const void *at)
{
	int64_t us = *(const int64_t *)at;

	(void)t;
	if (us < 0)
		return column_none(sb);
	strbuf_i64(sb, us);
	return STYLE_PLAIN;
}

/* 0: not measured. */
static enum style timing_us(struct strbuf *sb, const struct text *t, const void *at)
{
	return *(const uint64_t *)at ? column_u64(sb, t, at) : column_none(sb);
}

static enum style timing_copied(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct timed *timed = at;
	uint64_t bytes = timed->timing.bytes_copied + timed->timing.after_thaw_bytes;

	(void)t;
	if (bytes >> 20)
		strbuf_printf(sb, "%" PRIu64 ".%u MiB", bytes >> 20,
			      (unsigned)((bytes & 0xfffff) * 10 >> 20));
	else
		strbuf_printf(sb, "%" PRIu64 " KiB", bytes >> 10);
	return STYLE_PLAIN;
}

static enum style timing_cut(struct strbuf *sb, const struct text *t, const void *at)
{
	const struct timed *timed = at;

	(void)t;
	if (timed->timing.cut_by_deadline)
		strbuf_puts(sb, "deadline");
	if (timed->timing.cut_by_budget)
		strbuf_puts(sb, timed->timing.cut_by_deadline ? ", budget" : "budget");
	if (!timed->timing.cut_by_deadline && !timed->timing.cut_by_budget)
		strbuf_putc(sb, '-');
	return STYLE_YELLOW;
}

static const struct column timing_columns[] = {
	COLUMN("freeze", LEFT, 0, timed, moment, column_string),
	COLUMN("park", RIGHT, 0, timed, timing.park_us, column_u64),
	COLUMN("capture", RIGHT, 0, timed, timing.capture_us, column_u64),
	COLUMN("thaw", RIGHT, 0, timed, timing.thaw_us, column_u64),
	COLUMN("frozen", RIGHT, 0, timed, timing.frozen_us, column_u64),
	COLUMN("guest clock", RIGHT, 0, timed, timing.guest_clock_us, timing_clock),
	COLUMN("after thaw", RIGHT, 0, timed, timing.after_thaw_us, column_u64),
	COLUMN("decode", RIGHT, 0, timed, decode_us, timing_us),
	COLUMN("find kernel", RIGHT, 0, timed, timing.resolve_us, timing_us),
	{ "copied", RIGHT, 0, 0, timing_copied },
	{ "cut by", LEFT, 0, 0, timing_cut },
};

/* "  label: words", once if both freezes have the same words. */
static void timing_note(struct text *t, const char *label, const char *early, const char *late)
{
	struct strbuf sb;

	if (!early && !late)
		return;
	strbuf_init(&sb, NULL);
	if (early && late && strcmp(early, late) != 0) {
		strbuf_puts(&sb, "early: ");
		cell_string(&sb, early);
		strbuf_puts(&sb, "; late: ");
		cell_string(&sb, late);
	} else {
		cell_string(&sb, late ? late : early);
	}
	strbuf_printf(&t->out, "  %s: ", label);
	text_wrap(t, strbuf_str(&sb), strlen(label) + 4, 4);
	strbuf_deinit(&sb);
}

static void stacks_lost(struct text *t, const struct scxray_host *host)
{
	uint64_t nr = host->timing.stacks_lost;

	if (nr)
		strbuf_printf(&t->out, "  %s: %" PRIu64 " %s before %s copied, after the thaw\n",
			      moment_of(host), nr, nr == 1 ? "task ran" : "tasks ran",
			      nr == 1 ? "its stack was" : "their stacks were");
}

/* A copy that was short needs no words. */
#define LONG_COPY_US 2000

static void method_note(struct text *t, const struct scxray_host *host)
{
	const struct scxray_freeze_timing *timing = &host->timing;
	struct strbuf sb;

	if (!timing->method || (strcmp(timing->method, "copy") == 0 &&
				(timing->capture_us <= LONG_COPY_US || !timing->method_reason)))
		return;
	strbuf_init(&sb, NULL);
	cell_string(&sb, timing->method);
	if (strcmp(timing->method, "cow") == 0)
		strbuf_printf(
			&sb,
			", the copy of memory as it was at the freeze, made while the guest ran "
			"again: protected in %" PRIu64 " microseconds, %" PRIu64
			" KiB of pages saved before they were written",
			timing->protect_us, timing->saved_bytes >> 10);
	if (timing->method_reason) {
		strbuf_puts(&sb, "; ");
		cell_string(&sb, timing->method_reason);
	}
	strbuf_printf(&t->out, "  %s: by ", moment_of(host));
	text_wrap(t, strbuf_str(&sb), 10, 4);
	strbuf_deinit(&sb);
}

void text_timing(struct text *t)
{
	const struct scxray_host *late = host_of(t->doc->late);
	const struct scxray_host *early = host_of(t->doc->early);
	const struct scxray_host *timed[2];
	struct table tab;
	size_t nr = 0;

	/* an image has no timing: nothing is said unless the user asks for it */
	if (!late && !early && !text_is_asked(t))
		return;
	text_section(t);
	text_trigger(t, early, late);
	if (!late && !early)
		text_unavailable(t, "timing", "nobody froze the guest: an image holds one moment");
	if (t->summary)
		return;
	if (early && early->has_timing)
		timed[nr++] = early;
	if (late && late->has_timing)
		timed[nr++] = late;
	if (!nr)
		return;
	text_styled(t, STYLE_BOLD, "timing");
	strbuf_puts(&t->out, ": in microseconds\n");
	table_init(&tab, t, timing_columns, ARRAY_SIZE(timing_columns));
	for (size_t i = 0; i < nr; i++)
		table_row(&tab, &(struct timed){ .moment = moment_of(timed[i]),
						 .timing = timed[i]->timing,
						 .decode_us = timed[i] == early
								      ? t->doc->early_decode_us
								      : t->doc->late_decode_us });
	table_print(&tab, 2);
	table_deinit(&tab);
	for (size_t i = 0; i < nr; i++)
		stacks_lost(t, timed[i]);
	for (size_t i = 0; i < nr; i++)
		method_note(t, timed[i]);
	timing_note(t, "clock", nr > 1 ? timed[0]->timing.clock : NULL,
		    timed[nr - 1]->timing.clock);
	timing_note(t, "devices", nr > 1 ? timed[0]->timing.devices : NULL,
		    timed[nr - 1]->timing.devices);
}

/* ---- performance counters ----------------------------------------------------- */

static void perf_line(struct strbuf *sb, const struct scxray_perf *perf)
{
	if (perf->unavailable) {
		strbuf_puts(sb, "<unavailable: ");
		cell_string(sb, perf->unavailable);
		strbuf_puts(sb, ">\n");
		return;
	}
	strbuf_printf(sb, "cycles=%" PRIu64 " insns=%" PRIu64 " ipc=", perf->cycles,
		      perf->instructions);
	if (perf->cycles)
		strbuf_printf(sb, "%.3f", (double)perf->instructions / (double)perf->cycles);
	else
		strbuf_putc(sb, '-');
	strbuf_printf(sb,
		      " cache_misses=%" PRIu64 " branch_misses=%" PRIu64 " (en/ru=%" PRIu64
		      "/%" PRIu64 " ns)\n",
		      perf->cache_misses, perf->branch_misses, perf->time_enabled_ns,
		      perf->time_running_ns);
}

void text_perf(struct text *t, const struct scxray_report *r)
{
	text_reason(t, r, SCXRAY_GROUP_PERF, r->host ? r->host->nr_perf : 0);
	if (!r->host || !r->host->nr_perf)
		return;
	text_section(t);
	text_styled(t, STYLE_BOLD, "vcpu_perf_at_freeze:\n");
	for (size_t i = 0; i < r->host->nr_perf; i++) {
		strbuf_printf(&t->out, "  vcpu %zu: ", i);
		perf_line(&t->out, &r->host->perf[i]);
	}
}

void text_truncated(struct text *t, const struct scxray_report *r)
{
	if (!r->truncated_at_us && !r->maps_truncated)
		return;
	text_section(t);
	style_begin(t, &t->out, STYLE_YELLOW);
	strbuf_puts(&t->out, "dump truncated: ");
	if (r->truncated_at_us)
		strbuf_printf(&t->out, "deadline crossed at %" PRIu64 "us", r->truncated_at_us);
	else
		strbuf_puts(&t->out, "no room for more");
	strbuf_printf(&t->out, " (%" PRIu32 " map(s) skipped)", r->maps_truncated);
	style_end(t, &t->out, STYLE_YELLOW);
	strbuf_putc(&t->out, '\n');
}

/* ---- degraded ----------------------------------------------------------------- */

void text_degraded(struct text *t, const struct scxray_report *r)
{
	const struct scxray_degraded *d = &r->host->degraded;
	struct strbuf *sb = &t->out;

	text_styled(t, STYLE_BOLD, "degraded failure dump:");
	strbuf_puts(sb, "\n  reason: ");
	cell_degraded(sb, r->host);
	if (r->nr_vcpus)
		strbuf_printf(sb, "\n  vcpus_parked: %" PRIu32 "/%" PRIu32, d->nr_parked,
			      d->nr_vcpus);
	for (size_t i = 0; i < r->nr_vcpus; i++) {
		strbuf_printf(sb, "\n    vcpu %zu: ", i);
		strbuf_puts(sb, r->vcpus[i].parked ? "parked, " : "not_parked");
		if (r->vcpus[i].parked)
			text_regs(t, &r->vcpus[i].regs);
	}
	strbuf_printf(sb, "\n  watchpoint_hit: %s", d->watchpoint_hit ? "true" : "false");
	strbuf_puts(sb, "\n  bss_latch_state: ");
	cell_string(sb, d->latch ? d->latch : "not_resolved");
	if (d->has_exit_kind)
		strbuf_printf(sb, "\n  exit_kind: %" PRIu64, d->exit_kind);
	if (d->elapsed_ms)
		strbuf_printf(sb, "\n  elapsed_ms: %" PRIu64, d->elapsed_ms);
	strbuf_putc(sb, '\n');
}
