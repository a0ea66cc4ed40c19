/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host.c - what the host knows: from its struct to bytes, and back into a report
 *
 * Bytes from a core are an attacker's: every size is checked, texts hold no NUL, and no
 * count is believed that the bytes do not bear out.
 */
#include "host.h"

#include <stdlib.h>
#include <string.h>

#include "core.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const char no_memory[] = "the report's memory is used up";

enum kind {
	STRING, /* const char *, absent: NULL */
	U64,	/* any 64-bit integer */
	U32,
	BOOL,
};

/* A member of a struct and its record. */
struct member {
	uint16_t tag;
	enum kind kind;
	size_t offset;
};

#define MEMBER(tag, kind, type, member)            \
	{                                          \
		tag, kind, offsetof(type, member), \
	}
#define HOST(tag, kind, member) MEMBER(tag, kind, struct scxray_host, member)
#define PERF(tag, kind, member) MEMBER(tag, kind, struct scxray_perf, member)

static const struct member host_members[] = {
	HOST(HOST_TRIGGER, STRING, trigger),
	HOST(HOST_WATCHPOINT, STRING, watchpoint),
	HOST(HOST_MOMENT, STRING, moment),
	HOST(HOST_EARLY_SKIPPED, STRING, early_skipped_reason),
	HOST(HOST_MAX_AGE, U64, max_age_jiffies),
	HOST(HOST_THRESHOLD, U64, threshold_jiffies),
	HOST(HOST_PERF_UNAVAILABLE, STRING, perf_unavailable),
	HOST(HOST_TIMELINE_UNAVAILABLE, STRING, timeline_unavailable),
	HOST(HOST_HAS_TIMING, BOOL, has_timing),
	HOST(HOST_PARK_US, U64, timing.park_us),
	HOST(HOST_CAPTURE_US, U64, timing.capture_us),
	HOST(HOST_THAW_US, U64, timing.thaw_us),
	HOST(HOST_FROZEN_US, U64, timing.frozen_us),
	HOST(HOST_GUEST_CLOCK_US, U64, timing.guest_clock_us),
	HOST(HOST_CLOCK, STRING, timing.clock),
	HOST(HOST_DEVICES, STRING, timing.devices),
	HOST(HOST_BYTES_COPIED, U64, timing.bytes_copied),
	HOST(HOST_CUT_BY_DEADLINE, BOOL, timing.cut_by_deadline),
	HOST(HOST_CUT_BY_BUDGET, BOOL, timing.cut_by_budget),
	HOST(HOST_RESOLVE_US, U64, timing.resolve_us),
	HOST(HOST_TIMELINE_TAKEN, U64, timeline.nr_taken),
	HOST(HOST_TIMELINE_PERIOD, U64, timeline.period_ms),
	HOST(HOST_IS_DEGRADED, BOOL, is_degraded),
	HOST(HOST_REASON, STRING, degraded.reason),
	HOST(HOST_ELAPSED_MS, U64, degraded.elapsed_ms),
	HOST(HOST_NR_PARKED, U32, degraded.nr_parked),
	HOST(HOST_NR_VCPUS, U32, degraded.nr_vcpus),
	HOST(HOST_WATCHPOINT_HIT, BOOL, degraded.watchpoint_hit),
	HOST(HOST_LATCH, STRING, degraded.latch),
	HOST(HOST_HAS_EXIT_KIND, BOOL, degraded.has_exit_kind),
	HOST(HOST_EXIT_KIND, U64, degraded.exit_kind),
};

static const struct member perf_members[] = {
	PERF(HOST_PERF_WHY, STRING, unavailable),
	PERF(HOST_PERF_CYCLES, U64, cycles),
	PERF(HOST_PERF_INSTRUCTIONS, U64, instructions),
	PERF(HOST_PERF_CACHE_MISSES, U64, cache_misses),
	PERF(HOST_PERF_BRANCH_MISSES, U64, branch_misses),
	PERF(HOST_PERF_ENABLED, U64, time_enabled_ns),
	PERF(HOST_PERF_RUNNING, U64, time_running_ns),
};

struct series {
	const char *name;
	bool is_event;
	const uint8_t *values; /* as they stand in the bytes: at any alignment */
	size_t nr_values;
};

static const struct member series_members[] = {
	MEMBER(HOST_SERIES_NAME, STRING, struct series, name),
	MEMBER(HOST_SERIES_EVENT, BOOL, struct series, is_event),
};

/* ---- to bytes --------------------------------------------------------------- */

struct encoder {
	uint8_t *bytes;
	size_t size, room;
	struct scxray_error *err;
};

static int too_large(struct encoder *e, const char *what)
{
	return scxray_fail(e->err, SCXRAY_ERR_INVALID, 0,
			   "what the host knows is larger than a core may hold: %s", what);
}

static int put(struct encoder *e, const void *bytes, size_t size)
{
	if (size > CORE_MAX_SMALL - e->size)
		return too_large(e, "all in all");
	if (size > e->room - e->size) {
		size_t room = 2 * (e->size + size);
		uint8_t *more = realloc(e->bytes, room);

		if (!more)
			return scxray_fail(e->err, SCXRAY_ERR_NOMEM, 0, "out of memory");
		e->bytes = more;
		e->room = room;
	}
	if (size)
		memcpy(e->bytes + e->size, bytes, size);
	e->size += size;
	return 0;
}

static int put_record(struct encoder *e, uint16_t tag, const void *bytes, size_t size)
{
	struct host_record record = { .tag = tag, .size = (uint32_t)size };

	if (size > CORE_MAX_SMALL)
		return too_large(e, "a record");
	return put(e, &record, sizeof(record)) || put(e, bytes, size) ? -1 : 0;
}

static int put_members(struct encoder *e, const struct member *members, size_t nr, const void *from)
{
	static const size_t sizes[] = { [U64] = 8, [U32] = 4, [BOOL] = 1 };

	for (size_t i = 0; i < nr; i++) {
		const char *at = (const char *)from + members[i].offset;
		const char *text = NULL;
		int failed;

		if (members[i].kind == STRING) {
			memcpy(&text, at, sizeof(text));
			if (!text)
				continue;
			if (strnlen(text, HOST_MAX_STRING + 1) > HOST_MAX_STRING)
				return too_large(e, "a text");
			failed = put_record(e, members[i].tag, text, strlen(text));
		} else {
			failed = put_record(e, members[i].tag, at, sizes[members[i].kind]);
		}
		if (failed)
			return -1;
	}
	return 0;
}

/* A record of records: its size is known when they have been put.  0: it failed. */
static size_t begin_record(struct encoder *e, uint16_t tag)
{
	return put_record(e, tag, NULL, 0) ? 0 : e->size;
}

static void end_record(struct encoder *e, size_t begin)
{
	uint32_t size = (uint32_t)(e->size - begin);

	memcpy(e->bytes + begin - sizeof(size), &size, sizeof(size));
}

static int put_perf(struct encoder *e, const struct scxray_host *host)
{
	if (host->nr_perf > SOURCE_MAX_VCPUS)
		return too_large(e, "performance counters");
	for (size_t i = 0; i < host->nr_perf; i++) {
		size_t begin = begin_record(e, HOST_PERF);

		if (!begin ||
		    put_members(e, perf_members, ARRAY_SIZE(perf_members), &host->perf[i]))
			return -1;
		end_record(e, begin);
	}
	return 0;
}

static int put_timeline(struct encoder *e, const struct scxray_timeline *t)
{
	if (t->nr_samples > HOST_MAX_SAMPLES || t->nr_series > HOST_MAX_SERIES)
		return too_large(e, "samples");
	if (!t->nr_samples)
		return 0;
	if (put_record(e, HOST_SAMPLES, t->elapsed_ms, t->nr_samples * sizeof(uint64_t)))
		return -1;
	for (size_t i = 0; i < t->nr_series; i++) {
		struct series series = { .name = t->series[i].name, .is_event = i < t->nr_events };
		size_t begin = begin_record(e, HOST_SERIES);

		if (!begin || put_members(e, series_members, ARRAY_SIZE(series_members), &series) ||
		    put_record(e, HOST_SERIES_VALUES, t->series[i].values,
			       t->nr_samples * sizeof(uint64_t)))
			return -1;
		end_record(e, begin);
	}
	return 0;
}

int scxray_source_set_host(struct scxray_source *source, const struct scxray_host *host,
			   struct scxray_error *err)
{
	struct encoder e = { .err = err };

	if (put_members(&e, host_members, ARRAY_SIZE(host_members), host) || put_perf(&e, host) ||
	    put_timeline(&e, &host->timeline) || host_check(e.bytes, e.size, err)) {
		free(e.bytes);
		return -1;
	}
	free(source->host);
	source->host = e.bytes;
	source->host_size = e.size;
	return 0;
}

/* ---- from bytes ------------------------------------------------------------- */

struct decoder {
	struct pool *pool;
	const char *bad;    /* what is wrong with the bytes */
	bool out_of_memory; /* something is not there for lack of it */
	struct scxray_perf *perf;
	size_t nr_perf;
	uint64_t *elapsed_ms;
	size_t nr_samples;
	struct scxray_series *series;
	size_t nr_series, nr_events;
	size_t nr_records; /* of series, those that are left out included */
};

/* The next record; false at the end and where the bytes are broken. */
static bool next(struct decoder *d, const uint8_t **bytes, size_t *size, struct host_record *record,
		 const uint8_t **contents)
{
	if (d->bad || !*size)
		return false;
	if (*size >= sizeof(*record))
		memcpy(record, *bytes, sizeof(*record));
	if (*size < sizeof(*record) || record->size > *size - sizeof(*record)) {
		d->bad = "a record that is cut";
		return false;
	}
	*contents = *bytes + sizeof(*record);
	*bytes = *contents + record->size;
	*size -= sizeof(*record) + record->size;
	return true;
}

static void take_string(struct decoder *d, const uint8_t *bytes, size_t size, void *to)
{
	const char *text;

	if (size > HOST_MAX_STRING || memchr(bytes, '\0', size)) {
		d->bad = "a text with a NUL, or too long";
		return;
	}
	text = pool_strndup(d->pool, (const char *)bytes, size);
	d->out_of_memory |= !text;
	memcpy(to, &text, sizeof(text));
}

/* Puts the record into its member, if it is one of these. */
static void take(struct decoder *d, const struct member *members, size_t nr,
		 const struct host_record *record, const uint8_t *bytes, void *to)
{
	size_t i = 0;
	char *at;

	while (i < nr && members[i].tag != record->tag)
		i++;
	if (i == nr)
		return;
	at = (char *)to + members[i].offset;
	if (members[i].kind == STRING) {
		take_string(d, bytes, record->size, at);
	} else if (members[i].kind == BOOL && record->size == 1) {
		*(bool *)at = bytes[0] != 0;
	} else if (record->size == (members[i].kind == U64 ? 8 : 4) && members[i].kind != BOOL) {
		memcpy(at, bytes, record->size);
	} else {
		d->bad = "a number of another size";
	}
}

static void take_perf(struct decoder *d, const uint8_t *bytes, size_t size)
{
	struct scxray_perf perf = { 0 }, *to;
	struct host_record record;
	const uint8_t *contents;

	while (next(d, &bytes, &size, &record, &contents))
		take(d, perf_members, ARRAY_SIZE(perf_members), &record, contents, &perf);
	if (d->nr_perf == SOURCE_MAX_VCPUS)
		d->bad = "counters of too many vCPUs";
	if (d->bad)
		return;
	to = pool_push(d->pool, (void **)&d->perf, &d->nr_perf, sizeof(*to));
	if (to)
		*to = perf;
	d->out_of_memory |= !to;
}

static uint64_t *take_array(struct decoder *d, const uint8_t *bytes, size_t nr)
{
	uint64_t *to = pool_alloc(d->pool, nr * sizeof(*to));

	if (to)
		memcpy(to, bytes, nr * sizeof(*to));
	else
		d->out_of_memory = true;
	return to;
}

static void take_samples(struct decoder *d, const uint8_t *bytes, size_t size)
{
	size_t nr = size / sizeof(uint64_t);

	if (d->nr_samples || !nr || size % sizeof(uint64_t) || nr > HOST_MAX_SAMPLES) {
		d->bad = "an impossible number of samples";
		return;
	}
	d->nr_samples = nr;
	d->elapsed_ms = take_array(d, bytes, nr);
	for (size_t i = 1; d->elapsed_ms && i < nr; i++)
		if (d->elapsed_ms[i] < d->elapsed_ms[i - 1])
			d->bad = "samples whose times descend";
}

/* A name twice, or the time's own, could not be a key. */
static bool is_taken(const struct decoder *d, const char *name)
{
	if (!strcmp(name, "elapsed_ms"))
		return true;
	for (size_t i = 0; i < d->nr_series; i++)
		if (!strcmp(d->series[i].name, name))
			return true;
	return false;
}

static void add_series(struct decoder *d, const struct series *series)
{
	struct scxray_series *to;

	if (is_taken(d, series->name))
		return;
	to = pool_push(d->pool, (void **)&d->series, &d->nr_series, sizeof(*to));
	if (!to) {
		d->out_of_memory = true;
		return;
	}
	to->name = series->name;
	to->values = take_array(d, series->values, d->nr_samples);
	if (!to->values)
		d->nr_series--;
	else if (series->is_event)
		d->nr_events++;
}

static void take_series(struct decoder *d, const uint8_t *bytes, size_t size)
{
	struct series series = { 0 };
	struct host_record record;
	const uint8_t *contents;

	while (next(d, &bytes, &size, &record, &contents)) {
		take(d, series_members, ARRAY_SIZE(series_members), &record, contents, &series);
		if (record.tag == HOST_SERIES_VALUES) {
			series.values = contents;
			series.nr_values = record.size / sizeof(uint64_t);
			if (record.size % sizeof(uint64_t))
				d->bad = "a value that is cut";
		}
	}
	if (d->bad || d->out_of_memory)
		return;
	if (!series.name || !*series.name)
		d->bad = "a series without a name";
	else if (!d->nr_samples || series.nr_values != d->nr_samples)
		d->bad = "a series of another length";
	else if (series.is_event && d->nr_series != d->nr_events)
		d->bad = "an event counter behind other series";
	else if (d->nr_records++ == HOST_MAX_SERIES)
		d->bad = "too many series";
	else
		add_series(d, &series);
}

static void decode(struct decoder *d, const uint8_t *bytes, size_t size, struct scxray_host *host)
{
	struct host_record record;
	const uint8_t *contents;

	host->timing.guest_clock_us = -1;
	while (next(d, &bytes, &size, &record, &contents)) {
		if (record.tag == HOST_PERF)
			take_perf(d, contents, record.size);
		else if (record.tag == HOST_SAMPLES)
			take_samples(d, contents, record.size);
		else if (record.tag == HOST_SERIES)
			take_series(d, contents, record.size);
		else
			take(d, host_members, ARRAY_SIZE(host_members), &record, contents, host);
	}
	host->perf = d->perf;
	host->nr_perf = d->nr_perf;
	host->timeline.elapsed_ms = d->elapsed_ms;
	host->timeline.nr_samples = d->elapsed_ms ? d->nr_samples : 0;
	host->timeline.series = d->series;
	host->timeline.nr_series = d->nr_series;
	host->timeline.nr_events = d->nr_events;
	if (!d->out_of_memory)
		return;
	if (!host->nr_perf && !host->perf_unavailable)
		host->perf_unavailable = no_memory;
	if (!host->timeline_unavailable)
		host->timeline_unavailable = no_memory;
	if (host->is_degraded && !host->degraded.reason)
		host->degraded.reason = no_memory;
}

int host_check(const uint8_t *bytes, size_t size, struct scxray_error *err)
{
	struct scxray_host host = { 0 };
	struct pool pool;
	struct decoder d = { .pool = &pool };

	/* arrays that grow leave their old places behind: never more than twice the bytes */
	if (pool_init(&pool, 4 * size + (1u << 20)))
		return scxray_fail(err, SCXRAY_ERR_NOMEM, 0, "out of memory");
	decode(&d, bytes, size, &host);
	pool_deinit(&pool);
	return d.bad ? scxray_fail(err, SCXRAY_ERR_FORMAT, 0,
				   "what the host knew is not readable: %s", d.bad)
		     : 0;
}

void host_report(const struct scxray_source *source, struct pool *pool, struct scxray_report *r)
{
	struct decoder d = { .pool = pool };
	struct scxray_host *host;

	if (!source->host) {
		r->event_counter_timeline_unavailable =
			"an image holds one moment; samples are taken beside a guest that runs";
		r->vcpu_perf_at_freeze_unavailable =
			"an image holds no counters; they are read beside a guest that runs";
		return;
	}
	host = pool_alloc(pool, sizeof(*host));
	if (!host) {
		r->event_counter_timeline_unavailable = no_memory;
		r->vcpu_perf_at_freeze_unavailable = no_memory;
		return;
	}
	decode(&d, source->host, source->host_size, host);
	r->host = host;
	r->moment = host->moment;
	if (host->has_timing && host->timing.cut_by_deadline)
		r->truncated_at_us = host->timing.capture_us;
	r->event_counter_timeline_unavailable = host->timeline_unavailable;
	r->vcpu_perf_at_freeze_unavailable = host->perf_unavailable;
	if (!host->timeline.nr_samples && !host->timeline_unavailable)
		r->event_counter_timeline_unavailable = "no sample was taken";
	if (!host->nr_perf && !host->perf_unavailable)
		r->vcpu_perf_at_freeze_unavailable = "the host read no counters";
}
