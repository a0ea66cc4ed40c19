/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace.c - tracks and events from a report's JSON
 *
 * Time is that of the samples, in ms, and begins so early that no task was runnable before it.
 */
#include "reader/trace.h"

#include <errno.h>
#include <string.h>

#include "reader/proto.h"

/* Numbers of fields, and of kinds of events, as Perfetto's .proto files have them. */
enum {
	TRACE_PACKET = 1,
	PACKET_TIMESTAMP = 8,
	PACKET_SEQUENCE = 10,
	PACKET_EVENT = 11,
	PACKET_TRACK = 60,
	TRACK_UUID = 1,
	TRACK_NAME = 2,
	TRACK_PARENT = 5,
	TRACK_COUNTER = 8,
	EVENT_TYPE = 9,
	EVENT_TRACK = 11,
	EVENT_NAME = 23,
	EVENT_COUNTER = 30,
	TYPE_SLICE_BEGIN = 1,
	TYPE_SLICE_END = 2,
	TYPE_INSTANT = 3,
	TYPE_COUNTER = 4,
};

#define NS_IN_MS 1000000ULL
#define MAX_WAIT_MS (24 * 3600 * 1000LL) /* more is garbage, not a wait */

struct trace {
	FILE *out;
	struct proto packet, part, none;
	uint64_t uuids; /* tracks so far */
	int64_t early_ms, late_ms, base_ms;
	bool has_early, failed;
};

static void put_packet(struct trace *t)
{
	struct proto whole = { 0 };

	proto_put_message(&whole, TRACE_PACKET, &t->packet);
	t->failed |= whole.failed || fwrite(whole.bytes, 1, whole.nr, t->out) != whole.nr;
	proto_deinit(&whole);
}

/* A track of its own; its uuid. */
static uint64_t put_track(struct trace *t, const char *name, uint64_t parent, bool counter)
{
	proto_put_u64(&t->part, TRACK_UUID, ++t->uuids);
	proto_put_text(&t->part, TRACK_NAME, name);
	if (parent)
		proto_put_u64(&t->part, TRACK_PARENT, parent);
	if (counter)
		proto_put_message(&t->part, TRACK_COUNTER, &t->none);
	proto_put_message(&t->packet, PACKET_TRACK, &t->part);
	put_packet(t);
	return t->uuids;
}

/* `name` NULL: none; `count` NULL: no counter. */
static void put_event(struct trace *t, uint64_t track, unsigned type, int64_t ms, const char *name,
		      const int64_t *count)
{
	proto_put_u64(&t->part, EVENT_TYPE, type);
	proto_put_u64(&t->part, EVENT_TRACK, track);
	if (name)
		proto_put_text(&t->part, EVENT_NAME, name);
	if (count)
		proto_put_u64(&t->part, EVENT_COUNTER, (uint64_t)*count);
	proto_put_u64(&t->packet, PACKET_TIMESTAMP, (uint64_t)(ms + t->base_ms) * NS_IN_MS);
	proto_put_u64(&t->packet, PACKET_SEQUENCE, 1);
	proto_put_message(&t->packet, PACKET_EVENT, &t->part);
	put_packet(t);
}

static int64_t number(const struct json_value *object, const char *key)
{
	int64_t n;

	return doc_get_i64(doc_member(object, key), &n) ? n : 0;
}

/* How long a task that waits has been runnable; 0: it does not wait, or nobody knows. */
static int64_t waits_ms(const struct json_value *task)
{
	int64_t ms = number(task, "runnable_age_ms");
	bool waits = doc_member(task, "runnable_cpu") && !doc_member(task, "curr_cpu");

	return waits && ms > 0 && ms < MAX_WAIT_MS ? ms : 0;
}

static const struct json_value *half(const struct json_value *document, bool late)
{
	return doc_member(document, late ? "late" : "early");
}

/* ---- what there is -------------------------------------------------------------- */

static void put_samples(struct trace *t, const struct json_value *samples)
{
	uint64_t group = put_track(t, "counters", 0, false);
	int64_t count;

	doc_each(series, samples ? samples->first : NULL)
	{
		uint64_t track;

		if (!strcmp(series->key, "elapsed_ms"))
			continue;
		track = put_track(t, series->key, group, true);
		doc_each(sample, samples) if (doc_get_i64(doc_member(sample, series->key), &count))
			put_event(t, track, TYPE_COUNTER, number(sample, "elapsed_ms"), NULL,
				  &count);
	}
}

static const struct json_value *find_same(const struct json_value *list, const char *key,
					  const struct json_value *wanted)
{
	doc_each(one, list)
	{
		const struct json_value *mine = doc_member(one, key);

		if (mine && wanted && mine->text && wanted->text &&
		    !strcmp(mine->text, wanted->text))
			return one;
	}
	return NULL;
}

/* A counter of two values: what a member of each queue, or of each CPU, was at the moments. */
static void put_lengths(struct trace *t, const struct json_value *document, const char *list,
			const char *identity, const char *member,
			void (*name)(const struct json_value *one, char *to, size_t size))
{
	const struct json_value *before = doc_member(half(document, false), list);
	uint64_t group = put_track(t, list, 0, false);
	int64_t count;

	doc_each(one, doc_member(half(document, true), list))
	{
		const struct json_value *old =
			find_same(before, identity, doc_member(one, identity));
		char text[80];
		uint64_t track;

		name(one, text, sizeof(text));
		track = put_track(t, text, group, true);
		if (t->has_early && doc_get_i64(doc_member(old, member), &count))
			put_event(t, track, TYPE_COUNTER, t->early_ms, NULL, &count);
		if (doc_get_i64(doc_member(one, member), &count))
			put_event(t, track, TYPE_COUNTER, t->late_ms, NULL, &count);
	}
}

static void name_queue(const struct json_value *dsq, char *to, size_t size)
{
	const struct json_value *origin = doc_member(dsq, "origin");

	snprintf(to, size, "DSQ %.40s nr_queued",
		 doc_is(origin, "user") || !doc_text(origin) ? doc_text(doc_member(dsq, "id_hex"))
							     : origin->text);
}

static void name_cpu(const struct json_value *rq, char *to, size_t size)
{
	snprintf(to, size, "CPU %lld nr_running", (long long)number(rq, "cpu"));
}

static void put_moments(struct trace *t, const struct json_value *document)
{
	const char *trigger = doc_text(doc_member(document, "trigger"));
	uint64_t track = put_track(t, "moments", 0, false);
	char text[160];

	if (t->has_early)
		put_event(t, track, TYPE_INSTANT, t->early_ms, "early: half-way, freeze", NULL);
	snprintf(text, sizeof(text), "late: freeze (%.120s)",
		 trigger ? trigger : "unknown trigger");
	put_event(t, track, TYPE_INSTANT, t->late_ms, text, NULL);
}

static void put_stalled(struct trace *t, const struct json_value *document)
{
	const struct json_value *late = half(document, true);
	int64_t timeout = number(doc_member(late, "scx_sched_state"), "timeout_ms");
	uint64_t group = put_track(t, "stalled tasks", 0, false);

	doc_each(task, doc_member(late, "task_enrichments"))
	{
		const struct json_value *where = doc_member(task, "where");
		const char *comm = doc_text(doc_member(task, "comm"));
		const char *dsq = doc_text(doc_member(where, "dsq_id_hex"));
		const char *kind = doc_text(doc_member(where, "kind"));
		int64_t ms = waits_ms(task);
		char name[80], place[80];
		uint64_t track;

		if (!ms || ms < timeout / 2)
			continue;
		snprintf(name, sizeof(name), "%.40s[%lld]", comm ? comm : "?",
			 (long long)number(task, "pid"));
		snprintf(place, sizeof(place), "runnable, %.20s %.40s", kind ? kind : "?",
			 dsq ? dsq : "");
		track = put_track(t, name, group, false);
		put_event(t, track, TYPE_SLICE_BEGIN, t->late_ms - ms, place, NULL);
		put_event(t, track, TYPE_SLICE_END, t->late_ms, NULL, NULL);
	}
}

int trace_write(const struct json_value *document, FILE *out)
{
	const struct json_value *late = half(document, true);
	const struct json_value *samples = doc_member(late, "event_counter_timeline");
	const struct json_value *diff = doc_member(document, "diff");
	struct trace t = { .out = out };
	int64_t between = number(diff, "elapsed_ms");

	doc_each(sample, samples) t.late_ms = number(sample, "elapsed_ms");
	t.has_early = half(document, false) && between > 0 && between < MAX_WAIT_MS;
	t.early_ms = t.late_ms - between;
	t.base_ms = t.has_early ? between : 0;
	doc_each(task, doc_member(late, "task_enrichments")) if (waits_ms(task) > t.base_ms)
		t.base_ms = waits_ms(task);
	put_moments(&t, document);
	put_stalled(&t, document);
	put_samples(&t, samples);
	put_lengths(&t, document, "dsq_states", "dsq_kva", "nr", name_queue);
	put_lengths(&t, document, "rq_scx_states", "cpu", "nr_running", name_cpu);
	proto_deinit(&t.packet);
	proto_deinit(&t.part);
	if (t.failed && !errno)
		errno = ENOMEM;
	return t.failed ? -1 : 0;
}
