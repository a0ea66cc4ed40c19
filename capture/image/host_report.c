/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_report.c - what the host knows, from bytes into a report
 *
 * Bytes from a core are an attacker's: every size is checked, texts hold no NUL, and a
 * count is checked against the bytes that there are.
 */
#include "capture/image/host.h"

#include <string.h>

#include <scxray/group.h>
#include <scxray/host.h>
#include <scxray/report_struct.h>

struct decoder {
	struct pool *pool;
	const char *bad;    /* what is wrong with the bytes */
	bool out_of_memory; /* something was left out for want of memory */
	struct scxray_perf *perf;
	size_t nr_perf;
	uint64_t *elapsed_ms;
	size_t nr_samples;
	struct scxray_series *series;
	size_t nr_series, nr_events;
	size_t nr_records; /* of series, with those that are left out */
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
static void take(struct decoder *d, const struct host_table *table,
		 const struct host_record *record, const uint8_t *bytes, void *to)
{
	enum host_kind kind;
	size_t i = 0;
	char *at;

	while (i < table->nr && table->members[i].tag != record->tag)
		i++;
	if (i == table->nr)
		return;
	kind = table->members[i].kind;
	at = (char *)to + table->members[i].offset;
	if (kind == HOST_STRING) {
		take_string(d, bytes, record->size, at);
	} else if (kind == HOST_BOOL && record->size == 1) {
		*(bool *)at = bytes[0] != 0;
	} else if (record->size == (kind == HOST_U64 ? 8 : 4) && kind != HOST_BOOL) {
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
		take(d, &host_perf_table, &record, contents, &perf);
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

/* A name that comes twice, or is that of the time, can't be a key. */
static bool is_taken(const struct decoder *d, const char *name)
{
	if (!strcmp(name, "elapsed_ms"))
		return true;
	for (size_t i = 0; i < d->nr_series; i++)
		if (!strcmp(d->series[i].name, name))
			return true;
	return false;
}

static void add_series(struct decoder *d, const struct host_series *series)
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
	struct host_series series = { 0 };
	struct host_record record;
	const uint8_t *contents;

	while (next(d, &bytes, &size, &record, &contents)) {
		take(d, &host_series_table, &record, contents, &series);
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
		d->bad = "an event counter after other series";
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
			take(d, &host_table, &record, contents, host);
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
		host->perf_unavailable = POOL_USED_UP;
	if (!host->timeline_unavailable)
		host->timeline_unavailable = POOL_USED_UP;
	if (host->is_degraded && !host->degraded.reason)
		host->degraded.reason = POOL_USED_UP;
}

int host_check(const uint8_t *bytes, size_t size, struct scxray_error *err)
{
	struct scxray_host host = { 0 };
	struct pool pool;
	struct decoder d = { .pool = &pool };

	/* an array that grows keeps its old place as well: at most twice the bytes */
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
		r->unavailable[SCXRAY_GROUP_TIMELINE] =
			"an image holds one moment; samples are taken beside a guest that runs";
		r->unavailable[SCXRAY_GROUP_PERF] =
			"an image holds no counters; they are read beside a guest that runs";
		return;
	}
	host = pool_alloc(pool, sizeof(*host));
	if (!host) {
		r->unavailable[SCXRAY_GROUP_TIMELINE] = POOL_USED_UP;
		r->unavailable[SCXRAY_GROUP_PERF] = POOL_USED_UP;
		return;
	}
	decode(&d, source->host, source->host_size, host);
	r->host = host;
	r->moment = host->moment;
	if (host->has_timing && host->timing.cut_by_deadline)
		r->truncated_at_us = host->timing.capture_us;
	r->unavailable[SCXRAY_GROUP_TIMELINE] = host->timeline_unavailable;
	r->unavailable[SCXRAY_GROUP_PERF] = host->perf_unavailable;
	if (!host->timeline.nr_samples && !host->timeline_unavailable)
		r->unavailable[SCXRAY_GROUP_TIMELINE] = "no sample was taken";
	if (!host->nr_perf && !host->perf_unavailable)
		r->unavailable[SCXRAY_GROUP_PERF] = "the host read no counters";
}
