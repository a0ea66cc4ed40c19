/* SPDX-License-Identifier: BSD-2-Clause */
#include "render/out/timeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <base/array.h>

#include <scxray/atoms.h>
#include <scxray/dsq.h>
#include <scxray/host.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/sched.h>

#include "render/out/join.h"

/* What an image shows beside its event counters, named as in a running guest's samples. */
static const char *const gauges[] = { "nr_running", "builtin_dsq_depth", "max_runnable_age_ms" };

#define NR_GAUGES ARRAY_SIZE(gauges)

static void gauge_values(const struct scxray_report *r, uint64_t *values, size_t stride)
{
	uint64_t running = 0, depth = 0, age = 0, value;

	for (size_t i = 0; i < r->nr_rqs; i++)
		running += num_get(&r->rqs[i].nr_running, &value) ? value : 0;
	for (size_t i = 0; i < r->nr_dsqs; i++)
		if (r->dsqs[i].origin == SCXRAY_DSQ_LOCAL || r->dsqs[i].origin == SCXRAY_DSQ_GLOBAL)
			depth += num_get(&r->dsqs[i].nr, &value) ? value : 0;
	for (size_t i = 0; i < r->nr_tasks; i++)
		if (r->tasks[i].runnable_cpu >= 0 &&
		    num_get(&r->tasks[i].runnable_age_ms, &value) && (int64_t)value > (int64_t)age)
			age = value;
	values[0] = running;
	values[stride] = depth;
	values[2 * stride] = age;
}

static const struct scxray_event *find_event(const struct scxray_sched *sched, const char *name)
{
	for (size_t i = 0; i < sched->nr_events; i++)
		if (!strcmp(sched->events[i].name, name))
			return &sched->events[i];
	return NULL;
}

static void add_events(struct timeline *tl, const struct scxray_sched *early,
		       const struct scxray_sched *late)
{
	for (size_t i = 0; i < late->nr_events; i++) {
		const struct scxray_event *now = &late->events[i];
		const struct scxray_event *was = find_event(early, now->name);
		uint64_t *values = &tl->values[2 * tl->t.nr_series];

		/* a key can't be there twice */
		if (!was || find_event(late, now->name) != now ||
		    !num_get(&was->total, &values[0]) || !num_get(&now->total, &values[1]))
			continue;
		tl->series[tl->t.nr_series++] = (struct scxray_series){ now->name, values };
		tl->t.nr_events++;
	}
}

/* Each scheduler has new counters; before 6.16 it has no address to recognise it by. */
static bool same_sched(const struct scxray_sched *a, const struct scxray_sched *b)
{
	return a->sched_kva.state == b->sched_kva.state &&
	       (a->sched_kva.state != SCXRAY_PRESENT || a->sched_kva.value == b->sched_kva.value);
}

/* The timeline of two images of one guest: the time between them is in its jiffies. */
static void make_pair(struct timeline *tl, const struct scxray_report *early,
		      const struct scxray_report *late)
{
	uint64_t from, to, hz;
	size_t max;

	if (!early->nr_scheds || !late->nr_scheds || !late->scheds[0].nr_events ||
	    !same_sched(&early->scheds[0], &late->scheds[0]) ||
	    !num_get(&early->guest.jiffies, &from) || !num_get(&late->guest.jiffies, &to) ||
	    !num_get(&late->guest.hz, &hz) || !hz || hz > 10000 || to <= from ||
	    to - from >= 1ULL << 40)
		return;
	max = late->scheds[0].nr_events + NR_GAUGES;
	tl->series = calloc(max, sizeof(*tl->series));
	tl->values = calloc(2 * max, sizeof(*tl->values));
	if (!tl->series || !tl->values) {
		tl->error = ENOMEM;
		return;
	}
	add_events(tl, &early->scheds[0], &late->scheds[0]);
	if (!tl->t.nr_events)
		return;
	gauge_values(early, &tl->values[2 * tl->t.nr_series], 2);
	gauge_values(late, &tl->values[2 * tl->t.nr_series + 1], 2);
	for (size_t i = 0; i < NR_GAUGES; i++, tl->t.nr_series++)
		tl->series[tl->t.nr_series] =
			(struct scxray_series){ gauges[i], &tl->values[2 * tl->t.nr_series] };
	tl->elapsed_ms[1] = (to - from) * 1000 / hz;
	tl->t.elapsed_ms = tl->elapsed_ms;
	tl->t.nr_samples = 2;
	tl->t.series = tl->series;
	tl->is_pair = true;
}

void timeline_init(struct timeline *tl, const struct scxray_document *doc,
		   const struct scxray_report *r)
{
	memset(tl, 0, sizeof(*tl));
	if (r->host)
		tl->t = r->host->timeline;
	else if (doc->dual && doc->early && !doc->early->host && r == doc->late)
		make_pair(tl, doc->early, r);
}

void timeline_deinit(struct timeline *tl)
{
	free(tl->series);
	free(tl->values);
}
