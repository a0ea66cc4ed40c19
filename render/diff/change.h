/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * change.h - what a comparison of two reports found: changed members, and the
 * tasks, queues, CPUs, counters and maps that they belong to
 */
#ifndef RENDER_DIFF_CHANGE_H
#define RENDER_DIFF_CHANGE_H

#include <scxray/render.h>

#include "render/out/field.h"
#include "render/out/strbuf.h"

enum diff_group {
	DIFF_TASKS,
	DIFF_DSQS,
	DIFF_CPUS,
	DIFF_EVENTS, /* event counters of each scheduler */
	DIFF_NR_GROUPS,
};

/* The group's key in JSON, and its name in the text. */
extern const char *const diff_group_names[DIFF_NR_GROUPS];

enum diff_fate {
	DIFF_CHANGED,
	DIFF_APPEARED, /* `early` has no meaning */
	DIFF_GONE,     /* `late` has no meaning */
};

/* What the difference of two values of a member means. */
enum diff_sense {
	DIFF_LABEL,   /* nothing: a CPU number, a state */
	DIFF_AMOUNT,  /* so much more or less */
	DIFF_COUNTER, /* a count that only grows: the difference and its rate per second */
};

/* What it says of a task, queue or CPU that a member changed. */
enum diff_note {
	DIFF_ORDINARY,
	DIFF_BOOKKEEPING, /* nothing: the kernel counts on wherever a task runs */
	DIFF_ODD,	  /* a reader wants to know: of a healthy one it rarely changes */
};

/* A member that changed: a number, a text, or only how many of its bytes differ. */
struct diff_change {
	const char *key; /* NULL: the name is at `path` in texts, "" for a value without parts */
	size_t path;
	enum field_kind kind;
	enum diff_sense sense;
	enum diff_note note;
	bool is_cpu; /* an event counter's part that CPU `cpu` counted */
	uint32_t cpu;
	struct scxray_num old, new;
	bool is_text;
	size_t old_text, new_text; /* offsets into diff.texts, NUL-terminated */
	uint64_t bytes_differ;	   /* not 0: only this is known of raw bytes and long strings */
};

struct diff_entry {
	enum diff_group group;
	enum diff_fate fate;
	size_t early, late; /* indexes into the reports' lists */
	size_t sched;	    /* of an event counter: its scheduler's index in the late report */
	size_t first_change, nr_changes;
};

/* A task, queue or CPU that did not move; `text` is an offset into diff.texts. */
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
	uint64_t total_changes; /* with those that are not kept */
	bool cut;		/* the comparison ended before the value did */
};

struct diff_map {
	enum diff_fate fate;
	size_t early, late;
	size_t first_change, nr_changes; /* of the map itself: positions, numbers of entries */
	size_t first_item, nr_items;	 /* the parts that are kept */
	uint64_t changed, appeared, gone, unchanged;
	uint64_t not_compared; /* parts whose bytes are not in both reports */
	size_t reason;	       /* of the first of them, or why the map could not be compared */
	bool has_reason;
};

/* The result for a whole map. */
enum map_outcome {
	MAP_CHANGED,
	MAP_APPEARED,
	MAP_GONE,
	MAP_NOT_COMPARED, /* or only a part of it, and that has not changed */
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
	struct diff_map *maps; /* in the order of the late report; those that are gone come last */
	size_t nr_maps, max_maps;
	struct diff_item *items;
	size_t nr_items, max_items;
	size_t unchanged_maps;
	const char *
		maps_unavailable; /* why maps were not compared, of either report; NULL: they were */
	struct strbuf texts;
	int error; /* an errno, 0 if there was none */
};

static inline const char *diff_text(const struct diff *d, size_t offset)
{
	return d->texts.data ? d->texts.data + offset : "";
}

/* The change's key, or a path in a value; "" where the value has no parts. */
static inline const char *diff_change_name(const struct diff *d, const struct diff_change *c)
{
	return c->key ? c->key : diff_text(d, c->path);
}

/* Change per second; false where the numbers or the time between are not known. */
bool diff_rate(const struct diff *d, const struct diff_change *c, double *rate);

/* The difference where it means something; false for labels, texts and unknown numbers. */
bool diff_delta(const struct diff_change *c, int64_t *delta);

/* The scheduler of an event counter, NULL where there is only one. */
const char *diff_event_owner(const struct scxray_report *r, size_t sched);

/* ---- for the parts that compare --------------------------------------------- */

/* Writes what is compared as text: `item` is a struct of report `r`. */
typedef void diff_put(struct strbuf *sb, const struct scxray_report *r, const void *item);

/*
 * A member that is compared, by its JSON key.  Members that only restate another
 * one (ages) have no row.
 */
struct compared {
	const char *key;
	size_t offset;
	enum field_kind kind; /* FIELD_STRING, _LETTER, _CPUS, or a kind of scxray_num */
	enum diff_sense sense;
	enum diff_note note;
	diff_put *put; /* not NULL: compared as the text that this writes */
};

#define COMPARE(type, member, key, kind, sense) \
	COMPARE_NOTED(type, member, key, kind, sense, DIFF_ORDINARY)
#define COMPARE_NOTED(type, member, key, kind, sense, note)                 \
	{                                                                   \
		key, offsetof(struct type, member), kind, sense, note, NULL \
	}
#define COMPARE_TEXT(key, put)                                       \
	{                                                            \
		key, 0, FIELD_STRING, DIFF_LABEL, DIFF_ORDINARY, put \
	}

/* Adds a change for each member that differs between `early` and `late`. */
void diff_compare_members(struct diff *d, const struct compared *members, size_t nr,
			  const void *early, const void *late);
/* Adds a change if the texts of `early` and `late` differ. */
void diff_compare_texts(struct diff *d, const char *key, diff_put *put, const void *early,
			const void *late);
void diff_add_change(struct diff *d, const struct diff_change *change);

static inline bool num_is_same(const struct scxray_num *a, const struct scxray_num *b)
{
	return a->state == b->state && (a->state != SCXRAY_PRESENT || a->value == b->value);
}

/* An array with room for one more element; NULL, with *error, where there is no memory. */
void *diff_grow(void *array, size_t nr, size_t *max, size_t size, int *error);

/* The same for an array of the diff; leaves the calling function without memory. */
#define DIFF_GROW(d, array)                                                               \
	do {                                                                              \
		void *bigger_ = diff_grow((d)->array, (d)->nr_##array, &(d)->max_##array, \
					  sizeof(*(d)->array), &(d)->error);              \
		if (!bigger_)                                                             \
			return;                                                           \
		(d)->array = bigger_;                                                     \
	} while (0)

#endif
