/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * samples.h - what a scheduler's counters were, over time, in fixed memory
 *
 * When the room is used up an older sample goes for each new one, so that the past is the coarser
 * the older it is.  The first and the newest quarter always stay.
 */
#ifndef WATCH_SAMPLES_H
#define WATCH_SAMPLES_H

#include <scxray/live.h>

struct scxray_timeline;

#define SAMPLES_MAX 512

struct samples;

/* NULL: out of memory.  All later calls take no memory. */
struct samples *samples_create(void);
void samples_destroy(struct samples *samples);

/* Forgets all samples: a new scheduler, at `now_ms` of any clock. */
void samples_begin(struct samples *samples, uint64_t now_ms, uint64_t period_ms);

/*
 * Adds what the look shows; one in which a number is missing is left out rather than shown as 0, and so is one
 * that is older than the newest.
 */
void samples_add(struct samples *samples, uint64_t now_ms, const struct scxray_look *look);

/* All samples, for set_host: valid until the next call. */
void samples_get(struct samples *samples, struct scxray_timeline *out);

#endif
