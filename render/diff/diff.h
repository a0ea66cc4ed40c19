/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diff.h - early against late: what changed, appeared, went, and what stood
 * still though it should have moved
 *
 * diff.c compares tasks, queues, CPUs and event counters, diff_maps.c maps.
 */
#ifndef RENDER_DIFF_H
#define RENDER_DIFF_H

#include <scxray/render.h>

#include "render/out/field.h"
#include "render/out/strbuf.h"

enum diff_group {
	DIFF_TASKS,
	DIFF_DSQS,
	DIFF_CPUS,
	DIFF_EVENTS, /* of the root scheduler */
	DIFF_NR_GROUPS,
};

enum diff_fate {
	DIFF_CHANGED,
	DIFF_APPEARED, /* `early` is meaningless */
	DIFF_GONE,     /* `late` is meaningless */
};

/* What the difference of two values of a member means. */
enum diff_sense {
	DIFF_LABEL,   /* nothing: a CPU number, a state */
	DIFF_AMOUNT,  /* so much more or less */
	DIFF_COUNTER, /* it counts up: so much, and so much a second */
};

/* One member that is not what it was: numbers, texts, or so many bytes of it. */
struct diff_change {
	const char *key; /* NULL: what is at `path` in texts, "" for a value without parts */
	size_t path;
	enum field_kind kind;
	enum diff_sense sense;
	bool is_cpu; /* of an event counter: what CPU `cpu` has of it */
	uint32_t cpu;
	struct scxray_num old, new;
	bool is_text;
	size_t old_text, new_text; /* offsets into diff.texts, NUL-terminated */
	uint64_t bytes_differ;	   /* not 0: of raw bytes and long strings no more than this */
};

struct diff_entry {
	enum diff_group group;
	enum diff_fate fate;
	size_t early, late; /* indexes into the reports' lists */
	size_t sched;	    /* of an event counter: the late report's scheduler that counts */
	size_t first_change, nr_changes;
};

/* What did not move: a task, a queue, a CPU; `text` is an offset into diff.texts. */
struct diff_stuck {
	enum diff_group group;
	size_t early, late;
	size_t text;
};

/* A part of a map: an entry, or its value on one CPU; a slot, a page, a bucket. */
struct diff_item {
	enum diff_fate fate;
	size_t early, late; /* indexes into the maps' lists */
	bool is_cpu;
	uint32_t cpu;
	size_t first_change, nr_changes;
	uint64_t total_changes; /* those that are not kept, too */
	bool cut;		/* not compared to its end */
};

struct diff_map {
	enum diff_fate fate;
	size_t early, late;
	size_t first_change, nr_changes; /* of the map itself: positions, numbers of entries */
	size_t first_item, nr_items;	 /* of the parts below the first ones: changed ones, ... */
	uint64_t changed, appeared, gone, unchanged;
	uint64_t not_compared; /* parts that only one report has the bytes of, or none */
	size_t reason;	       /* of the first of them, or why the map could not be compared */
	bool has_reason;
};

/* What is to be said of a map, as a whole. */
enum map_outcome {
	MAP_CHANGED,
	MAP_APPEARED,
	MAP_GONE,
	MAP_NOT_COMPARED, /* or not wholly: what was compared has not changed */
	MAP_NR_OUTCOMES,
};

enum map_outcome diff_map_outcome(const struct diff_map *m);

struct diff {
	const struct scxray_report *early, *late;
	struct scxray_num elapsed_jiffies, elapsed_ms;
	struct diff_entry *entries;
	size_t nr_entries, max_entries;
	struct diff_change *changes;
	size_t nr_changes, max_changes;
	struct diff_stuck *stuck;
	size_t nr_stuck, max_stuck;
	size_t unchanged[DIFF_NR_GROUPS];
	struct diff_map *maps; /* in the order of the late report, then those that went */
	size_t nr_maps, max_maps;
	struct diff_item *items;
	size_t nr_items, max_items;
	size_t unchanged_maps;
	struct strbuf texts;
	int error;
};

/* Compares the document's two reports; empty if it has only one.  diff_deinit() always. */
void diff_make(struct diff *d, const struct scxray_document *doc);
void diff_deinit(struct diff *d);

static inline const char *diff_text(const struct diff *d, size_t offset)
{
	return d->texts.data ? d->texts.data + offset : "";
}

/* Change per second; false where the numbers or the time between are not known. */
bool diff_rate(const struct diff *d, const struct diff_change *c, double *rate);

/* Counterparts: the same task, queue or CPU in the other report, or SIZE_MAX. */
size_t find_task(const struct scxray_report *r, const struct scxray_task *t, size_t hint);
size_t find_dsq(const struct scxray_report *r, const struct scxray_dsq *dsq);

/*
 * How many tasks at the head of `early` stand at the head of `late` too and have
 * been there all the time: a task that left and came back has another dsq_seq.
 */
size_t same_head(const struct scxray_report *early_report, const struct scxray_dsq *early,
		 const struct scxray_report *late_report, const struct scxray_dsq *late);

struct json;
struct text;
void json_diff(struct json *j, const struct diff *d);
void text_diff(struct text *t, const struct diff *d);

/* ---- for those who fill it ------------------------------------------------- */

/* Members that are compared, by their JSON keys; those that only restate another (ages) are not. */
struct compared {
	const char *key;
	size_t offset;
	enum field_kind kind;
	enum diff_sense sense;
};

#define COMPARE(type, member, key, kind, sense)                 \
	{                                                       \
		key, offsetof(struct type, member), kind, sense \
	}

void diff_members(struct diff *d, const struct compared *members, size_t nr, const void *early,
		  const void *late);
void diff_add_change(struct diff *d, const struct diff_change *change);
/* Both texts have been put behind `old` and `new` in d->texts; taken back if they are equal. */
void diff_texts(struct diff *d, const char *key, size_t old, size_t new);
/* Ends the old text; the new one begins here. */
size_t diff_next_text(struct diff *d);

static inline bool same_num(const struct scxray_num *a, const struct scxray_num *b)
{
	return a->state == b->state && (a->state != SCXRAY_PRESENT || a->value == b->value);
}

/* An array with room for one more element; NULL, with *error, where there is no memory. */
void *diff_grow(void *array, size_t nr, size_t *max, size_t size, int *error);

/* The same for an array of the diff; or leave the function. */
#define GROW(d, array)                                                                    \
	do {                                                                              \
		void *bigger_ = diff_grow((d)->array, (d)->nr_##array, &(d)->max_##array, \
					  sizeof(*(d)->array), &(d)->error);              \
		if (!bigger_)                                                             \
			return;                                                           \
		(d)->array = bigger_;                                                     \
	} while (0)

#endif
