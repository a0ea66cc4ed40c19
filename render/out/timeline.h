/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timeline.h - counters over time: the host's samples, or the two reports of image files
 */
#ifndef RENDER_TIMELINE_H
#define RENDER_TIMELINE_H

#include <scxray/host.h>
#include <scxray/render.h>

struct timeline {
	struct scxray_timeline t; /* nr_samples is 0 where there is none */
	bool is_pair;		  /* two samples: the early and the late report of image files */
	/* of a pair */
	uint64_t elapsed_ms[2];
	struct scxray_series *series;
	uint64_t *values;
	int error;
};

/* The timeline that the document shows with the report.  timeline_deinit() always. */
void timeline_init(struct timeline *tl, const struct scxray_document *doc,
		   const struct scxray_report *r);
void timeline_deinit(struct timeline *tl);

/* True for event counters: they only grow, and are signed in the kernel. */
static inline bool timeline_is_event(const struct timeline *tl, size_t series)
{
	return series < tl->t.nr_events;
}

#endif
