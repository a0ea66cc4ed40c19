/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host.c - what the host knows as JSON
 */
#include "render/json/host.h"

#include <errno.h>

#include <base/array.h>

#include <scxray/host.h>
#include <scxray/report_struct.h>

#include "render/out/cells.h"
#include "render/out/field.h"
#include "render/out/join.h"
#include "render/out/timeline.h"
#include "render/out/reasons.h"

static const struct field timing_fields[] = {
	FIELD(scxray_freeze_timing, park_us, "park_us", FIELD_U64),
	FIELD(scxray_freeze_timing, capture_us, "capture_us", FIELD_U64),
	FIELD(scxray_freeze_timing, thaw_us, "thaw_us", FIELD_U64),
	FIELD(scxray_freeze_timing, frozen_us, "frozen_us", FIELD_U64),
	FIELD(scxray_freeze_timing, clock, "clock", FIELD_STRING),
	FIELD(scxray_freeze_timing, devices, "devices", FIELD_STRING),
	FIELD(scxray_freeze_timing, bytes_copied, "bytes_copied", FIELD_U64),
	FIELD(scxray_freeze_timing, after_thaw_us, "after_thaw_us", FIELD_U64),
	FIELD(scxray_freeze_timing, after_thaw_bytes, "after_thaw_bytes", FIELD_U64),
	FIELD(scxray_freeze_timing, stacks_lost, "stacks_lost", FIELD_U64),
	FIELD(scxray_freeze_timing, method, "method", FIELD_STRING),
	FIELD(scxray_freeze_timing, method_reason, "method_reason", FIELD_STRING),
	FIELD(scxray_freeze_timing, protect_us, "protect_us", FIELD_U64),
	FIELD(scxray_freeze_timing, saved_bytes, "saved_bytes", FIELD_U64),
	FIELD(scxray_freeze_timing, cut_by_deadline, "cut_by_deadline", FIELD_BOOL),
	FIELD(scxray_freeze_timing, cut_by_budget, "cut_by_budget", FIELD_BOOL),
};

static const struct field perf_fields[] = {
	FIELD(scxray_perf, cycles, "cycles", FIELD_U64),
	FIELD(scxray_perf, instructions, "instructions", FIELD_U64),
	FIELD(scxray_perf, cache_misses, "cache_misses", FIELD_U64),
	FIELD(scxray_perf, branch_misses, "branch_misses", FIELD_U64),
	FIELD(scxray_perf, time_enabled_ns, "time_enabled_ns", FIELD_U64),
	FIELD(scxray_perf, time_running_ns, "time_running_ns", FIELD_U64),
};

static void json_us(struct json *j, const char *key, uint64_t us)
{
	if (!us)
		return;
	json_key(j, key);
	json_u64(j, us);
}

static bool is_timed(const struct scxray_report *r)
{
	return r && r->host && r->host->has_timing;
}

/* The timing of one freeze. */
static void json_freeze(struct json *j, const struct scxray_report *r, uint64_t decode_us)
{
	const struct scxray_freeze_timing *timing = &r->host->timing;

	json_fields(j, timing_fields, ARRAY_SIZE(timing_fields), timing);
	if (timing->guest_clock_us >= 0) {
		json_key(j, "guest_clock_us");
		json_i64(j, timing->guest_clock_us);
	}
	json_us(j, "resolve_us", timing->resolve_us);
	json_us(j, "decode_us", decode_us);
}

static void json_half(struct json *j, const char *key, const struct scxray_report *r,
		      uint64_t decode_us)
{
	if (!is_timed(r))
		return;
	json_key(j, key);
	json_object(j);
	json_freeze(j, r, decode_us);
	json_object_end(j);
}

void json_timing(struct json *j, const struct scxray_document *doc)
{
	const struct scxray_host *late = doc->late->host;
	const struct scxray_host *early = doc->early ? doc->early->host : NULL;

	json_opt_string(j, "trigger", document_trigger(doc));
	if (early)
		json_opt_string(j, "early_trigger", early->trigger);
	if (!doc->dual && late)
		json_opt_string(j, "moment", late->moment);
	json_opt_string(j, "watchpoint",
			late && late->watchpoint ? late->watchpoint
			: early			 ? early->watchpoint
						 : NULL);
	if (!is_timed(doc->early) && !is_timed(doc->late))
		return;
	json_key(j, "timing");
	json_object(j);
	json_half(j, "early", doc->early, doc->early_decode_us);
	json_half(j, "late", doc->late, doc->late_decode_us);
	json_us(j, "text_write_us", doc->text_write_us);
	json_object_end(j);
}

static void json_samples(struct json *j, const struct timeline *tl)
{
	json_key(j, "event_counter_timeline");
	json_array(j);
	for (size_t i = 0; i < tl->t.nr_samples; i++) {
		json_object(j);
		json_key(j, "elapsed_ms");
		json_u64(j, tl->t.elapsed_ms[i]);
		for (size_t s = 0; s < tl->t.nr_series; s++) {
			json_key_escaped(j, tl->t.series[s].name);
			if (timeline_is_event(tl, s))
				json_i64(j, (int64_t)tl->t.series[s].values[i]);
			else
				json_u64(j, tl->t.series[s].values[i]);
		}
		json_object_end(j);
	}
	json_array_end(j);
}

void json_timeline(struct json *j, const struct scxray_document *doc, const struct scxray_report *r)
{
	struct timeline tl;

	timeline_init(&tl, doc, r);
	if (tl.error)
		j->out.error = tl.error;
	if (!tl.is_pair)
		json_reasons(j, r, SCXRAY_GROUP_TIMELINE);
	if (tl.t.nr_samples) {
		json_key(j, "event_counter_timeline_source");
		json_string(j, tl.is_pair ? "two images" : "samples");
		if (tl.t.nr_taken) {
			json_key(j, "event_counter_timeline_samples_taken");
			json_u64(j, tl.t.nr_taken);
		}
		if (tl.t.period_ms) {
			json_key(j, "event_counter_timeline_period_ms");
			json_u64(j, tl.t.period_ms);
		}
		json_samples(j, &tl);
	}
	timeline_deinit(&tl);
}

void json_perf(struct json *j, const struct scxray_report *r)
{
	json_reasons(j, r, SCXRAY_GROUP_PERF);
	if (!r->host || !r->host->nr_perf)
		return;
	json_key(j, "vcpu_perf_at_freeze");
	json_array(j);
	for (size_t i = 0; i < r->host->nr_perf; i++) {
		const struct scxray_perf *perf = &r->host->perf[i];

		json_object(j);
		if (perf->unavailable)
			json_opt_string(j, "unavailable", perf->unavailable);
		else
			json_fields(j, perf_fields, ARRAY_SIZE(perf_fields), perf);
		json_object_end(j);
	}
	json_array_end(j);
}

void json_truncated(struct json *j, const struct scxray_report *r)
{
	if (r->truncated_at_us) {
		json_key(j, "dump_truncated_at_us");
		json_u64(j, r->truncated_at_us);
	}
	if (!r->truncated_at_us && !r->maps_truncated)
		return;
	json_key(j, "maps_truncated");
	json_u64(j, r->maps_truncated);
}

void json_racy_reason(struct json *j, const char *key, const struct scxray_report *r)
{
	struct strbuf sb;

	if (!is_racy(r))
		return;
	strbuf_init(&sb, NULL);
	cell_degraded(&sb, r->host);
	json_key(j, key);
	json_string_n(j, sb.data ? sb.data : "", sb.len);
	if (sb.error)
		j->out.error = sb.error;
	strbuf_deinit(&sb);
}

void json_degraded(struct json *j, const struct scxray_report *r)
{
	const struct scxray_degraded *d = &r->host->degraded;

	json_racy_reason(j, "reason", r);
	json_key(j, "watchpoint_hit");
	json_bool(j, d->watchpoint_hit);
	json_key(j, "bss_latch_state");
	json_string(j, d->latch ? d->latch : "not_resolved");
	if (d->has_exit_kind) {
		json_key(j, "exit_kind");
		json_u64(j, d->exit_kind);
	}
	if (d->elapsed_ms) {
		json_key(j, "elapsed_ms");
		json_u64(j, d->elapsed_ms);
	}
}
