/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host.c - what the host knows, as bytes
 */
#include "capture/image/host.h"

#include <stdlib.h>
#include <string.h>

#include <scxray/host.h>

#include "capture/image/core.h"

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

static int put_members(struct encoder *e, const struct host_table *table, const void *from)
{
	static const size_t sizes[] = { [HOST_U64] = 8, [HOST_U32] = 4, [HOST_BOOL] = 1 };

	for (size_t i = 0; i < table->nr; i++) {
		const struct host_member *member = &table->members[i];
		const char *at = (const char *)from + member->offset;
		const char *text = NULL;
		int failed;

		if (member->kind == HOST_STRING) {
			memcpy(&text, at, sizeof(text));
			if (!text)
				continue;
			if (strnlen(text, HOST_MAX_STRING + 1) > HOST_MAX_STRING)
				return too_large(e, "a text");
			failed = put_record(e, member->tag, text, strlen(text));
		} else {
			failed = put_record(e, member->tag, at, sizes[member->kind]);
		}
		if (failed)
			return -1;
	}
	return 0;
}

/* A record of records: its size is known after they were put.  0: it failed. */
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

		if (!begin || put_members(e, &host_perf_table, &host->perf[i]))
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
		struct host_series series = { .name = t->series[i].name,
					      .is_event = i < t->nr_events };
		size_t begin = begin_record(e, HOST_SERIES);

		if (!begin || put_members(e, &host_series_table, &series) ||
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

	if (put_members(&e, &host_table, host) || put_perf(&e, host) ||
	    put_timeline(&e, &host->timeline) || host_check(e.bytes, e.size, err)) {
		free(e.bytes);
		return -1;
	}
	free(source->host);
	source->host = e.bytes;
	source->host_size = e.size;
	return 0;
}
