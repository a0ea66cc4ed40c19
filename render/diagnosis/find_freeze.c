/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * find_freeze.c - findings about the capture itself: vCPUs that did not park, a walk that
 * was cut
 */
#include <inttypes.h>

#include <base/array.h>

#include <scxray/host.h>
#include <scxray/report_struct.h>
#include <scxray/vcpu.h>

#include "render/diagnosis/find.h"
#include "render/out/join.h"
#include "render/out/cells.h"

/* vCPUs that are named; further ones are counted. */
#define MAX_NAMED 8

/* "vCPU 1", "vCPUs 1, 3 and 5 more" */
static void who(struct strbuf *sb, const struct scxray_report *r)
{
	size_t running = 0, named = 0;

	for (size_t i = 0; i < r->nr_vcpus; i++)
		running += !r->vcpus[i].parked;
	if (!running) {
		strbuf_puts(sb, "Some vCPUs");
		return;
	}
	strbuf_puts(sb, running == 1 ? "vCPU " : "vCPUs ");
	for (size_t i = 0; i < r->nr_vcpus && named < MAX_NAMED; i++)
		if (!r->vcpus[i].parked)
			strbuf_printf(sb, named++ ? ", %zu" : "%zu", i);
	if (running > MAX_NAMED)
		strbuf_printf(sb, " and %zu more", running - MAX_NAMED);
}

static void not_parked(struct diagnosis *dg, const struct scxray_report *r)
{
	const struct scxray_degraded *d = &r->host->degraded;
	struct strbuf *sb = finding_begin(dg, RANK_CAVEAT, SEVERITY_ERROR, "not_parked");

	if (dg->doc->dual)
		strbuf_puts(sb, r == dg->doc->early ? "Early: " : "Late: ");
	who(sb, r);
	strbuf_puts(sb, " did not park");
	if (d->elapsed_ms)
		strbuf_printf(sb, " within %" PRIu64 "ms", d->elapsed_ms);
	strbuf_printf(sb,
		      " (%" PRIu32 " of %" PRIu32
		      " did), so there is no snapshot of one moment. What memory held was read "
		      "while the guest ran: a list or a number may be caught half-way through a "
		      "change.",
		      d->nr_parked, d->nr_vcpus);
	if (is_degraded(dg->doc))
		finding_add_document_path(dg, "reason");
	else
		finding_add_path(dg, r, "racy_reason");
}

static void cut(struct diagnosis *dg, const struct scxray_report *r)
{
	bool budget = r->host && r->host->has_timing && r->host->timing.cut_by_budget;
	struct strbuf *sb;

	if (!r->truncated_at_us && !budget)
		return;
	sb = finding_begin(dg, RANK_CAVEAT, SEVERITY_WARNING, "capture_cut");
	strbuf_printf(sb, "The %scapture was cut",
		      !dg->doc->dual	    ? ""
		      : r == dg->doc->early ? "early "
					    : "late ");
	if (r->truncated_at_us)
		strbuf_printf(sb, " by its deadline after %" PRIu64 "us", r->truncated_at_us);
	else
		strbuf_puts(sb, " when as much was copied as it may copy");
	strbuf_puts(sb, "; what it had not copied by then is unreadable here");
	if (r->maps_truncated)
		strbuf_printf(sb, ", contents of %" PRIu32 " map%s among it", r->maps_truncated,
			      r->maps_truncated == 1 ? "" : "s");
	strbuf_putc(sb, '.');
	if (r->truncated_at_us)
		finding_add_path(dg, r, "dump_truncated_at_us");
	else
		finding_add_document_path(dg, r == dg->doc->early ? "timing.early.cut_by_budget"
								  : "timing.late.cut_by_budget");
}

/* Two reports that are no early and late of one failure. */
static void find_pair(struct diagnosis *dg)
{
	static const struct {
		const char *kind, *text;
	} pairs[] = {
		[SCXRAY_PAIR_SWAPPED] = { "pair_swapped",
					  "Early and late were given the other way round: they "
					  "have been put right." },
		[SCXRAY_PAIR_SAME_MOMENT] = { "pair_same_moment",
					      "Early and late are the same moment: nothing is "
					      "concluded from comparing them." },
		[SCXRAY_PAIR_OTHER_BOOT] = { "pair_other_boot",
					     "Early and late are of two boots or two kernels: "
					     "nothing is concluded from comparing them." },
	};

	if (dg->doc->pair >= ARRAY_SIZE(pairs) || !pairs[dg->doc->pair].kind)
		return;
	strbuf_puts(finding_begin(dg, RANK_CAVEAT, SEVERITY_WARNING, pairs[dg->doc->pair].kind),
		    pairs[dg->doc->pair].text);
	finding_add_path(dg, dg->doc->early, "guest.jiffies");
	finding_add_path(dg, dg->doc->late, "guest.jiffies");
}

void find_freezes(struct diagnosis *dg)
{
	const struct scxray_report *reports[] = { dg->doc->late, dg->doc->early };

	find_pair(dg);
	for (size_t i = 0; i < 2; i++) {
		if (!reports[i])
			continue;
		if (is_racy(reports[i]))
			not_parked(dg, reports[i]);
		cut(dg, reports[i]);
	}
}
