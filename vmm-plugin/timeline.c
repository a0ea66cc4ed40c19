/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timeline.c - what a scheduler's counters were, over time, in fixed memory
 */
#include <stdlib.h>
#include <string.h>

#include "timeline.h"

enum {
	NR_RUNNING,
	DSQ_DEPTH,
	MAX_AGE, /* last: it is left out where the guest has no ages */
	NR_OTHERS,
};

static const char *const other_names[NR_OTHERS] = {
	[NR_RUNNING] = "nr_running",
	[DSQ_DEPTH] = "dsq_depth",
	[MAX_AGE] = "max_runnable_age_ms",
};

#define MAX_SERIES (SCXRAY_LOOK_MAX_EVENTS + NR_OTHERS)

struct timeline {
	uint64_t begun_ms;
	uint64_t period_ms;
	uint64_t nr_taken;
	size_t nr;
	size_t nr_events;
	size_t nr_others;
	const char *event_name[SCXRAY_LOOK_MAX_EVENTS]; /* the live guest's */
	uint64_t elapsed_ms[TIMELINE_SAMPLES];
	uint64_t values[MAX_SERIES][TIMELINE_SAMPLES]; /* events, then the others */
	struct scxray_series series[MAX_SERIES];
};

struct timeline *timeline_create(void)
{
	return calloc(1, sizeof(struct timeline));
}

void timeline_destroy(struct timeline *timeline)
{
	free(timeline);
}

void timeline_begin(struct timeline *timeline, uint64_t now_ms, uint64_t period_ms)
{
	timeline->begun_ms = now_ms;
	timeline->period_ms = period_ms;
	timeline->nr_taken = 0;
	timeline->nr = 0;
}

/* Which series there are is settled by the first sample. */
static void settle(struct timeline *timeline, const struct scxray_look *look)
{
	timeline->nr_events = look->nr_events;
	memcpy(timeline->event_name, look->event_name, sizeof(timeline->event_name));
	timeline->nr_others = look->runnable_unavailable ? MAX_AGE : NR_OTHERS;
}

static void thin_column(uint64_t *column, size_t nr)
{
	size_t half = nr / 2, kept = 0;

	for (size_t i = 0; i < half; i += 2)
		column[kept++] = column[i];
	memmove(column + kept, column + half, (nr - half) * sizeof(*column));
}

static void thin(struct timeline *timeline)
{
	size_t nr_series = timeline->nr_events + timeline->nr_others;

	thin_column(timeline->elapsed_ms, timeline->nr);
	for (size_t s = 0; s < nr_series; s++)
		thin_column(timeline->values[s], timeline->nr);
	timeline->nr -= timeline->nr / 2 / 2;
}

/* Milliseconds; nobody runnable is an age of 0.  False: not known. */
static bool age_ms(const struct scxray_look *look, uint64_t *ms)
{
	const struct scxray_num *age = &look->max_runnable_age;

	*ms = 0;
	if (age->state == SCXRAY_NONE)
		return true;
	if (age->state != SCXRAY_PRESENT || look->hz.state != SCXRAY_PRESENT || !look->hz.value)
		return false;
	if ((int64_t)age->value > 0)
		*ms = age->value / look->hz.value * 1000 +
		      age->value % look->hz.value * 1000 / look->hz.value;
	return true;
}

void timeline_add(struct timeline *timeline, uint64_t now_ms, const struct scxray_look *look)
{
	uint64_t others[NR_OTHERS] = {
		[NR_RUNNING] = look->nr_running,
		[DSQ_DEPTH] = look->dsq_depth,
	};
	size_t at;

	if (look->nr_events > SCXRAY_LOOK_MAX_EVENTS)
		return;
	if (!timeline->nr)
		settle(timeline, look);
	if (look->nr_events != timeline->nr_events ||
	    (timeline->nr_others > MAX_AGE && !age_ms(look, &others[MAX_AGE])))
		return;
	if (timeline->nr == TIMELINE_SAMPLES)
		thin(timeline);
	at = timeline->nr++;
	timeline->nr_taken++;
	timeline->elapsed_ms[at] = now_ms - timeline->begun_ms;
	for (size_t e = 0; e < timeline->nr_events; e++)
		timeline->values[e][at] = look->event[e];
	for (size_t o = 0; o < timeline->nr_others; o++)
		timeline->values[timeline->nr_events + o][at] = others[o];
}

void timeline_get(struct timeline *timeline, struct scxray_timeline *out)
{
	size_t nr_series = timeline->nr ? timeline->nr_events + timeline->nr_others : 0;

	for (size_t s = 0; s < nr_series; s++) {
		const char *name = s < timeline->nr_events ? timeline->event_name[s]
							   : other_names[s - timeline->nr_events];

		timeline->series[s] =
			(struct scxray_series){ .name = name, .values = timeline->values[s] };
	}
	*out = (struct scxray_timeline){
		.elapsed_ms = timeline->elapsed_ms,
		.nr_samples = timeline->nr,
		.series = timeline->series,
		.nr_series = nr_series,
		.nr_events = timeline->nr ? timeline->nr_events : 0,
		.nr_taken = timeline->nr_taken,
		.period_ms = timeline->period_ms,
	};
}
