/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timeline.h - what a scheduler's counters were, over time, in fixed memory
 *
 * Samples come at even steps.  When the room is used up every second sample of the older half
 * goes: the first and the newest always stay, and the older the past the coarser it is.
 */
#ifndef VMM_PLUGIN_TIMELINE_H
#define VMM_PLUGIN_TIMELINE_H

#include <scxray/host.h>
#include <scxray/live.h>

#define TIMELINE_SAMPLES 512

struct timeline;

/* NULL: out of memory.  All later calls take no memory. */
struct timeline *timeline_create(void);
void timeline_destroy(struct timeline *timeline);

/* Forgets all samples: a new scheduler, at `now_ms` of any clock. */
void timeline_begin(struct timeline *timeline, uint64_t now_ms, uint64_t period_ms);

/* Adds what the look shows; one that lacks a number is left out rather than shown as 0. */
void timeline_add(struct timeline *timeline, uint64_t now_ms, const struct scxray_look *look);

/* All samples, for set_host: valid until the next call. */
void timeline_get(struct timeline *timeline, struct scxray_timeline *out);

#endif
