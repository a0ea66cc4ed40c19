/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timeline.c - counters over time as text: a sparkline for each
 */
#include <inttypes.h>

#include <scxray/host.h>
#include <scxray/report_struct.h>

#include "render/out/escape.h"
#include "render/out/join.h"
#include "render/out/cells.h"
#include "render/out/timeline.h"
#include "render/out/reasons.h"

#define NAME_WIDTH 30 /* at least */
#define MAX_NAME_WIDTH 48
#define MAX_COLUMNS 60 /* of a sparkline */
#define MIN_COLUMNS 16
#define BESIDE 30 /* columns for the last value and the rate */

/* The columns of a sparkline: fewer than the samples where the line has no room. */
static size_t nr_columns(const struct text *t, const struct timeline *tl, size_t name_width)
{
	size_t beside = name_width + BESIDE;
	size_t most = t->width > beside + MIN_COLUMNS ? t->width - beside : MIN_COLUMNS;

	most = most < MAX_COLUMNS ? most : MAX_COLUMNS;
	return tl->t.nr_samples < most ? tl->t.nr_samples : most;
}

/* Writes a level from 0 to 7 as a block, U+2581 to U+2588. */
static void block(struct strbuf *sb, unsigned level)
{
	const char utf8[] = { '\xe2', '\x96', (char)(0x81 + level) };

	strbuf_write(sb, utf8, sizeof(utf8));
}

/* Counters are signed in the kernel; a negative one is shown as 0. */
static uint64_t clamped(uint64_t v)
{
	return (int64_t)v < 0 ? 0 : v;
}

/*
 * The one value for all samples of a column: a counter's last one, which includes
 * the earlier ones; else the greatest, so that no peak is lost.
 */
static uint64_t column_value(const struct timeline *tl, size_t series, size_t column, size_t nr)
{
	const uint64_t *values = tl->t.series[series].values;
	size_t begin = column * tl->t.nr_samples / nr, end = (column + 1) * tl->t.nr_samples / nr;
	uint64_t max = 0;

	if (timeline_is_event(tl, series))
		return clamped(values[end - 1]);
	for (size_t i = begin; i < end; i++)
		max = clamped(values[i]) > max ? clamped(values[i]) : max;
	return max;
}

static void sparkline(struct strbuf *sb, const struct timeline *tl, size_t series, size_t nr)
{
	uint64_t values[MAX_COLUMNS], min = UINT64_MAX, max = 0;

	for (size_t i = 0; i < nr; i++) {
		values[i] = column_value(tl, series, i, nr);
		min = values[i] < min ? values[i] : min;
		max = values[i] > max ? values[i] : max;
	}
	for (size_t i = 0; i < nr; i++) {
		if (min == max)
			block(sb, max ? 4 : 0);
		else /* seven times a counter may need more than 64 bits */
			block(sb,
			      (unsigned)((unsigned __int128)(values[i] - min) * 7 / (max - min)));
	}
}

/* Writes a counter's growth and its rate per second; else the least and the greatest value. */
static void movement(struct strbuf *sb, const struct timeline *tl, size_t series)
{
	const struct scxray_timeline *t = &tl->t;
	const uint64_t *values = t->series[series].values;
	uint64_t ms = t->elapsed_ms[t->nr_samples - 1] - t->elapsed_ms[0];
	uint64_t min = UINT64_MAX, max = 0;

	if (timeline_is_event(tl, series)) {
		int64_t delta = (int64_t)(values[t->nr_samples - 1] - values[0]);
		double rate = ms ? (double)delta * 1000.0 / (double)ms : 0;

		if (!delta)
			return;
		strbuf_puts(sb, delta < 0 ? "  " : "  +");
		strbuf_i64(sb, delta);
		if (ms)
			strbuf_printf(sb, rate > -100 && rate < 100 ? ", %.1f/s" : ", %.0f/s",
				      rate);
		return;
	}
	for (size_t i = 0; i < t->nr_samples; i++) {
		min = values[i] < min ? values[i] : min;
		max = values[i] > max ? values[i] : max;
	}
	if (min != max)
		strbuf_printf(sb, "  %" PRIu64 " to %" PRIu64, min, max);
}

static void line(struct text *t, const struct timeline *tl, size_t series, size_t name_width)
{
	const struct scxray_series *s = &tl->t.series[series];
	uint64_t last = s->values[tl->t.nr_samples - 1];
	struct strbuf name;
	size_t width;

	strbuf_init(&name, NULL);
	cell_string(&name, s->name);
	width = utf8_display_width(strbuf_str(&name), name.len);
	strbuf_fill(&t->out, ' ', 2 + (width < name_width ? name_width - width : 0));
	strbuf_puts(&t->out, strbuf_str(&name));
	strbuf_puts(&t->out, "  ");
	sparkline(&t->out, tl, series, nr_columns(t, tl, name_width));
	strbuf_puts(&t->out, "  (last=");
	if (timeline_is_event(tl, series))
		strbuf_i64(&t->out, (int64_t)last);
	else
		strbuf_u64(&t->out, last);
	strbuf_putc(&t->out, ')');
	movement(&t->out, tl, series);
	strbuf_putc(&t->out, '\n');
	strbuf_deinit(&name);
}

static bool is_constant(const struct timeline *tl, size_t series)
{
	const uint64_t *values = tl->t.series[series].values;

	for (size_t i = 1; i < tl->t.nr_samples; i++)
		if (values[i] != values[0])
			return false;
	return true;
}

/* Of two images, diff has said how each event counter grew. */
static bool is_in_diff(const struct text *t, const struct timeline *tl, size_t series)
{
	return tl->is_pair && timeline_is_event(tl, series) && text_wants(t, GROUP_DIFF) &&
	       text_wants(t, GROUP_SCHED);
}

static bool is_shown(const struct text *t, const struct timeline *tl, size_t series)
{
	return t->full || (!is_constant(tl, series) && !is_in_diff(t, tl, series));
}

/* The names' column: a name that is longer than any kernel's breaks only its own line. */
static size_t widest_name(const struct text *t, const struct timeline *tl)
{
	size_t widest = NAME_WIDTH;

	for (size_t i = 0; i < tl->t.nr_series; i++) {
		struct strbuf name;
		size_t width;

		if (!is_shown(t, tl, i))
			continue;
		strbuf_init(&name, NULL);
		cell_string(&name, tl->t.series[i].name);
		width = utf8_display_width(strbuf_str(&name), name.len);
		if (width > widest && width <= MAX_NAME_WIDTH)
			widest = width;
		strbuf_deinit(&name);
	}
	return widest;
}

/* "16 more are 0 throughout; constant: A=25, B=1" */
static void constants(struct text *t, const struct timeline *tl)
{
	size_t zeros = 0, others = 0;
	struct strbuf sb, names;

	strbuf_init(&sb, NULL);
	strbuf_init(&names, NULL);
	for (size_t i = 0; i < tl->t.nr_series; i++) {
		uint64_t value = tl->t.series[i].values[0];

		if (!is_constant(tl, i) || is_in_diff(t, tl, i))
			continue;
		if (!value) {
			zeros++;
			continue;
		}
		strbuf_puts(&names, others++ ? ", " : "constant: ");
		cell_string(&names, tl->t.series[i].name);
		strbuf_putc(&names, '=');
		if (timeline_is_event(tl, i))
			strbuf_i64(&names, (int64_t)value);
		else
			strbuf_u64(&names, value);
	}
	if (zeros)
		strbuf_printf(&sb, "%zu more %s 0 throughout%s", zeros, zeros == 1 ? "is" : "are",
			      others ? "; " : "");
	strbuf_puts(&sb, strbuf_str(&names));
	if (sb.len) {
		strbuf_putc(&sb, ')');
		strbuf_puts(&t->out, "  (");
		text_wrap(t, strbuf_str(&sb), 3, 3);
	}
	if (sb.error || names.error)
		t->out.error = sb.error ? sb.error : names.error;
	strbuf_deinit(&sb);
	strbuf_deinit(&names);
}

/* Notes: where the samples are from, and how many of them a column has. */
static void notes(struct text *t, const struct timeline *tl, size_t name_width)
{
	const struct scxray_timeline *s = &tl->t;
	size_t nr = nr_columns(t, tl, name_width);
	struct strbuf sb;

	strbuf_init(&sb, NULL);
	if (tl->is_pair)
		strbuf_puts(&sb, "; two images' own counters, by the guest's jiffies");
	if (!t->full && is_in_diff(t, tl, 0))
		strbuf_puts(&sb, "; event counters are in diff and event_counters");
	if (s->nr_taken > s->nr_samples)
		strbuf_printf(&sb,
			      "; %" PRIu64
			      " samples were taken, older ones are thinned out: columns "
			      "to the left stand for more time, the newest samples are %" PRIu64
			      "ms apart",
			      s->nr_taken, s->period_ms);
	if (s->nr_samples > nr)
		strbuf_printf(&sb,
			      "; a column stands for up to %zu samples: the last of a counter, the "
			      "greatest of anything else",
			      (s->nr_samples + nr - 1) / nr);
	if (sb.len) {
		strbuf_putc(&sb, ')');
		strbuf_puts(&t->out, "  (");
		text_wrap(t, strbuf_str(&sb) + 2, 3, 3);
	}
	if (sb.error)
		t->out.error = sb.error;
	strbuf_deinit(&sb);
}

void text_timeline(struct text *t, const struct scxray_report *r)
{
	struct timeline tl;

	/* the samples of a pair are shown with the late half */
	timeline_init(&tl, t->doc, t->late ? t->late : r);
	if (t->late && !tl.is_pair) {
		timeline_deinit(&tl);
		timeline_init(&tl, t->doc, r);
	}
	if (tl.error)
		t->out.error = tl.error;
	if (!tl.is_pair)
		text_reason(t, r, SCXRAY_GROUP_TIMELINE, tl.t.nr_samples);
	if (tl.t.nr_samples) {
		size_t name_width = widest_name(t, &tl);

		text_section(t);
		text_styled(t, STYLE_BOLD, "event_counter_timeline");
		strbuf_printf(&t->out, ": %zu sample%s (%" PRIu64 "–%" PRIu64 "ms)\n",
			      tl.t.nr_samples, plural_s(tl.t.nr_samples), tl.t.elapsed_ms[0],
			      tl.t.elapsed_ms[tl.t.nr_samples - 1]);
		notes(t, &tl, name_width);
		for (size_t i = 0; i < tl.t.nr_series; i++)
			if (is_shown(t, &tl, i))
				line(t, &tl, i, name_width);
		if (!t->full)
			constants(t, &tl);
	}
	timeline_deinit(&tl);
}
