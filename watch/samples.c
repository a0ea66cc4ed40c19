/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * samples.c - what a scheduler's counters were, over time, in fixed memory
 */
#include <stdlib.h>
#include <string.h>

#include <scxray/host.h>

#include "samples.h"

enum {
	NR_RUNNING,
	DSQ_DEPTH,
	MAX_AGE, /* last: it is left out where the guest has no ages */
	NR_OTHERS,
};

static const char *const other_names[NR_OTHERS] = {
	[NR_RUNNING] = "nr_running",
	[DSQ_DEPTH] = "builtin_dsq_depth",
	[MAX_AGE] = "max_runnable_age_ms",
};

/* The newest stay, all of them. */
#define KEPT (SAMPLES_MAX / 4)

#define MAX_SERIES (SCXRAY_LOOK_MAX_EVENTS + NR_OTHERS)

struct samples {
	uint64_t begun_ms;
	uint64_t period_ms;
	uint64_t nr_taken;
	size_t nr;
	size_t nr_events;
	size_t nr_others;
	const char *event_name[SCXRAY_LOOK_MAX_EVENTS]; /* the live guest's */
	uint64_t elapsed_ms[SAMPLES_MAX];
	uint64_t values[MAX_SERIES][SAMPLES_MAX]; /* events, then the others */
	struct scxray_series series[MAX_SERIES];
};

struct samples *samples_create(void)
{
	return calloc(1, sizeof(struct samples));
}

void samples_destroy(struct samples *samples)
{
	free(samples);
}

void samples_begin(struct samples *samples, uint64_t now_ms, uint64_t period_ms)
{
	samples->begun_ms = now_ms;
	samples->period_ms = period_ms;
	samples->nr_taken = 0;
	samples->nr = 0;
}

/* Which series there are is settled by the first sample. */
static void settle(struct samples *samples, const struct scxray_look *look)
{
	samples->nr_events = look->nr_events;
	memcpy(samples->event_name, look->event_name, sizeof(samples->event_name));
	samples->nr_others = look->runnable_unavailable ? MAX_AGE : NR_OTHERS;
}

/*
 * Which sample is missed least: that which leaves the smallest gap for its age.  So gaps grow
 * with the age, at the same rate everywhere.
 */
static size_t least_missed(const struct samples *samples, uint64_t now_ms)
{
	const uint64_t *at = samples->elapsed_ms;
	double least = 2;
	size_t which = 1;

	for (size_t i = 1; i < samples->nr - KEPT; i++) {
		double gap = (double)(at[i + 1] - at[i - 1]) / (double)(now_ms - at[i - 1] + 1);

		if (gap < least) {
			least = gap;
			which = i;
		}
	}
	return which;
}

static void drop(struct samples *samples, size_t which)
{
	size_t nr_series = samples->nr_events + samples->nr_others;
	size_t after = (--samples->nr - which) * sizeof(uint64_t);

	memmove(&samples->elapsed_ms[which], &samples->elapsed_ms[which + 1], after);
	for (size_t s = 0; s < nr_series; s++)
		memmove(&samples->values[s][which], &samples->values[s][which + 1], after);
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

void samples_add(struct samples *samples, uint64_t now_ms, const struct scxray_look *look)
{
	uint64_t others[NR_OTHERS] = {
		[NR_RUNNING] = look->nr_running,
		[DSQ_DEPTH] = look->dsq_depth,
	};
	size_t at;

	if (look->nr_events > SCXRAY_LOOK_MAX_EVENTS)
		return;
	if (!samples->nr)
		settle(samples, look);
	else if (now_ms - samples->begun_ms < samples->elapsed_ms[samples->nr - 1])
		return; /* a look from before the newest one */
	if (look->nr_events != samples->nr_events ||
	    (samples->nr_others > MAX_AGE && !age_ms(look, &others[MAX_AGE])))
		return;
	if (samples->nr == SAMPLES_MAX)
		drop(samples, least_missed(samples, now_ms - samples->begun_ms));
	at = samples->nr++;
	samples->nr_taken++;
	samples->elapsed_ms[at] = now_ms - samples->begun_ms;
	for (size_t e = 0; e < samples->nr_events; e++)
		samples->values[e][at] = look->event[e];
	for (size_t o = 0; o < samples->nr_others; o++)
		samples->values[samples->nr_events + o][at] = others[o];
}

void samples_get(struct samples *samples, struct scxray_timeline *out)
{
	size_t nr_series = samples->nr ? samples->nr_events + samples->nr_others : 0;

	for (size_t s = 0; s < nr_series; s++) {
		const char *name = s < samples->nr_events ? samples->event_name[s]
							  : other_names[s - samples->nr_events];

		samples->series[s] =
			(struct scxray_series){ .name = name, .values = samples->values[s] };
	}
	*out = (struct scxray_timeline){
		.elapsed_ms = samples->elapsed_ms,
		.nr_samples = samples->nr,
		.series = samples->series,
		.nr_series = nr_series,
		.nr_events = samples->nr ? samples->nr_events : 0,
		.nr_taken = samples->nr_taken,
		.period_ms = samples->period_ms,
	};
}
