/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * document.c - makes a document from one report or two, and computes what its header shows
 */
#include <scxray/group.h>
#include <scxray/host.h>
#include <scxray/render.h>
#include <scxray/report_struct.h>
#include <scxray/sched.h>
#include <scxray/task.h>

#include "render/out/join.h"
#include "render/out/pair.h"

/* The age of the oldest task that the report shows; without any, what made the host freeze. */
static uint64_t max_age(const struct scxray_report *r)
{
	const struct scxray_task *oldest = report_find_oldest(r);

	if (oldest)
		return oldest->runnable_age_jiffies.value;
	return r->host ? r->host->max_age_jiffies : 0;
}

/* Half of the shortest timeout of all schedulers: that one trips first. */
static uint64_t threshold(const struct scxray_report *r)
{
	uint64_t least = sched_timeout_jiffies(r, NULL);

	if (r->host && r->host->threshold_jiffies)
		return r->host->threshold_jiffies;
	for (size_t i = 1; i < r->nr_scheds; i++) {
		uint64_t timeout = sched_timeout_jiffies(r, &r->scheds[i].sched_kva);

		if (timeout && (!least || timeout < least))
			least = timeout;
	}
	return least / 2;
}

bool report_is_empty(const struct scxray_report *r)
{
	for (unsigned g = 0; g < SCXRAY_NR_GUEST_GROUPS; g++)
		if (r->unavailable[g])
			return false;
	return !r->nr_maps && !r->nr_vcpus && !r->nr_tasks && !r->nr_rqs && !r->nr_dsqs &&
	       !r->nr_scheds && !r->nr_progs &&
	       !(r->host && (r->host->nr_perf || r->host->timeline.nr_samples));
}

const char *document_trigger(const struct scxray_document *doc)
{
	if (doc->trigger)
		return doc->trigger;
	return doc->late && doc->late->host ? doc->late->host->trigger : NULL;
}

void scxray_document_single(struct scxray_document *doc, const struct scxray_report *report)
{
	const struct scxray_host *host = report->host;

	if (host && !host->is_degraded && host->early_skipped_reason)
		scxray_document_dual(doc, NULL, report, NULL);
	else
		*doc = (struct scxray_document){ .late = report };
}

void scxray_document_dual(struct scxray_document *doc, const struct scxray_report *early,
			  const struct scxray_report *late, const char *reason)
{
	enum scxray_pair pair = early ? reports_pair(early, late) : SCXRAY_PAIR_NONE;
	bool swapped = pair == SCXRAY_PAIR_SWAPPED;

	*doc = (struct scxray_document){
		.late = swapped ? early : late,
		.early = swapped ? late : early,
		.pair = pair,
		.dual = true,
		.early_skipped_reason = reason,
	};
	early = doc->early;
	late = doc->late;
	if (!early && !reason && late->host)
		doc->early_skipped_reason = late->host->early_skipped_reason;
	doc->early_max_age_jiffies = early ? max_age(early) : 0;
	doc->early_threshold_jiffies = threshold(early && threshold(early) ? early : late);
	doc->late_max_age_jiffies = max_age(late);
}
